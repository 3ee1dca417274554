"""The model that answers. It can be replaced while livegen plays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from livegen.engine.choose import Chosen
from livegen.engine.improviser import Improviser
from livegen.engine.predictor import Predictor, answer, attempt
from livegen.stage.effects import Request
from livegen.stage.events import Answer

Put = Callable[[Answer], None]


class Model(Protocol):
    """Takes requests, and puts the answers into an inbox."""

    seed: int | None

    def ask(self, request: Request) -> None:
        """Answer this request instead of earlier ones."""

    def replace(self, chosen: Chosen) -> None:
        """Use another model from now on, also for a request that is not answered yet."""


class LiveModel:
    """Computes in a separate thread. `start` starts it.

    Args:
        improviser: used only by that thread.
        put: called with each answer, in that thread.
        seed: of the random numbers.
        realtime: called in the thread first, to set its priority.
    """

    def __init__(self, improviser: Improviser, put: Put, *, seed: int | None, realtime: Callable[[], object]) -> None:
        self._put, self._realtime = put, realtime
        self._last: Request | None = None
        self._retired: list[Predictor] = []
        self._predictor = Predictor(improviser, put, seed=seed, realtime=realtime)

    @property
    def seed(self) -> int | None:
        return self._predictor.seed

    @seed.setter
    def seed(self, seed: int | None) -> None:
        self._predictor.seed = seed

    def start(self) -> None:
        self._predictor.start()

    def ask(self, request: Request) -> None:
        self._last = request
        self._predictor.ask(request)

    def replace(self, chosen: Chosen) -> None:
        before = self._predictor
        self._predictor = Predictor(Improviser(chosen.runtime), self._put, seed=before.seed, realtime=self._realtime)
        self._predictor.start()
        before.dismiss()
        self._retired = [each for each in self._retired if each.running] + [before]
        if self._last is not None:  # if it was answered already, the stage ignores the second answer
            self._predictor.ask(self._last)

    def stop(self) -> None:
        for each in (*self._retired, self._predictor):
            each.stop()


class ModelAtOnce:
    """Computes at once, while virtual time stands still."""

    def __init__(self, improviser: Improviser, put: Put, *, seed: int | None) -> None:
        self._improviser, self._put, self.seed = improviser, put, seed

    def ask(self, request: Request) -> None:
        self._put(attempt(lambda asked: answer(self._improviser, asked, seed=self.seed), request))

    def replace(self, chosen: Chosen) -> None:
        self._improviser = Improviser(chosen.runtime)
