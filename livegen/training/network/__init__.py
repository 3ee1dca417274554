"""The parts of the network, each in one module with the two forms that it needs.

For training: Keras, whole sequences, (batch, time, ...). For export: TensorFlow, one note, batch 1. Both compute the
same, but a single form would be slow in one of the two places:

- In training all notes of a sequence are known. The keys, for example, are a few matrix products over all pairs of
  notes, where a loop over notes would take longer than the LSTM.
- Live there is one note, and each operation costs microseconds. So products with the same vector are merged (`stored.
  merged`), tables replace products, and what the notes before leave behind is carried along instead of recomputed.

In each module the form for sequences comes first. tests/training/test_network.py compares the two forms of each part,
on random weights and random music.
"""
