"""The model that answers. It can be replaced while livegen plays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from livegen.engine.choose import Chosen
from livegen.engine.improviser import Improviser
from livegen.engine.learning import Forget, Learning
from livegen.engine.passages import Call, Passage
from livegen.engine.predictor import Predictor, answer, attempt
from livegen.stage.effects import Request
from livegen.stage.events import Answer

Put = Callable[[Answer], None]


class Model(Protocol):
    """Takes requests, and puts the answers into an inbox."""

    seed: int | None

    def ask(self, request: Request) -> None:
        """Answer this request instead of earlier ones."""

    def hear(self, item: Call | Forget) -> None:
        """Learn a call when there is time, or forget everything at once."""

    def replace(self, chosen: Chosen) -> None:
        """Use another model from now on, also for a request that is not answered yet."""


class LiveModel:
    """Computes in a separate thread. `start` starts it.

    Args:
        improviser: used only by that thread.
        put: called with each answer, in that thread.
        seed: of the random numbers.
        realtime: called in the thread first, to set its priority.
        passages: what each model learns at its start; it may grow.
    """

    def __init__(
        self,
        improviser: Improviser,
        put: Put,
        *,
        seed: int | None,
        realtime: Callable[[], object],
        passages: Iterable[Passage | Call] = (),
    ) -> None:
        self._put, self._realtime, self._passages = put, realtime, passages
        self._last: Request | None = None
        self._retired: list[Predictor] = []
        self._predictor = self._taught(improviser, seed)

    def _taught(self, improviser: Improviser, seed: int | None) -> Predictor:
        predictor = Predictor(improviser, self._put, seed=seed, realtime=self._realtime)
        for passage in self._passages:
            predictor.hear(passage)
        return predictor

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

    def hear(self, item: Call | Forget) -> None:
        self._predictor.hear(item)

    def replace(self, chosen: Chosen) -> None:
        before = self._predictor
        self._predictor = self._taught(chosen.improviser(), before.seed)
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

    def __init__(
        self, improviser: Improviser, put: Put, *, seed: int | None, passages: Iterable[Passage | Call] = ()
    ) -> None:
        self._put, self.seed, self._passages = put, seed, passages
        self._teach(improviser)

    def _teach(self, improviser: Improviser) -> None:
        self._improviser, self._learning = improviser, Learning(improviser.cache)
        for passage in self._passages:
            self._learning.put(passage)
        self._learning.finish()

    def ask(self, request: Request) -> None:
        self._put(attempt(lambda asked: answer(self._improviser, asked, seed=self.seed), request))

    def hear(self, item: Call | Forget) -> None:
        self._learning.put(item)
        self._learning.finish()

    def replace(self, chosen: Chosen) -> None:
        self._teach(chosen.improviser())
