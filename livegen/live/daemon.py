"""The daemon: prepare, play, and leave."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial

from livegen.config import dials
from livegen.config.settings import Settings
from livegen.engine import card, choose
from livegen.engine.improviser import Improviser
from livegen.engine.passages import Call, Passage
from livegen.io import notify, realtime
from livegen.io.inbox import Inbox, LiveInbox, VirtualInbox
from livegen.io.publisher import Publisher, SettingsApplied, Started
from livegen.io.sounding import Sounding
from livegen.io.wiring import Rewiring, wire
from livegen.live.attendance import attended
from livegen.live.desk import Desk
from livegen.live.loop import Loop, Outputs
from livegen.live.model import LiveModel, Model, ModelAtOnce
from livegen.live.process import real_time, recording, remembering, reporting, signals
from livegen.live.starts import forget_starts, pause_before_start
from livegen.stage.bindings import Binding
from livegen.stage.control import Control
from livegen.stage.events import Stop
from livegen.stage.session import Session
from livegen.stage.settings import Length, Sampling, StageSettings, TwoKeys


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
        memory = stack.enter_context(remembering(settings, publisher))
        desk = Desk(settings, publisher, reload, load, stage_settings, memory)
        publisher.subscribe(desk.statistics)
        sounding = stack.enter_context(attended(settings, inbox.put, publisher))
        stack.enter_context(recording(settings, publisher))
        with prepared(desk, inbox, publisher, sounding) as play:
            play()
        notify.stopping()
        forget_starts(os.environ)
    return 0


def load(settings: Settings) -> choose.Chosen:
    """Load and warm up the model of the settings. Raises ModelError."""
    return choose.choose(card.find(settings.model), settings.device)


@contextmanager
def prepared(desk: Desk, live: LiveInbox, publisher: Publisher, sounding: Sounding) -> Iterator[Callable[[], Stop]]:
    """Open all ports, and load the model meanwhile. Gives the function that plays until a Stop."""
    started, settings = time.monotonic(), desk.settings
    with ExitStack() as stack:
        found = card.find(settings.model)
        with ThreadPoolExecutor(1, "livegen-load") as threads:  # opening the synth and the ports is mostly waiting
            loading = threads.submit(choose.choose, found, settings.device)
            wiring = stack.enter_context(wire(settings, live, publisher))
        chosen = loading.result()
        improviser = chosen.improviser()
        publisher.say(f"model: {settings.model}, {chosen.report}")
        inbox: Inbox = VirtualInbox(wiring.events, live) if settings.fast else live
        if settings.fast:
            model: Model = ModelAtOnce(improviser, inbox.put, seed=settings.seed, passages=desk.memory.passages)
        else:
            model = stack.enter_context(in_real_time(live, improviser, settings, publisher, desk.memory.passages))
        stack.enter_context(desk.memory.taught(model))
        stack.enter_context(desk.using(inbox, model, chosen, Rewiring(wiring, settings, live, publisher)))
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
def in_real_time(
    inbox: LiveInbox,
    improviser: Improviser,
    settings: Settings,
    publisher: Publisher,
    passages: Iterable[Passage | Call] = (),
) -> Iterator[Model]:
    """Run the model in a thread, with priority for both threads."""
    model = LiveModel(
        improviser,
        inbox.put,
        seed=settings.seed,
        realtime=partial(realtime.claim, settings.realtime, realtime.PREDICTOR),
        passages=passages,
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
        sampling=Sampling(
            settings.temperature, settings.top_p, settings.min_p, like=settings.like, memory=settings.memory
        ),
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
        gesture=gesture(settings.keep),
        state_control=None if settings.state_control == "none" else int(settings.state_control.removeprefix("cc:")),
    )


def keeping(control: str) -> Iterator[Binding]:
    """The binding of the setting `keep`, if it names a control."""
    found = Control.parse(control) if "+" not in control else None
    if found is not None:
        yield binding(f"{found.kind}:{found.number} keep")


def gesture(control: str) -> TwoKeys | None:
    """The keys of the setting `keep`, if it names two: key:21+108."""
    keys = control.removeprefix("key:").split("+")
    return TwoKeys(frozenset(map(int, keys)), f"key:{keys[0]} keep") if len(keys) == 2 else None


def binding(text: str) -> Binding:
    """A binding of the settings, as the stage knows it."""
    dial = dials.dial(text)
    return Binding(Control(dial.kind, dial.number), text, follows=dial.follows)
