"""The model of TensorFlow's tutorial "Generate music with an RNN": as it is there, and mended (docs/tutorial.md)."""

from livegen.cli.runner import tensorflow

with tensorflow():  # before any module here does, and greets
    import tensorflow as tf  # noqa: F401
