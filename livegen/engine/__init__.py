"""The model at work: runtimes, sampling, and the thread that predicts."""
