"""Runs the model with LiteRT on the CPU: one thread, int8 weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livegen.encoding import VARIABLES, Token
from livegen.engine.card import OTHER, RESTORE, Card, folders
from livegen.engine.runtime import PLAY, State, beginning, example, how, inputs, outputs
from livegen.errors import ModelError
from livegen.quiet import quiet

FILE = "model.tflite"
"""In the folder of a model."""

_AFTER = ("token", "memory", "following", "rest")


class LiteRt:
    """A `Runtime`. LiteRT returns copies, so that a State never changes."""

    name = "LiteRT on the CPU"

    def __init__(self, content: bytes, memory: int, source: str = FILE) -> None:
        """Load a LiteRT file.

        Args:
            content: of the file.
            memory: the size of the state that is passed from note to note.
            source: the name of the file, for errors.

        Raises:
            ModelError: it is not a LiteRT file, or has another network.
            ImportError: LiteRT is not installed.
        """
        from ai_edge_litert.interpreter import Interpreter

        with quiet():
            try:
                self._interpreter = Interpreter(model_content=content, num_threads=1)
                self._interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"{source}: not a LiteRT model ({error}). {RESTORE}") from error
        self._ins, self._outs = _places(self._interpreter, memory, source)
        self._after = [self._outs[name] for name in _AFTER]
        self._begin = beginning(memory)
        with quiet():  # the first call completes the setup
            self._run(*example(memory).values())

    @classmethod
    def of(cls, card: Card) -> LiteRt:
        """Load the LiteRT file of a model. One that livegen does not include is tried in another process first.

        Raises:
            ModelError: the file is damaged, or has another network.
            ImportError: LiteRT is not installed.
        """
        content, source = card.read_file(FILE), f"{card.folder}/{FILE}"
        if card.folder not in folders().values():
            from livegen.engine import trial

            if trial.crashes(card.folder):
                raise ModelError(f"{source}: LiteRT crashes on this file. {OTHER}")
        return cls(content, card.memory, source)

    def begin(self) -> State:
        return self._begin

    def play(self, state: State, known: NDArray[np.int32], how: NDArray[np.float32]) -> tuple[Token, State]:
        self._run(state.memory, known, how)
        token, memory, following, rest = map(self._interpreter.get_tensor, self._after)
        step, pitch, velocity, duration, pedal = token[0].tolist()
        return (step, pitch, velocity, duration, pedal), State(memory, following.item(), rest.item())

    def logits(self, state: State, token: Token) -> Mapping[str, NDArray[np.float32]]:
        self._run(state.memory, np.array((token,), np.int32), how())
        others = {name: self._interpreter.get_tensor(self._outs[name])[0] for name in VARIABLES[1:]}
        return {"step": state.steps, **others}

    def _run(self, *arrays: NDArray[Any]) -> None:
        for index, array in zip(self._ins, arrays, strict=True):
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()


def _places(interpreter: Any, memory: int, source: str) -> tuple[list[int], dict[str, int]]:  # noqa: ANN401  (LiteRT has no types)
    """The indices of the input and output tensors."""
    if PLAY not in interpreter.get_signature_list():
        raise ModelError(f"{source}: not a livegen model, it has no signature {PLAY}. {OTHER}")
    # The runner allocates all tensors again at every call, so that only its indices are used.
    runner = interpreter.get_signature_runner(PLAY)
    ins, outs = runner.get_input_details(), runner.get_output_details()
    found = tuple({name: tuple(map(int, of[name]["shape"])) for name in of} for of in (ins, outs))
    shapes = {name: shape for name, (shape, _) in inputs(memory).items()}, outputs(memory)
    if found != shapes:
        raise ModelError(f"{source}: its shapes are {found}, but its card needs {shapes}. {OTHER}")
    return [ins[name]["index"] for name in shapes[0]], {name: outs[name]["index"] for name in shapes[1]}
