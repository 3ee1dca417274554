"""Standard MIDI Files: bytes into events, events into notes. The only reader of MIDI files in livegen."""

SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
"""How the names of MIDI files end, in lower case."""
