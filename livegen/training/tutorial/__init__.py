"""The model of TensorFlow's tutorial "Generate music with an RNN", with its bugs fixed (docs/tutorial.md)."""

from livegen.cli.runner import tensorflow

with tensorflow():  # first here, to suppress its log messages
    import tensorflow as tf  # noqa: F401
