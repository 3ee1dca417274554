"""The model of TensorFlow's tutorial "Generate music with an RNN": as it is there, and mended (docs/tutorial.md)."""
