"""The daemon: prepare, play, leave, and reload."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from livegen.config.settings import Settings
from livegen.engine import card, choose
from livegen.engine.improviser import Improviser
from livegen.engine.predictor import Predictor, answer, attempt
from livegen.errors import LivegenError, ModelError
from livegen.io import notify, realtime
from livegen.io.inbox import Inbox, LiveInbox, VirtualInbox
from livegen.io.publisher import Publisher, SettingsApplied, Started
from livegen.io.wiring import wire
from livegen.live.loop import Loop, Outputs
from livegen.live.process import real_time, reporting, signals
from livegen.note import MonotonicTime
from livegen.stage.control import Control
from livegen.stage.effects import Ask
from livegen.stage.events import Stop
from livegen.stage.session import Session
from livegen.stage.settings import Sampling, StageSettings

RETRY = 5.0
"""s between two attempts, after a reload that cannot open even what was open before."""


def run(settings: Settings, *, reload: Callable[[], Settings] | None = None) -> int:
    """Jam until a signal, or until the input files have ended.

    Args:
        settings: the settings at the start.
        reload: reads the settings again on SIGHUP; None: SIGHUP keeps them.

    Returns:
        0 after a signal or the end of the input files.

    Raises:
        LivegenError: the start failed, the MIDI server ended, or all outputs failed.
    """
    inbox = LiveInbox()
    with ExitStack() as stack:
        publisher = stack.enter_context(reporting(settings))
        stack.enter_context(signals(inbox))
        models = Models()
        before: Settings | None = None  # the settings before a reload
        while True:
            served = ExitStack()
            try:
                play = served.enter_context(prepared(settings, inbox, publisher, models, again=before is not None))
            except Exception as error:
                if before is None:
                    raise
                if before is not settings:
                    settings = keep(before, error, publisher)
                    continue
                stop = wait_and_retry(error, inbox, publisher)
            else:
                stop = serve(served, play, publisher)
            if stop is None:
                continue
            if not stop.reload:
                notify.stopping()
                return 0
            notify.reloading()
            before = settings
            settings = reloaded(settings, reload, publisher)


def serve(served: ExitStack, play: Callable[[], Stop], publisher: Publisher) -> Stop:
    """Play until a Stop, then close everything. At a reload, a file that cannot be written does not stop the music."""
    stop: Stop | None = None
    try:
        with served:
            stop = play()
    except Exception as error:
        if stop is None or not stop.reload:
            raise
        report(error, publisher)
    return stop


def reloaded(settings: Settings, reload: Callable[[], Settings] | None, publisher: Publisher) -> Settings:
    """The settings, read again, or the same ones if they cannot be read."""
    try:
        return settings if reload is None else reload()
    except Exception as error:  # noqa: BLE001  (no error in a reload may stop the music)
        return keep(settings, error, publisher)


def wait_and_retry(error: Exception, inbox: LiveInbox, publisher: Publisher) -> Stop | None:
    """After a reload that cannot open even what was open before: wait a little. Gives a Stop that comes meanwhile."""
    report(error, publisher, f" Trying again in {RETRY:g} s.")
    until = MonotonicTime(inbox.now() + RETRY)
    while (event := inbox.get(until)) is not None:
        if isinstance(event, Stop):
            return event
    return None


class Models:
    """Loads models. It keeps the last one, in case a reload cannot load it again."""

    def __init__(self) -> None:
        self._last: tuple[str, str, choose.Chosen] | None = None

    def load(self, model: str, device: str, publisher: Publisher) -> choose.Chosen:
        """Load and warm up a model.

        Raises:
            ModelError: it cannot be loaded, and it is not the last one.
        """
        try:
            chosen = choose.choose(card.find(model), device)
        except ModelError as error:
            if self._last is None or self._last[:2] != (model, device):
                raise
            publisher.warn(f"{error} Keeping the model that is loaded.")
            return self._last[2]
        self._last = (model, device, chosen)
        return chosen


def keep(before: Settings, error: Exception, publisher: Publisher) -> Settings:
    """Report why the new settings cannot be used, and return the previous ones."""
    report(error, publisher, " Keeping the previous settings.")
    return before


def report(error: Exception, publisher: Publisher, consequence: str = "") -> None:
    """Report what failed in a reload. A reload never ends a running daemon."""
    what = str(error) if isinstance(error, LivegenError) else f"The reload failed ({type(error).__name__}: {error})."
    publisher.warn(f"{what}{consequence}")
    if not isinstance(error, LivegenError):
        publisher.debug("".join(traceback.format_exception(error)))


@contextmanager
def prepared(
    settings: Settings, live: LiveInbox, publisher: Publisher, models: Models, *, again: bool = False
) -> Iterator[Callable[[], Stop]]:
    """Open all ports and warm up the model. Gives the function that plays until a Stop. `again`: after a reload."""
    started = time.monotonic()
    with ExitStack() as stack:
        chosen = models.load(settings.model, settings.device, publisher)
        improviser = Improviser(chosen.runtime)
        wiring = stack.enter_context(wire(settings, live, publisher, replace=not again))
        publisher.say(f"model: {settings.model}, {chosen.report}")
        inbox: Inbox = VirtualInbox(wiring.events, live) if settings.fast else live
        if settings.fast:
            ask: Callable[[Ask], None] = partial(ask_at_once, inbox, improviser, settings.seed)
        else:
            ask = stack.enter_context(in_real_time(live, improviser, settings, publisher))
        session = Session(stage_settings(settings))
        loop = Loop(session, inbox, Outputs(wiring.outputs, publisher), ask, publisher, wiring)

        def play() -> Stop:
            loop.open(wiring.opened)
            publisher.publish(SettingsApplied(settings))
            wiring.start()
            notify.ready()
            publisher.publish(Started(time.monotonic() - started, bool(wiring.listening), wiring.waiting_for))
            try:
                return loop.run()
            finally:
                loop.leave(wiring.stop_listening)

        yield play


@contextmanager
def in_real_time(
    inbox: LiveInbox, improviser: Improviser, settings: Settings, publisher: Publisher
) -> Iterator[Callable[[Ask], None]]:
    """Run the predictor in a thread, with priority for both threads. Gives the function that takes requests."""
    predictor = Predictor(
        improviser,
        inbox.put,
        seed=settings.seed,
        realtime=partial(realtime.claim, settings.realtime, realtime.PREDICTOR),
    )
    predictor.start()
    try:
        with real_time(settings, publisher):
            yield predictor.ask
    finally:
        predictor.stop()


def ask_at_once(inbox: Inbox, improviser: Improviser, seed: int | None, request: Ask) -> None:
    """In virtual time, compute the response before the time advances."""
    inbox.put(attempt(partial(answer, improviser, seed=seed), request))


def stage_settings(settings: Settings) -> StageSettings:
    """The settings of the stage. It counts channels from 0."""
    return StageSettings(
        silence=settings.silence,
        pedal_silence=settings.pedal_silence,
        response_min=settings.response_min,
        response_max=settings.response_max,
        window=settings.window,
        window_of_both=settings.window_of == "both",
        channel=settings.channel if isinstance(settings.channel, str) else settings.channel - 1,
        panic=Control.parse(settings.panic),
        thru={"auto": None, "on": True, "off": False}[settings.thru],
        response_channel=None if isinstance(settings.response_channel, str) else settings.response_channel - 1,
        sampling=Sampling(settings.temperature, settings.top_p, settings.min_p),
    )
