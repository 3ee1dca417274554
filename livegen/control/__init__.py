"""The control socket: programs ask a running livegen, and tell it what to do (docs/control.md)."""
