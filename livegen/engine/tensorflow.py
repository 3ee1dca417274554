"""Runs the model with TensorFlow, on a GPU or if there is no LiteRT. The daemon imports TensorFlow only here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import VARIABLES, Token
from livegen.engine.card import OTHER, Card
from livegen.engine.runtime import PLAY, State, beginning, example, how
from livegen.errors import ModelError
from livegen.quiet import quiet

FOLDER = "saved_model"


def verified(card: Card) -> Path:
    """The folder of a model's SavedModel, with its files checked.

    Raises:
        ModelError: the model has no SavedModel, or it is damaged.
    """
    files = [name for name in card.files if name.startswith(f"{FOLDER}/")]
    if not files:
        raise ModelError(f"{card.folder}: has no {FOLDER} for TensorFlow. {OTHER}")
    for name in files:
        card.read_file(name)
    return card.folder / FOLDER


class TensorFlow:
    """A `Runtime`: the SavedModel, compiled by XLA if possible."""

    def __init__(self, card: Card, *, gpu: bool) -> None:
        """Load a model's SavedModel onto the GPU or the CPU.

        Raises:
            ModelError: the model has no SavedModel, or it is damaged.
            ImportError: TensorFlow is not installed.
            RuntimeError: there is no GPU. TensorFlow may raise other errors too.
        """
        folder = verified(card)
        self._begin = beginning(card.memory)
        self._device = "/GPU:0" if gpu else "/CPU:0"
        self.name = f"TensorFlow on the {'GPU' if gpu else 'CPU'}"
        with quiet():
            self._load(folder, card.memory, gpu=gpu)

    def _load(self, folder: Path, memory: int, *, gpu: bool) -> None:
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        if gpu and not gpus:
            raise RuntimeError("TensorFlow finds no GPU")
        for device in gpus:
            tf.config.experimental.set_memory_growth(device, True)
        self._tf = tf
        with tf.device(self._device):
            self._model = tf.saved_model.load(str(folder))
        self._play = self._compiled(example(memory))

    def begin(self) -> State:
        return self._begin

    def play(self, state: State, known: NDArray[np.int32], how: NDArray[np.float32]) -> tuple[Token, State]:
        out = self._play(memory=state.memory, known=known, how=how)
        step, pitch, velocity, duration, pedal = out["token"].numpy()[0].tolist()
        after = State(out["memory"].numpy(), out["following"].numpy().item(), out["rest"].numpy().item())
        return (step, pitch, velocity, duration, pedal), after

    def logits(self, state: State, token: Token) -> Mapping[str, NDArray[np.float32]]:
        out = self._play(memory=state.memory, known=np.array((token,), np.int32), how=how())
        return {"step": state.steps, **{name: out[name].numpy()[0] for name in VARIABLES[1:]}}

    def _compiled(self, example: dict[str, NDArray[Any]]) -> Callable[..., dict[str, Any]]:
        """The signature, compiled by XLA; if XLA fails, as it is."""
        tf, signature = self._tf, self._model.signatures[PLAY]
        specs = {key: tf.TensorSpec(value.shape, value.dtype) for key, value in example.items()}

        def on_device(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
            def call(**arguments: NDArray[Any]) -> dict[str, Any]:
                with tf.device(self._device):
                    return function(**{key: tf.constant(value) for key, value in arguments.items()})

            return call

        def plainly(**tensors: Any) -> dict[str, Any]:
            outputs: dict[str, Any] = signature(**tensors)
            return outputs

        compiled = on_device(tf.function(plainly, jit_compile=True).get_concrete_function(**specs))
        try:
            compiled(**example)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError, tf.errors.NotFoundError):
            return on_device(signature)
        return compiled
