"""The pure core: decides what is a note, whose turn it is and what sounds. No clock, port, thread or file."""
