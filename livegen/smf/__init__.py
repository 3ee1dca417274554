"""Standard MIDI Files: bytes into events, events into notes. The only reader of MIDI files in livegen."""
