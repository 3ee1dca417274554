"""livegen: a daemon that jams with a pianist."""

__version__ = "0.1.0"
