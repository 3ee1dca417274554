"""Runs the model: runtimes, sampling, and the thread that computes responses."""
