"""The thread that answers: the newest request wins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import perf_counter

import numpy as np

from livegen.engine.improviser import Improviser
from livegen.stage.events import Failed, Predicted, Request
from livegen.stage.response import Drawn, compose


class AbandonedError(Exception):
    """Nobody waits for this answer any more."""


def answer(
    improviser: Improviser,
    request: Request,
    *,
    seed: int | None,
    longest: float,
    abandoned: Callable[[], bool] = lambda: False,
) -> Predicted:
    """The response to a request, never over `longest` seconds. With a seed, the same every time.

    Raises:
        AbandonedError: `abandoned` came true between two notes.
    """
    start = perf_counter()
    random = np.random.default_rng(None if seed is None else [seed, request.response])

    def draws() -> Iterator[Drawn]:
        for drawn in improviser.improvise(request.context, request.gap, random):
            if abandoned():
                raise AbandonedError
            yield drawn

    notes = compose(draws(), request.length, longest)
    return Predicted(request.id, notes, perf_counter() - start)


def attempt(answering: Callable[[Request], Predicted], request: Request) -> Predicted | Failed:
    """What goes wrong is an answer too. Raises AbandonedError alone."""
    try:
        return answering(request)
    except AbandonedError:
        raise
    except Exception as error:  # noqa: BLE001  (a runtime may raise anything)
        return Failed(request.id, f"{type(error).__name__}: {error}")


class Predictor:
    """Owns the model while it runs. Never raises: what goes wrong is an answer too."""

    def __init__(
        self,
        improviser: Improviser,
        put: Callable[[Predicted | Failed], None],
        *,
        seed: int | None,
        longest: float,
        realtime: Callable[[], object],
    ) -> None:
        """Make a predictor that stands still.

        Args:
            improviser: used by the predictor's thread alone.
            put: takes the answers, in that thread.
            seed: of all draws, with the response's number; None for fresh ones.
            longest: s, what no response exceeds.
            realtime: gives the calling thread its priority.
        """
        self._put, self._realtime = put, realtime
        self._answer = partial(
            answer, improviser, seed=seed, longest=longest, abandoned=lambda: not self._requests.empty()
        )
        self._requests: SimpleQueue[Request | None] = SimpleQueue()  # None: stop
        self._thread = Thread(target=self._run, name="livegen-predictor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, request: Request) -> None:
        """Answer this instead of whatever was asked before."""
        self._requests.put(request)

    def stop(self) -> None:
        """Leave after the note at hand, at the latest. May be called again."""
        self._requests.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        with suppress(OSError):  # without priority it is only a little late under load
            self._realtime()
        while (request := self._newest()) is not None:
            with suppress(AbandonedError):
                self._put(attempt(self._answer, request))

    def _newest(self) -> Request | None:
        request = self._requests.get()
        while request is not None:
            try:
                request = self._requests.get_nowait()
            except Empty:
                break
        return request
