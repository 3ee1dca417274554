"""The loop and the ways out of it, with outputs that break and models that fail. No port, no model, no waiting."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from functools import partial

import pytest
from mido import Message

from livegen.config.settings import Settings
from livegen.errors import PortError
from livegen.io.inbox import Inbox, LiveInbox, VirtualInbox
from livegen.io.reporter import Reporter
from livegen.io.wiring import Wiring
from livegen.live import daemon, process
from livegen.note import MonotonicTime
from livegen.stage.control import Control
from livegen.stage.events import Ended, Event, Failed, Panic, Predicted, Received, Request, ResponseNote, Send, Stop
from livegen.stage.performance import Performance
from livegen.stage.voice import Voice

RESPONSE = tuple(ResponseNote(60 + i, i * 0.25, 0.5, 80) for i in range(4))


class Recorded:
    """An output that keeps what it gets, until it breaks."""

    name = "recorded"
    shares_synth = False
    real = True
    keeps_call = False

    def __init__(self, breaks_at: int | None = None, error: type[Exception] = PortError) -> None:
        self.messages: list[Message] = []
        self.breaks_at = breaks_at
        self.error = error

    def send(self, send: Send) -> None:
        if self.breaks_at is not None and len(self.messages) >= self.breaks_at:
            raise self.error("The cable is out.")
        self.messages.append(send.message)

    def close(self) -> None:
        pass

    def struck(self) -> list[int]:
        """The notes of responses."""
        return [m.note for m in self.messages if m.type == "note_on" and m.channel == 1]

    def hanging(self) -> set[int]:
        notes: set[int] = set()
        for message in self.messages:
            if message.type == "note_on":
                notes.add(message.note)
            elif message.type == "note_off":
                notes.discard(message.note)
        return notes


def phrase() -> list[Received | Ended]:
    def moment(seconds: float) -> MonotonicTime:
        return MonotonicTime(seconds)

    return [
        Received(Message("note_on", note=50, velocity=64), moment(0)),
        Received(Message("note_off", note=50), moment(1)),
        Ended(moment(1)),
    ]


class Scene:
    def __init__(self, *outputs: Recorded) -> None:
        self.wiring = Wiring(outputs=list(outputs))
        self.performance = Performance(daemon.manners(Settings()), [Voice(thru=True, channel=1) for _ in outputs])
        self.inbox: Inbox = VirtualInbox(phrase())
        self.log = io.StringIO()

    def play(self, ask: Callable[[Request], None]) -> Stop:
        with Reporter(self.log, terminal=False) as reporter:
            try:
                return daemon.jam(self.performance, self.inbox, self.wiring.outputs, ask, reporter)
            finally:
                daemon.leave(self.performance, self.inbox, self.wiring, reporter)

    def answer(self, request: Request) -> None:
        self.inbox.put(Predicted(request.id, RESPONSE, 0.01))


def test_it_ends_when_all_has_been_played():
    output = Recorded()
    scene = Scene(output)
    assert not scene.play(scene.answer).reload
    assert output.struck() == [60, 61, 62, 63]
    assert output.hanging() == set()


@pytest.mark.parametrize("error", [PortError, ValueError])
def test_a_broken_output_is_left_out_and_the_others_play_on(error):
    broken, whole = Recorded(3, error), Recorded()
    scene = Scene(broken, whole)
    scene.play(scene.answer)
    assert len(broken.messages) == 3
    assert whole.struck() == [60, 61, 62, 63]
    assert whole.hanging() == set()
    assert "recorded is left out: The cable is out." in scene.log.getvalue()


def test_an_output_that_refuses_one_message_is_released():
    class Choosy(Recorded):
        def send(self, send: Send) -> None:
            if send.message.type == "note_on" and send.message.note == 61:
                raise PortError("Not this one.")
            super().send(send)

    choosy, whole = Choosy(), Recorded()
    scene = Scene(choosy, whole)
    scene.play(scene.answer)
    assert choosy.struck() == [60]
    assert choosy.hanging() == set()
    assert whole.struck() == [60, 61, 62, 63]
    assert scene.log.getvalue().count("is left out") == 1


def test_what_only_went_to_a_file_does_not_come_back():
    """With a tape beside it, a key that is struck again as it was is no echo of the tape."""
    tape = Recorded()
    tape.real = False
    scene = Scene(tape)
    scene.performance = Performance(daemon.manners(Settings()), [Voice(thru=True, channel=0)], echoes=True)
    again = [(0.0, "note_on"), (0.3, "note_off"), (0.31, "note_on"), (0.32, "note_off")]
    events = [Received(Message(kind, note=50), MonotonicTime(when)) for when, kind in again]
    scene.inbox = VirtualInbox([*events, Ended(MonotonicTime(0.32))])
    scene.play(scene.answer)
    assert [m.type for m in tape.messages[:4]] == [kind for _, kind in again]


def test_what_sounds_is_released_though_an_input_cannot_be_closed():
    class Stuck:
        def close(self) -> None:
            raise RuntimeError("stuck")

    output = Recorded()
    scene = Scene(output)
    scene.inbox = Interrupted(Stop("SIGTERM"))
    scene.wiring.listening.append(Stuck())  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="stuck"):
        scene.play(scene.answer)
    assert output.struck() == [60, 61]
    assert output.hanging() == set()


def test_what_came_in_before_the_inputs_were_closed_is_heard_and_a_stop_stays_told():
    output, inbox = Recorded(), LiveInbox()
    scene = Scene(output)
    scene.inbox = inbox
    now = inbox.now()
    for event in (
        Stop("SIGHUP", reload=True),
        Received(Message("note_on", note=50), now),
        Stop("SIGTERM"),
        Received(Message("note_off", note=50), now),
    ):
        inbox.put(event)
    assert scene.play(scene.answer).reload
    assert [m.type for m in output.messages] == ["note_on", "note_off"]
    assert inbox.get(now) == Stop("SIGTERM")


def test_in_virtual_time_a_model_that_fails_does_not_end_it():
    class Broken:
        def improvise(self, *_: object) -> None:
            raise ValueError("no numbers")

    output = Recorded()
    scene = Scene(output)
    scene.play(partial(daemon.ask_at_once, scene.inbox, Broken(), Settings()))  # type: ignore[arg-type]
    assert "no numbers" in scene.log.getvalue()


def test_when_all_outputs_are_broken_it_says_so():
    scene = Scene(Recorded(breaks_at=3), Recorded(breaks_at=2))
    with pytest.raises(PortError, match="Every output is broken"):
        scene.play(scene.answer)


def test_a_model_that_fails_leaves_a_word_and_no_note():
    output = Recorded()
    scene = Scene(output)
    scene.play(lambda request: scene.inbox.put(Failed(request.id, "no memory")))
    assert "no memory" in scene.log.getvalue()
    assert output.hanging() == set()


class Interrupted(VirtualInbox):
    """Something else happens, in the middle of the response."""

    def __init__(self, what: Stop | Exception) -> None:
        super().__init__(phrase())
        self._what: Stop | Exception | None = what

    def get(self, until: MonotonicTime | None) -> Event | None:
        if (
            self._what is None or until is None or until < 1.0 + 0.7 + 0.3
        ):  # the call, the silence, and into the response
            return super().get(until)
        what, self._what = self._what, None
        if isinstance(what, Exception):
            raise what
        return what


def test_a_stop_in_mid_response_releases_what_sounds():
    output = Recorded()
    scene = Scene(output)
    scene.inbox = Interrupted(Stop("SIGTERM"))
    assert scene.play(scene.answer) == Stop("SIGTERM")
    assert output.struck() == [60, 61]
    assert output.hanging() == set()
    assert "interrupted" in scene.log.getvalue()


def test_an_exception_in_mid_response_releases_what_sounds():
    output = Recorded()
    scene = Scene(output)
    scene.inbox = Interrupted(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        scene.play(scene.answer)
    assert output.struck() == [60, 61]
    assert output.hanging() == set()


@pytest.mark.parametrize(
    ("settings", "shares_synth", "thru", "channel"),
    [
        (Settings(), True, True, 1),
        (Settings(), False, False, 0),
        (Settings(thru="on"), False, True, 1),
        (Settings(thru="off"), True, False, 0),
        (Settings(response_channel=5), True, True, 4),
    ],
)
def test_thru_and_channel_of_an_output(settings, shares_synth, thru, channel):
    output = Recorded()
    output.shares_synth = shares_synth
    voice = daemon.voice(settings, output)
    assert (voice.thru, voice.channel) == (thru, channel)


def test_a_tape_keeps_the_call_whatever_thru_says():
    tape = Recorded()
    tape.keeps_call = True
    assert daemon.voice(Settings(thru="off"), tape).thru


def test_settings_become_manners():
    manners = daemon.manners(Settings(channel=3, window_of="player", panic="soft", silence=1.5))
    assert manners.channel == 2
    assert not manners.window_of_both
    assert manners.panic == Control("cc", 67)
    assert manners.silence == 1.5


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR2", "SIGXCPU", "SIGHUP", "SIGUSR1"])
def test_signals_become_events(name, monkeypatch):
    inbox = LiveInbox()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    before = signal.getsignal(getattr(signal, name))
    with process.signals(inbox):
        os.kill(os.getpid(), getattr(signal, name))
        event = inbox.get(MonotonicTime(inbox.now() + 10))
    if name == "SIGUSR1":
        assert isinstance(event, Panic)
    else:
        assert event == Stop(name, reload=name == "SIGHUP")
    assert signal.getsignal(getattr(signal, name)) == before


def test_an_ignored_hangup_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with process.signals(LiveInbox()):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
