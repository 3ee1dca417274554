"""The model on a CPU, by LiteRT: one thread, int8 weights.

A file for each signature: the interpreter of a file with several allocates their tensors anew at every call, which for
the five calls of a note costs 0.06 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livegen.engine.card import OTHER, RESTORE, Card, Sizes
from livegen.engine.runtime import State, beginning
from livegen.errors import ModelError
from livegen.features import SIZES, VARIABLES, Token
from livegen.quiet import quiet

_Shape = tuple[int, ...]
_Shapes = tuple[dict[str, _Shape], dict[str, _Shape]]  # of what goes in, and of what comes out

SIGNATURES = ("advance", *VARIABLES[1:])


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
        graphs = {
            name: _Graph(contents[name], name, shapes, folder + file(name)) for name, shapes in _shapes(sizes).items()
        }
        self._advance = graphs.pop("advance")
        self._heads = graphs
        self._begin = beginning(sizes)
        with quiet():  # some of the set-up happens at the first call
            self.advance(self._begin, (0, 0, 0, 0, 0))

    @classmethod
    def of(cls, card: Card) -> LiteRt:
        return cls(contents(card), card.architecture, f"{card.folder}/")

    def begin(self) -> State:
        return self._begin

    def advance(self, state: State, token: Token) -> State:
        memory, hidden, step = self._advance(np.array((token,), np.int32), state.memory)
        return State(memory, hidden, step[0])

    def logits(self, variable: str, state: State, drawn: Token) -> NDArray[np.float32]:
        if variable == "step":
            return state.step
        (logits,) = self._heads[variable](np.array((drawn,), np.int32), state.hidden)
        only: NDArray[np.float32] = logits[0]
        return only


class _Graph:
    """One LiteRT file, loaded: arrays in and out, in the order of `_shapes`."""

    def __init__(self, content: bytes, signature: str, shapes: _Shapes, source: str) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with quiet():
            try:
                self._interpreter = Interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"{source}: not a LiteRT model ({error}). {RESTORE}") from error
        if signature not in self._interpreter.get_signature_list():
            raise ModelError(f"{source}: not a pianist, it has no signature {signature}. {OTHER}")
        runner = self._interpreter.get_signature_runner(signature)
        inputs, outputs = runner.get_input_details(), runner.get_output_details()
        found = tuple({name: tuple(map(int, of[name]["shape"])) for name in of} for of in (inputs, outputs))
        if found != shapes:
            raise ModelError(f"{source}: its shapes are {found}, its card says {shapes}. {OTHER}")
        self._inputs = [inputs[name]["index"] for name in shapes[0]]
        self._outputs = [outputs[name]["index"] for name in shapes[1]]

    def __call__(self, *arrays: NDArray[Any]) -> list[NDArray[np.float32]]:
        interpreter = self._interpreter
        for index, array in zip(self._inputs, arrays, strict=True):
            interpreter.set_tensor(index, array)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in self._outputs]


def _shapes(sizes: Sizes) -> dict[str, _Shapes]:
    """Of what goes in and what comes out, by signature."""
    note: _Shape = (1, len(VARIABLES))
    state, hidden = (1, sizes.state), (1, sizes.told)
    after: dict[str, _Shape] = {"state": state, "hidden": hidden, "step": (1, SIZES["step"])}
    shapes: dict[str, _Shapes] = {"advance": ({"token": note, "state": state}, after)}
    for name in VARIABLES[1:]:
        shapes[name] = {"drawn": note, "hidden": hidden}, {"logits": (1, SIZES[name])}
    return shapes
