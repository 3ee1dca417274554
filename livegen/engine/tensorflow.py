"""The model by TensorFlow: for a GPU, and for a CPU that has no LiteRT. Nothing else imports TensorFlow live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livegen.engine.card import OTHER, Card
from livegen.engine.runtime import State, beginning
from livegen.errors import ModelError
from livegen.features import VARIABLES, Token
from livegen.quiet import quiet

FOLDER = "saved_model"


def verified(card: Card) -> Path:
    """The folder of a model's SavedModel.

    Raises:
        ModelError: the model has none, or it is damaged.
    """
    files = [name for name in card.files if name.startswith(f"{FOLDER}/")]
    if not files:
        raise ModelError(f"{card.folder}: lists no {FOLDER} for TensorFlow. {OTHER}")
    for name in files:
        card.read_file(name)
    return card.folder / FOLDER


class TensorFlow:
    """A `Runtime`: the SavedModel, compiled by XLA where that works."""

    def __init__(self, card: Card, *, gpu: bool) -> None:
        """Load a model's SavedModel onto the GPU or the CPU.

        Raises:
            ModelError: the model has none, or it is damaged.
            ImportError: TensorFlow is not installed.
            RuntimeError: there is no GPU; also whatever TensorFlow raises where it cannot go on.
        """
        folder = verified(card)
        self._begin = beginning(card.architecture)
        self._device = "/GPU:0" if gpu else "/CPU:0"
        self.name = f"TensorFlow on the {'GPU' if gpu else 'CPU'}"
        with quiet():
            self._load(folder, gpu=gpu)

    def _load(self, folder: Path, *, gpu: bool) -> None:
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        if gpu and not gpus:
            raise RuntimeError("TensorFlow finds no GPU")
        for device in gpus:
            tf.config.experimental.set_memory_growth(device, True)
        self._tf = tf
        with tf.device(self._device):
            self._model = tf.saved_model.load(str(folder))
        token = np.zeros((1, len(VARIABLES)), np.int32)
        self._advance = self._compiled("advance", token=token, state=self._begin.memory)
        self._heads = {name: self._compiled(name, hidden=self._begin.hidden, drawn=token) for name in VARIABLES[1:]}

    def begin(self) -> State:
        return self._begin

    def advance(self, state: State, token: Token) -> State:
        out = self._advance(token=np.array((token,), np.int32), state=state.memory)
        return State(out["state"].numpy(), out["hidden"].numpy(), out["step"].numpy()[0])

    def logits(self, variable: str, state: State, drawn: Token) -> NDArray[np.float32]:
        if variable == "step":
            return state.step
        out = self._heads[variable](hidden=state.hidden, drawn=np.array((drawn,), np.int32))
        logits: NDArray[np.float32] = out["logits"].numpy()[0]
        return logits

    def _compiled(self, name: str, **example: NDArray[Any]) -> Callable[..., dict[str, Any]]:
        """A signature, ready to run: compiled by XLA, or as it is where XLA cannot."""
        tf, signature = self._tf, self._model.signatures[name]
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
