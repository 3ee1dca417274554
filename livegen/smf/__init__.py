"""Reads Standard MIDI Files: events from bytes, and notes from events. All of livegen reads MIDI files with it."""

SUFFIXES = (".mid", ".midi", ".kar", ".rmi")
"""The endings of the names of MIDI files, in lower case."""
