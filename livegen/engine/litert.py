"""The model on a CPU, by LiteRT: one thread, int8 weights.

A file for each signature: the interpreter of a file with several allocates their tensors anew at every call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livegen.engine.card import OTHER, RESTORE, Card, Sizes
from livegen.engine.runtime import DRAWN, UNTOUCHED, Signature, State, beginning, signatures
from livegen.errors import ModelError
from livegen.features import Token
from livegen.quiet import quiet

SIGNATURES = ("advance", "draw")


def file(signature: str) -> str:
    """The file of a signature, below the model's folder."""
    return f"litert/{signature}.tflite"


def contents(card: Card) -> dict[str, bytes]:
    """A model's LiteRT files, by signature.

    Raises:
        ModelError: one is missing or damaged.
    """
    return {signature: card.read_file(file(signature)) for signature in SIGNATURES}


class LiteRt:
    """A `Runtime`. LiteRT hands out copies, so a State is never changed under its owner."""

    name = "LiteRT on the CPU"

    def __init__(self, contents: Mapping[str, bytes], sizes: Sizes, folder: str = "") -> None:
        """Load LiteRT files.

        Args:
            contents: by signature.
            sizes: of the network that it must be.
            folder: of the model, to be named in an error.

        Raises:
            ModelError: one is no LiteRT file, or not of this network.
            ImportError: LiteRT is not installed.
        """
        self._advance, self._draw = (
            _Graph(contents[name], name, signature, folder + file(name))
            for name, signature in signatures(sizes).items()
        )
        self._begin = beginning(sizes)
        with quiet():  # some of the set-up happens at the first call
            self.logits(self.advance(self._begin, (0, 0, 0, 0, 0)), (0, 0, 0, 0, 0))

    @classmethod
    def of(cls, card: Card) -> LiteRt:
        return cls(contents(card), card.architecture, f"{card.folder}/")

    def begin(self) -> State:
        return self._begin

    def advance(self, state: State, token: Token) -> State:
        self._advance.run(np.array((token,), np.int32), state.memory)
        return State(self._advance["state"], self._advance["hidden"], self._advance["step"][0])

    def draw(self, state: State, known: NDArray[np.int32], *how: NDArray[np.float32]) -> Token:
        self._draw.run(state.hidden, known, *how)
        step, pitch, velocity, duration, pedal = self._draw["token"][0].tolist()
        return step, pitch, velocity, duration, pedal

    def logits(self, state: State, token: Token) -> Mapping[str, NDArray[np.float32]]:
        self._draw.run(state.hidden, np.array((token,), np.int32), *UNTOUCHED)
        return {"step": state.step, **{name: self._draw[name][0] for name in DRAWN}}


class _Graph:
    """One LiteRT file, loaded."""

    def __init__(self, content: bytes, name: str, signature: Signature, source: str) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with quiet():
            try:
                self._interpreter = Interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"{source}: not a LiteRT model ({error}). {RESTORE}") from error
        if name not in self._interpreter.get_signature_list():
            raise ModelError(f"{source}: not a pianist, it has no signature {name}. {OTHER}")
        runner = self._interpreter.get_signature_runner(name)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        found = tuple({key: tuple(map(int, of[key]["shape"])) for key in of} for of in (inputs, outputs))
        shapes = {key: shape for key, (shape, _) in signature.inputs.items()}, signature.outputs
        if found != shapes:
            raise ModelError(f"{source}: its shapes are {found}, its card says {shapes}. {OTHER}")
        self._inputs = [inputs[key]["index"] for key in signature.inputs]
        self._outputs = {key: outputs[key]["index"] for key in signature.outputs}

    def run(self, *arrays: NDArray[Any]) -> None:
        """Take arrays in the order of the signature's inputs, and compute."""
        for index, array in zip(self._inputs, arrays, strict=True):
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()

    def __getitem__(self, name: str) -> NDArray[Any]:
        """A copy of an output."""
        output: NDArray[Any] = self._interpreter.get_tensor(self._outputs[name])
        return output
