"""From a trained pianist to what the daemon loads: a LiteRT file, and a SavedModel for TensorFlow on a GPU.

Both have one signature, a note, with batch 1:
    play(memory (1, memory), known (1, 5) int32, how (1, 14))
        -> token (1, 5) int32, memory, following (1,) int32, rest (1,), and of each variable but the step its logits
`memory` is carried along from note to note (`note_by_note.Memory`). `known` are the categories of the note, -1 for
those to be sampled. `how` says how to sample (`livegen.engine.runtime`). `token` is the whole note. `following` is the
step of the note after it, sampled as well, and `rest` the probability that it is a long gap.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import tensorflow as tf

from livegen.engine.card import Card
from livegen.engine.plain import build
from livegen.engine.runtime import PLAY, inputs
from livegen.engine.tensorflow import verified
from livegen.training.model import Architecture, Pianist, untrained
from livegen.training.network.stored import Stored
from livegen.training.note_by_note import NoteByNote


def save(pianist: Pianist, folder: Path) -> None:
    """Write a SavedModel whose weights are stored as float16; it computes in float32."""
    _save(pianist, folder, "float16", fold=False)


def litert(pianist: Pianist, *, quantise: bool) -> bytes:
    """The LiteRT file of a pianist; with `quantise`, of int8 weights (dynamic range).

    Its first layer reads notes by tables, which takes a tenth of the time off a step.
    """
    with TemporaryDirectory() as folder:
        _save(pianist, Path(folder), "float32", fold=True)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[PLAY])
        if quantise:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        return bytes(converter.convert())


def restore(card: Card) -> Pianist:
    """The pianist of a model's SavedModel, to continue training.

    Raises:
        ModelError: the model has none, or it is damaged.
    """
    pianist = untrained(build(Architecture, card.architecture))
    stored = tf.saved_model.load(str(verified(card))).weights
    for weight in pianist.weights:
        weight.assign(tf.cast(stored[weight.path], tf.float32))
    return pianist


def _save(pianist: Pianist, folder: Path, dtype: str, *, fold: bool) -> None:
    stored = Stored(pianist, dtype)
    specs = [tf.TensorSpec(*spec, name=name) for name, spec in inputs(pianist.architecture.memory).items()]
    play = tf.function(NoteByNote(pianist, stored, fold=fold).play, input_signature=specs)
    tf.saved_model.save(stored.module, str(folder), signatures={PLAY: play})
