"""The model on a CPU, by LiteRT: one thread, int8 weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from livegen.engine.card import OTHER, RESTORE, Card, Sizes
from livegen.engine.runtime import State, Token, beginning
from livegen.errors import ModelError
from livegen.features import SIZES, VARIABLES
from livegen.quiet import quiet

FILE = "model.tflite"

Call = Callable[..., dict[str, NDArray[np.float32]]]


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
        self._begin = beginning(sizes)
        token = np.zeros((1, len(VARIABLES)), np.int32)
        with quiet():
            self._advance = ready(_runner(content, "advance", sizes, source), token=token, state=self._begin.lstm)
            self._heads = {
                name: ready(_runner(content, name, sizes, source), hidden=self._begin.hidden, drawn=token)
                for name in VARIABLES[1:]
            }

    @classmethod
    def of(cls, card: Card) -> LiteRt:
        return cls(card.read_file(FILE), card.architecture, str(card.folder / FILE))

    def begin(self) -> State:
        return self._begin

    def advance(self, state: State, token: Token) -> State:
        out = self._advance(token=np.array((token,), np.int32), state=state.lstm)
        return State(out["state"], out["hidden"], out["step"][0])

    def logits(self, variable: str, state: State, drawn: Token) -> NDArray[np.float32]:
        if variable == "step":
            return state.step
        out = self._heads[variable](hidden=state.hidden, drawn=np.array((drawn,), np.int32))
        logits: NDArray[np.float32] = out["logits"][0]
        return logits


def _runner(content: bytes, signature: str, sizes: Sizes, source: str) -> Any:  # noqa: ANN401  (LiteRT has no types)
    """A signature in an interpreter of its own: the signatures of one would move each other's tensors."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_content=content, num_threads=1)
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{source}: not a LiteRT model ({error}). {RESTORE}") from error
    if signature not in interpreter.get_signature_list():
        raise ModelError(f"{source}: not a pianist, it has no signature {signature}. {OTHER}")
    runner = interpreter.get_signature_runner(signature)
    details = {**runner.get_input_details(), **runner.get_output_details()}
    found = {name: tuple(map(int, detail["shape"])) for name, detail in details.items()}
    if found != (shapes := _signatures(sizes)[signature]):
        raise ModelError(f"{source}: the shapes of {signature} are {found}, its card says {shapes}. {OTHER}")
    return runner


def ready(runner: Any, **example: NDArray[Any]) -> Call:  # noqa: ANN401  (LiteRT has no types)
    """The only signature of its interpreter that is used, to be called with arrays of the same shapes.

    A runner resizes and allocates all its tensors anew at every call, which takes as long as a head itself. What it
    does besides is done here, through its own parts; where another version of LiteRT has none such, it is called as is.
    """
    runner(**example)
    try:
        wrapper, graph = runner._interpreter_wrapper, runner._subgraph_index  # noqa: SLF001  (see above)
        inputs, outputs = dict(runner._inputs), list(runner._outputs)  # noqa: SLF001
        set_tensor, invoke, get_tensor = wrapper.SetTensor, wrapper.Invoke, wrapper.GetTensor
    except AttributeError:
        return cast("Call", runner)

    def call(owner: Any = runner, /, **arguments: NDArray[Any]) -> dict[str, NDArray[np.float32]]:  # noqa: ANN401, ARG001
        # The owner is held because it holds the model's bytes, which the wrapper only points into.
        for name, value in arguments.items():
            set_tensor(inputs[name], value, graph)
        invoke(graph)
        return {name: get_tensor(index, graph) for name, index in outputs}

    return call


def _signatures(sizes: Sizes) -> dict[str, dict[str, tuple[int, ...]]]:
    """Shapes of what goes in and comes out, by signature."""
    hidden, state, note = (1, sizes.hidden * len(VARIABLES)), (2 * sizes.layers, 1, sizes.units), (1, len(VARIABLES))
    return {
        "advance": {"token": note, "state": state, "hidden": hidden, "step": (1, SIZES["step"])},
        **{name: {"hidden": hidden, "drawn": note, "logits": (1, SIZES[name])} for name in VARIABLES[1:]},
    }
