"""The model on a CPU, by LiteRT: one thread, int8 weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from livegen.engine.card import OTHER, RESTORE, Card, Sizes
from livegen.engine.runtime import State, beginning
from livegen.errors import ModelError
from livegen.features import SIZES, VARIABLES, Token
from livegen.quiet import quiet

FILE = "model.tflite"


class LiteRt:
    """A `Runtime`. LiteRT hands out copies, so a State is never changed under its owner."""

    name = "LiteRT on the CPU"

    def __init__(self, content: bytes, sizes: Sizes, source: str = FILE) -> None:
        """Load a LiteRT file.

        Args:
            content: of the file.
            sizes: of the network that it must be.
            source: what to call it in an error.

        Raises:
            ModelError: it is no LiteRT file, or not of this network.
            ImportError: LiteRT is not installed.
        """
        from ai_edge_litert.interpreter import Interpreter

        with quiet():
            try:
                interpreter = Interpreter(model_content=content, num_threads=1)
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"{source}: not a LiteRT model ({error}). {RESTORE}") from error
        present = interpreter.get_signature_list()
        for signature, shapes in _signatures(sizes).items():
            if signature not in present:
                raise ModelError(f"{source}: not a pianist, it has no signature {signature}. {OTHER}")
            runner = interpreter.get_signature_runner(signature)
            details = {**runner.get_input_details(), **runner.get_output_details()}
            found = {name: tuple(map(int, detail["shape"])) for name, detail in details.items()}
            if found != shapes:
                raise ModelError(f"{source}: the shapes of {signature} are {found}, its card says {shapes}. {OTHER}")
        self._advance = interpreter.get_signature_runner("advance")
        self._heads = {name: interpreter.get_signature_runner(name) for name in VARIABLES[1:]}
        self._begin = beginning(sizes)
        with quiet():  # some of the set-up happens at the first call
            self.advance(self._begin, (0, 0, 0, 0, 0))

    @classmethod
    def of(cls, card: Card) -> LiteRt:
        return cls(card.read_file(FILE), card.architecture, str(card.folder / FILE))

    def begin(self) -> State:
        return self._begin

    def advance(self, state: State, token: Token) -> State:
        out = self._advance(token=np.array((token,), np.int32), state=state.memory)
        return State(out["state"], out["hidden"], out["step"][0])

    def logits(self, variable: str, state: State, drawn: Token) -> NDArray[np.float32]:
        if variable == "step":
            return state.step
        out = self._heads[variable](hidden=state.hidden, drawn=np.array((drawn,), np.int32))
        logits: NDArray[np.float32] = out["logits"][0]
        return logits


def _signatures(sizes: Sizes) -> dict[str, dict[str, tuple[int, ...]]]:
    """Shapes of what goes in and comes out, by signature."""
    hidden, state, note = (1, sizes.told), (1, sizes.state), (1, len(VARIABLES))
    return {
        "advance": {"token": note, "state": state, "hidden": hidden, "step": (1, SIZES["step"])},
        **{name: {"hidden": hidden, "drawn": note, "logits": (1, SIZES[name])} for name in VARIABLES[1:]},
    }
