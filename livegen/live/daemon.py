"""The daemon: prepare, play, leave, and reload."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from livegen.config import dials
from livegen.config.settings import Settings
from livegen.engine import card, choose, litert
from livegen.engine.improviser import Improviser
from livegen.errors import ModelError
from livegen.io import notify, realtime
from livegen.io.inbox import Inbox, LiveInbox, VirtualInbox
from livegen.io.publisher import Publisher, SettingsApplied, Started
from livegen.io.sounding import Sounding
from livegen.io.wiring import wire
from livegen.live.attendance import attended
from livegen.live.desk import Desk
from livegen.live.failures import report
from livegen.live.loop import Loop, Outputs
from livegen.live.model import LiveModel, Model, ModelAtOnce
from livegen.live.process import real_time, recording, reporting, signals
from livegen.live.starts import forget_starts, pause_before_start
from livegen.note import MonotonicTime
from livegen.stage.bindings import Binding
from livegen.stage.control import Control
from livegen.stage.events import Command, Stop, unanswered
from livegen.stage.session import Session
from livegen.stage.settings import Length, Sampling, StageSettings

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
    pause_before_start(os.environ)
    notify.status("Loading the model")
    with ExitStack() as stack:
        publisher = stack.enter_context(reporting(settings))
        stack.enter_context(signals(inbox))
        models = Models()
        desk = Desk(settings, publisher, reload, partial(models.load, publisher=publisher), stage_settings)
        publisher.subscribe(desk.statistics)
        sounding = stack.enter_context(attended(settings, inbox.put, publisher))
        stack.enter_context(recording(settings, publisher))
        again = False
        while True:
            served = ExitStack()
            try:
                play = served.enter_context(prepared(desk, inbox, publisher, models, sounding, again=again))
            except Exception as error:
                if not again:
                    raise
                if desk.fall_back(error):
                    continue
                stop = wait_and_retry(error, inbox, publisher, desk)
            else:
                desk.reopened()
                stop = serve(served, play, publisher)
            if stop is not None and not stop.reload:
                notify.stopping()
                forget_starts(os.environ)
                return 0
            again = True


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


def wait_and_retry(error: Exception, inbox: LiveInbox, publisher: Publisher, desk: Desk) -> Stop | None:
    """What was open before cannot be opened again: wait a little. Gives a Stop that comes meanwhile."""
    report(error, publisher, f" Trying again in {RETRY:g} s.")
    desk.waits_for = str(error)
    until, watchdog = MonotonicTime(inbox.now() + RETRY), notify.Watchdog(os.environ)
    while (event := inbox.get(watchdog.feed(inbox.now(), until))) is not None or inbox.now() < until:
        if isinstance(event, Stop) and event.reload:
            event = Command("reload", {}, unanswered)
        if isinstance(event, Command):
            event = desk.obey(event)
        if isinstance(event, Stop):
            return event
    return None


class Models:
    """Loads models. It keeps the last one: for ports that are opened again, and if it cannot be loaded again."""

    def __init__(self) -> None:
        self._last: tuple[tuple[str, str], Stamp, choose.Chosen] | None = None

    def load(self, settings: Settings, publisher: Publisher) -> choose.Chosen:
        """Load and warm up the model of the settings, unless it is the last one and its file is still the same.

        Raises:
            ModelError: it cannot be loaded, and it is not the last one.
        """
        wanted = settings.model, settings.device
        try:
            found = card.find(settings.model)
            stamp = stamp_of(found)
            if self._last is not None and self._last[:2] == (wanted, stamp):
                return self._last[2]
            chosen = choose.choose(found, settings.device)
        except ModelError as error:
            if self._last is None or self._last[0] != wanted:
                raise
            publisher.warn(f"{error} Keeping the model that is loaded.")
            return self._last[2]
        self._last = wanted, stamp, chosen
        return chosen


Stamp = tuple[float, int] | None


def stamp_of(model: card.Card) -> Stamp:
    """When the file of a model was written, and its size. None if it cannot be read."""
    try:
        found = (model.folder / litert.FILE).stat()
    except OSError:
        return None
    return found.st_mtime, found.st_size


@contextmanager
def prepared(
    desk: Desk, live: LiveInbox, publisher: Publisher, models: Models, sounding: Sounding, *, again: bool = False
) -> Iterator[Callable[[], Stop]]:
    """Open all ports and warm up the model. Gives the function that plays until a Stop. `again`: after a reload."""
    started, settings = time.monotonic(), desk.settings
    desk.statistics.forget_ports()
    with ExitStack() as stack:
        chosen = models.load(settings, publisher)
        improviser = Improviser(chosen.runtime)
        wiring = stack.enter_context(wire(settings, live, publisher, replace=not again))
        publisher.say(f"model: {settings.model}, {chosen.report}")
        inbox: Inbox = VirtualInbox(wiring.events, live) if settings.fast else live
        if settings.fast:
            model: Model = ModelAtOnce(improviser, inbox.put, seed=settings.seed)
        else:
            model = stack.enter_context(in_real_time(live, improviser, settings, publisher))
        stack.enter_context(desk.using(inbox, model, chosen, lambda: wiring.waiting_for))
        session = Session(stage_settings(settings))
        outputs = Outputs(wiring.outputs, publisher, sounding)
        watchdog = notify.Watchdog({} if settings.fast else os.environ)
        loop = Loop(session, inbox, outputs, model.ask, publisher, desk, wiring, watchdog)

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
def in_real_time(inbox: LiveInbox, improviser: Improviser, settings: Settings, publisher: Publisher) -> Iterator[Model]:
    """Run the model in a thread, with priority for both threads."""
    model = LiveModel(
        improviser,
        inbox.put,
        seed=settings.seed,
        realtime=partial(realtime.claim, settings.realtime, realtime.PREDICTOR),
    )
    model.start()
    try:
        with real_time(settings, publisher):
            yield model
    finally:
        model.stop()


def stage_settings(settings: Settings) -> StageSettings:
    """The settings of the stage. It counts channels from 0."""
    return StageSettings(
        silence=None if isinstance(settings.silence, str) else settings.silence,
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
        silence_min=settings.silence_min,
        silence_max=settings.silence_max,
        patience=settings.patience,
        hand_over=Control.parse(settings.hand_over),
        not_done=Control.parse(settings.not_done),
        pulse=settings.pulse,
        length=Length.parse(settings.length),
        tempo=settings.tempo if isinstance(settings.tempo, float) else None,
        tap=Control.parse(settings.tap),
        bindings=(*map(binding, settings.bind), *keeping(settings.keep)),
        state_control=None if settings.state_control == "none" else int(settings.state_control.removeprefix("cc:")),
    )


def keeping(control: str) -> Iterator[Binding]:
    """The binding of the setting `keep`, if it names a control."""
    found = Control.parse(control)
    if found is not None:
        yield binding(f"{found.kind}:{found.number} keep")


def binding(text: str) -> Binding:
    """A binding of the settings, as the stage knows it."""
    dial = dials.dial(text)
    return Binding(Control(dial.kind, dial.number), text, follows=dial.follows)
