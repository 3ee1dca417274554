"""The daemon: the only place where the parts meet. It reads as a story: run, prepare, jam, leave."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from livegen.config.settings import Settings
from livegen.engine import card, choose
from livegen.engine.improviser import Improviser
from livegen.engine.predictor import Predictor, answer, attempt
from livegen.engine.sampling import Sampling
from livegen.errors import LivegenError, PortError
from livegen.io import notify, realtime
from livegen.io.inbox import Inbox, LiveInbox, VirtualInbox
from livegen.io.output import Output
from livegen.io.reporter import Reporter
from livegen.io.wiring import Wiring, wire
from livegen.live.process import deliver, let_arrive, punctual, reporting, signals
from livegen.note import MonotonicTime
from livegen.stage.control import Control
from livegen.stage.events import Event, Lost, Received, Request, Send, Stop
from livegen.stage.performance import Manners, Performance, Turn
from livegen.stage.voice import Voice


def run(settings: Settings, *, reload: Callable[[], Settings] | None = None) -> int:
    """Jam until told to stop.

    Args:
        settings: what to do.
        reload: gives the settings anew on SIGHUP; None where there are none to reload.

    Returns:
        0 after a signal or the end of a file.

    Raises:
        LivegenError: it could not start, or every output broke.
    """
    inbox = LiveInbox()
    with ExitStack() as stack:
        reporter = stack.enter_context(reporting(settings))
        stack.enter_context(signals(inbox))
        before: Settings | None = None  # those in force until a reload
        while True:
            with ExitStack() as served:
                try:
                    play = served.enter_context(prepared(settings, inbox, reporter, again=before is not None))
                except LivegenError as error:
                    if before is None or before is settings:
                        raise
                    settings = stay(before, error, reporter)
                    continue
                stop = play()
            if not stop.reload:
                notify.stopping()
                return 0
            notify.reloading()
            before = settings
            if reload is not None:
                try:
                    settings = reload()
                except LivegenError as error:
                    settings = stay(before, error, reporter)


def stay(before: Settings, error: LivegenError, reporter: Reporter) -> Settings:
    """What worked is not given up for settings that do not."""
    reporter.warn(f"{error} The settings stay as they were.")
    return before


@contextmanager
def prepared(
    settings: Settings, live: LiveInbox, reporter: Reporter, *, again: bool = False
) -> Iterator[Callable[[], Stop]]:
    """All that it takes, open and warm: gives what plays until told to stop. `again` after a reload."""
    started = time.monotonic()
    with ExitStack() as stack:
        chosen = choose.choose(card.find(settings.model), settings.device)
        sampling = Sampling(settings.temperature, settings.top_p, settings.min_p)
        improviser = Improviser(chosen.runtime, sampling, settings.window)
        wiring = stack.enter_context(wire(settings, live, reporter, replace=not again))
        reporter.say(f"model: {settings.model}, {chosen.report}")
        voices = [voice(settings, output) for output in wiring.outputs]
        for each, output in zip(voices, wiring.outputs, strict=True):
            if output.real and each.thru:
                reporter.say(f"{output.name} gets what you play, too; the response comes on channel {each.channel + 1}")
        performance = Performance(manners(settings), voices, inputs=wiring.inputs, echoes=wiring.echoes)
        inbox: Inbox = VirtualInbox(wiring.events, live) if settings.fast else live
        if settings.fast:
            ask: Callable[[Request], None] = partial(ask_at_once, inbox, improviser, settings)
        else:
            ask = stack.enter_context(in_real_time(live, improviser, settings, reporter))

        def play() -> Stop:
            wiring.start()
            notify.ready()
            told = "play a phrase, then pause" if wiring.listening else "listen"
            reporter.say(f"ready after {time.monotonic() - started:.2f} s: {told}. Ctrl-C ends it.")
            try:
                return jam(performance, inbox, wiring.outputs, ask, reporter)
            finally:
                leave(performance, inbox, wiring, reporter)

        yield play


@contextmanager
def in_real_time(
    inbox: LiveInbox, improviser: Improviser, settings: Settings, reporter: Reporter
) -> Iterator[Callable[[Request], None]]:
    """The predictor in its thread, and priority for both. Gives the way to ask."""
    predictor = Predictor(
        improviser,
        inbox.put,
        seed=settings.seed,
        longest=settings.response_max,
        realtime=partial(realtime.claim, settings.realtime, realtime.PREDICTOR),
    )
    predictor.start()
    try:
        with punctual(settings, reporter):
            yield predictor.ask
    finally:
        predictor.stop()


def ask_at_once(inbox: Inbox, improviser: Improviser, settings: Settings, request: Request) -> None:
    """In virtual time the answer is there before time goes on."""
    inbox.put(attempt(partial(answer, improviser, seed=settings.seed, longest=settings.response_max), request))


def jam(
    performance: Performance,
    inbox: Inbox,
    outputs: Sequence[Output],
    ask: Callable[[Request], None],
    reporter: Reporter,
) -> Stop:
    """The loop: take what happens in, send what is due, ask what is to be asked."""
    while not performance.finished:
        event = inbox.get(performance.next_due)
        if isinstance(event, Stop):
            return event
        if isinstance(event, Lost):
            raise PortError(event.why)
        now = inbox.now()
        if event is not None:
            performance.handle(event, now)
        sends = performance.due(now)
        for send in sends:
            hand_on(send, performance, now, outputs, reporter)
        request = performance.take_request()
        if request is not None:
            ask(request)
        tell(event, sends, performance, reporter)
        if performance.turn is Turn.IDLE:
            gc.collect(0)  # nothing is due, and the collector is off while anything may be
    return Stop("all has been played")


def hand_on(
    send: Send, performance: Performance, now: MonotonicTime, outputs: Sequence[Output], reporter: Reporter
) -> None:
    """Send a message, if its output works. If it breaks, go on without, as long as there is another."""
    if send.output not in performance.outputs:
        return
    if deliver(send, outputs, reporter):
        if outputs[send.output].real:
            performance.sent(send, now)
        return
    for release in performance.leave_out(send.output, now):
        with suppress(Exception):  # it may take a note_off yet, though not what broke it
            outputs[send.output].send(release)
    if not performance.outputs:
        raise PortError("Every output is broken. Connect one and start again.")


def tell(event: Event | None, sends: Sequence[Send], performance: Performance, reporter: Reporter) -> None:
    """What was done, when it has been done: nothing waits for the log."""
    for message in (event, *sends) if isinstance(event, Received) else sends:
        reporter.debug(message, 2)
    for notice in performance.take_notices():
        reporter.notice(notice)


def leave(performance: Performance, inbox: Inbox, wiring: Wiring, reporter: Reporter) -> None:
    """Release whatever was sounded, on whatever way out."""
    try:
        wiring.stop_listening()
        hear_out(performance, inbox)
    finally:
        for send in performance.close(inbox.now()):
            deliver(send, wiring.outputs, reporter)
    for notice in performance.take_notices():
        reporter.notice(notice)
    let_arrive(wiring.outputs)


def hear_out(performance: Performance, inbox: Inbox) -> None:
    """Take in what the player did before the inputs were closed. A Stop among it is put back."""
    stops: list[Stop] = []
    while (event := inbox.get(inbox.now())) is not None:
        if isinstance(event, Stop):
            stops.append(event)
        else:
            performance.handle(event, inbox.now())
    for stop in stops:
        inbox.put(stop)


def manners(settings: Settings) -> Manners:
    return Manners(
        silence=settings.silence,
        pedal_silence=settings.pedal_silence,
        response_min=settings.response_min,
        response_max=settings.response_max,
        window=settings.window,
        window_of_both=settings.window_of == "both",
        channel=None if settings.channel == "all" else int(settings.channel) - 1,
        panic=Control.parse(settings.panic),
    )


def voice(settings: Settings, output: Output) -> Voice:
    """Whether an output also gets what the player plays, and the channel of our responses there.

    Where both sound from one synth, the response has a separate channel: else the player's pedal would hold our notes.
    """
    thru = output.keeps_call or (output.shares_synth if settings.thru == "auto" else settings.thru == "on")
    if settings.response_channel != "auto":
        return Voice(thru=thru, channel=int(settings.response_channel) - 1)
    return Voice(thru=thru, channel=int(thru), evades=thru)
