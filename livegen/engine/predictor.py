"""The thread that computes responses. The newest request wins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter

import numpy as np

from livegen.engine.improviser import Improviser
from livegen.engine.learning import Forget, Learning
from livegen.engine.passages import Call, Passage
from livegen.stage.effects import Ask, MakePlan, Request
from livegen.stage.ending import Ending, Key
from livegen.stage.events import Answer, Failed, Predicted
from livegen.stage.plan import NOTHING
from livegen.stage.response import Sampled, compose


class AbandonedError(Exception):
    """A newer request has replaced this one."""


def answer(
    improviser: Improviser, request: Request, *, seed: int | None, abandoned: Callable[[], bool] = lambda: False
) -> Answer:
    """Compute the plan or the response that is asked for.

    Raises:
        AbandonedError: `abandoned` became true between two notes.
    """
    if isinstance(request, MakePlan):
        asks = request.planner.asks
        return request.answer(improviser.expects(request.context, request.window) if asks else NOTHING)
    return respond(improviser, request, seed=seed, abandoned=abandoned)


def respond(
    improviser: Improviser, request: Ask, *, seed: int | None, abandoned: Callable[[], bool] = lambda: False
) -> Predicted:
    """Compute the response to a request. With a seed, it is the same every time.

    Raises:
        AbandonedError: `abandoned` became true between two notes.
    """
    start = perf_counter()
    random = np.random.default_rng(None if seed is None else [seed, request.response])
    played = improviser.improvise(request.context, request.gap, random, request.sampling, request.window, request.grid)

    def samples() -> Iterator[Sampled]:
        for sampled in played:
            if abandoned():
                raise AbandonedError
            yield sampled

    grid = request.grid.since(request.gap) if request.grid is not None else None
    notes = compose(samples(), request.length, request.longest, Ending(Key.of(request.context), grid))
    return Predicted(request.id, notes, perf_counter() - start)


def attempt(answering: Callable[[Request], Answer], request: Request) -> Answer:
    """Answer a request. Errors become `Failed`, except AbandonedError."""
    try:
        return answering(request)
    except AbandonedError:
        raise
    except Exception as error:  # noqa: BLE001  (a runtime may raise anything)
        return Failed(request.id, f"{type(error).__name__}: {error}")


PACE = 0.002
"""s between two notes that are remembered: while nothing is asked for, the processor is for whoever plays."""


class Predictor:
    """Owns the model while it runs. Its thread never raises: errors become `Failed`.

    While nothing is asked for, it remembers what was played, a note at a time.
    """

    def __init__(
        self,
        improviser: Improviser,
        put: Callable[[Answer], None],
        *,
        seed: int | None,
        realtime: Callable[[], object],
    ) -> None:
        """Create a predictor. `start` starts it.

        Args:
            improviser: used only by the predictor's thread.
            put: called with each answer, in that thread.
            seed: of the random numbers, together with the number of the response; None: random.
            realtime: called in the thread first, to set its priority.
        """
        self._improviser, self._put, self._realtime = improviser, put, realtime
        self.seed = seed
        self._requests: SimpleQueue[Request | None] = SimpleQueue()  # None: stop
        self._learning = Learning(improviser.cache)
        self._wake: SimpleQueue[None] = SimpleQueue()  # there is something to do
        self._thread = Thread(target=self._run, name="livegen-predictor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, request: Request) -> None:
        """Answer this request instead of earlier ones."""
        self._requests.put(request)
        self._wake.put(None)

    def hear(self, item: Passage | Call | Forget) -> None:
        """Remember a passage while nothing is asked for, or forget all of them before the next answer."""
        self._learning.put(item)
        self._wake.put(None)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def dismiss(self) -> None:
        """Stop after the current note, without waiting for it."""
        self._requests.put(None)
        self._wake.put(None)

    def stop(self) -> None:
        """Stop after the current note. A second call does nothing."""
        self.dismiss()
        if self.running:
            self._thread.join()

    def _run(self) -> None:
        with suppress(OSError):  # without priority it still works, with delays under load
            self._realtime()
        while (request := self._newest()) is not None:
            self._learning.settle()
            with suppress(AbandonedError):
                self._put(attempt(self._answer, request))

    def _answer(self, request: Request) -> Answer:
        return answer(self._improviser, request, seed=self.seed, abandoned=lambda: not self._requests.empty())

    def _newest(self) -> Request | None:
        while self._requests.empty():
            try:
                more = self._learning.step()
            except Exception:  # noqa: BLE001  (a runtime may raise anything; the next answer reports it)
                more = True
            with suppress(Empty):
                self._wake.get(timeout=PACE if more else None)
        request = self._requests.get()
        while request is not None:
            try:
                request = self._requests.get_nowait()
            except Empty:
                break
        return request
