"""The pure core: what is heard, whose turn it is, what sounds. No clock, no port, no thread, no file."""
