"""The loop and the ways out of it, with outputs that break and models that fail. No port, no model, no waiting."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable

import pytest
from mido import Message
from stand_in import StandIn

from livegen.config.settings import Settings
from livegen.errors import PortError
from livegen.io import notify
from livegen.io.inbox import Inbox, LiveInbox, VirtualInbox
from livegen.io.output import opened
from livegen.io.publisher import PortFailed, Published, Publisher
from livegen.io.reporter import Reporter
from livegen.io.sounding import Sounding
from livegen.live import daemon
from livegen.live.loop import Loop, Outputs
from livegen.live.model import ModelAtOnce
from livegen.note import MonotonicTime
from livegen.stage.effects import (
    Ignored,
    MakePlan,
    NoteStarted,
    Request,
    ResponseEnded,
    Send,
    ThruChanged,
    TurnChanged,
)
from livegen.stage.events import (
    Failed,
    Incoming,
    InputClosed,
    InputOpened,
    Part,
    PortId,
    Predicted,
    Received,
    ResponseNote,
    ServerLost,
    Stop,
)
from livegen.stage.session import Session

RESPONSE = tuple(ResponseNote(60 + i, i * 0.25, 0.5, 80) for i in range(4))
KEYS = PortId("keys")


def received(when: float, kind: str, note: int = 50) -> Received:
    return Received(Message(kind, note=note), MonotonicTime(when), KEYS)


def phrase() -> list[Received | InputClosed]:
    return [received(0, "note_on"), received(1, "note_off"), InputClosed(KEYS, MonotonicTime(1))]


class Kept:
    """A listener that keeps everything."""

    def __init__(self) -> None:
        self.items: list[Published] = []

    def take(self, item: Published) -> None:
        self.items.append(item)

    def of(self, *kinds: type) -> list[Published]:
        return [item for item in self.items if isinstance(item, kinds)]


class Scene:
    def __init__(self, *outputs: StandIn, settings: Settings | None = None) -> None:
        self.outputs = outputs
        self.session = Session(daemon.stage_settings(settings or Settings(silence=0.7)))
        self.inbox: Inbox = VirtualInbox(phrase())
        self.log = io.StringIO()
        self.published = Kept()
        self.stop_listening: Callable[[], None] = lambda: None

    def play(self, ask: Callable[[Request], None] | None = None) -> Stop:
        with Reporter(self.log, terminal=False) as log:
            publisher = Publisher(log, self.published)
            loop = Loop(self.session, self.inbox, Outputs(self.outputs, publisher), ask or self.answer, publisher)
            loop.open([InputOpened(KEYS, live=True), *map(opened, self.outputs)])
            try:
                return loop.run()
            finally:
                loop.leave(self.stop_listening)

    def answer(self, request: Request) -> None:
        planning = isinstance(request, MakePlan)
        self.inbox.put(request.answer() if planning else Predicted(request.id, RESPONSE, 0.01))


def test_it_ends_when_all_has_been_played():
    output = StandIn()
    scene = Scene(output)
    assert not scene.play().reload
    assert output.struck == [60, 61, 62, 63]
    assert output.hanging == set()


@pytest.mark.parametrize("error", [PortError, ValueError])
def test_an_output_that_fails_is_no_longer_used_and_the_others_play_on(error):
    broken, whole = StandIn("broken", breaks_at=3, error=error), StandIn("whole")
    scene = Scene(broken, whole)
    scene.play()
    assert len(broken.messages) == 3
    assert whole.struck == [60, 61, 62, 63]
    assert whole.hanging == set()
    assert "Output broken failed and is no longer used: The cable is out." in scene.log.getvalue()
    assert scene.published.of(PortFailed) == [PortFailed(PortId("broken"), "broken", "The cable is out.")]


def test_an_output_that_refuses_one_message_gets_its_note_offs():
    class Choosy(StandIn):
        def send(self, send: Send) -> None:
            if send.message.type == "note_on" and send.message.note == 61:
                raise PortError("Not this one.")
            super().send(send)

    choosy, whole = Choosy("choosy"), StandIn("whole")
    scene = Scene(choosy, whole)
    scene.play()
    assert choosy.struck == [60]
    assert choosy.hanging == set()
    assert whole.struck == [60, 61, 62, 63]
    assert len(scene.published.of(PortFailed)) == 1


@pytest.mark.parametrize("returns", [False, True])
def test_only_what_went_to_a_port_may_come_back(returns):
    """With a file or a synth alone, a key that is struck again as it was is no echo."""
    output = StandIn(returns=returns)
    scene = Scene(output, settings=Settings(response_channel=1, silence=0.7))
    again = [(0.0, "note_on"), (0.3, "note_off"), (0.301, "note_off"), (0.31, "note_on"), (0.32, "note_off")]
    scene.inbox = VirtualInbox([*(received(when, kind) for when, kind in again), InputClosed(KEYS, MonotonicTime(1))])
    scene.play()
    kinds = [kind for _, kind in again]
    if returns:
        kinds.pop(2)  # a note_off for a key that is up, just after one was sent
    assert [m.type for m in output.messages][: len(kinds)] == kinds


def test_what_sounds_is_ended_though_an_input_cannot_be_closed():
    def stuck() -> None:
        raise RuntimeError("stuck")

    output = StandIn()
    scene = Scene(output)
    scene.inbox = Interrupted(Stop("SIGTERM"))
    scene.stop_listening = stuck
    with pytest.raises(RuntimeError, match="stuck"):
        scene.play()
    assert output.struck == [60, 61]
    assert output.hanging == set()


def test_what_came_in_before_the_inputs_were_closed_is_heard():
    output, inbox = StandIn(), LiveInbox()
    scene = Scene(output)
    scene.inbox = inbox
    now = inbox.now()
    for event in (
        Stop("SIGHUP", reload=True),
        received(now, "note_on"),
        ServerLost("of no account any more"),
        Stop("SIGTERM"),
        received(now, "note_off"),
    ):
        inbox.put(event)
    assert scene.play().reload
    assert [m.type for m in output.messages] == ["note_on", "note_off"]


def test_in_virtual_time_a_model_that_fails_does_not_end_it():
    class Broken:
        def expects(self, *_: object) -> None:
            raise ValueError("no numbers")

        def improvise(self, *_: object) -> None:
            raise ValueError("no numbers")

    scene = Scene(StandIn())
    scene.play(ModelAtOnce(Broken(), scene.inbox.put, seed=None).ask)  # type: ignore[arg-type]  (it is broken)
    assert "no response: ValueError: no numbers" in scene.log.getvalue()


def test_when_all_outputs_fail_it_says_so():
    scene = Scene(StandIn("one", breaks_at=3), StandIn("two", breaks_at=2))
    with pytest.raises(PortError, match="All outputs have failed"):
        scene.play()


def test_two_outputs_that_fail_at_once_are_both_reported():
    scene = Scene(StandIn("one", breaks_at=1), StandIn("two", breaks_at=1), StandIn("three"))
    scene.play()
    assert {failed.port for failed in scene.published.of(PortFailed)} == {"one", "two"}
    assert scene.outputs[2].struck == [60, 61, 62, 63]


def test_a_model_that_fails_leaves_a_line_and_no_note():
    output = StandIn()
    scene = Scene(output)
    scene.play(lambda request: scene.inbox.put(Failed(request.id, "no memory")))
    assert "no response: no memory" in scene.log.getvalue()
    assert output.struck == []
    assert output.hanging == set()


class Interrupted(VirtualInbox):
    """Something else happens, in the middle of the response."""

    def __init__(self, what: Incoming | Exception) -> None:
        super().__init__(phrase())
        self._what: Incoming | Exception | None = what

    def get(self, until: MonotonicTime | None) -> Incoming | None:
        begun = 1.0 + 0.7  # the call and the silence
        if self._what is None or self.now() < begun or until is None or until < begun + 0.3:
            return super().get(until)
        what, self._what = self._what, None
        if isinstance(what, Exception):
            raise what
        return what


def test_a_stop_amid_a_response_ends_what_sounds():
    output = StandIn()
    scene = Scene(output)
    scene.inbox = Interrupted(Stop("SIGTERM"))
    assert scene.play() == Stop("SIGTERM")
    assert output.struck == [60, 61]
    assert output.hanging == set()
    [ended] = scene.published.of(ResponseEnded)
    assert ended.interrupted


def test_an_exception_amid_a_response_ends_what_sounds():
    output = StandIn()
    scene = Scene(output)
    scene.inbox = Interrupted(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        scene.play()
    assert output.struck == [60, 61]
    assert output.hanging == set()


def test_the_loss_of_the_midi_server_ends_what_sounds_and_is_an_error():
    output = StandIn()
    scene = Scene(output)
    scene.inbox = Interrupted(ServerLost("JACK is gone."))
    with pytest.raises(PortError, match=r"JACK is gone\."):
        scene.play()
    assert output.hanging == set()


def test_everything_is_published_after_it_was_sent():
    """In order: what came in, what it led to, and for each step messages before notices."""
    sent_before: list[int] = []
    output = StandIn()

    class Watching(Kept):
        def take(self, item: Published) -> None:
            super().take(item)
            if isinstance(item, NoteStarted):
                sent_before.append(item.pitch in [m.note for m in output.messages if m.type == "note_on"])

    scene = Scene(output)
    scene.published = Watching()
    scene.play()
    assert sent_before == [True] * 5
    kinds = [type(item) for item in scene.published.items]
    assert kinds[:5] == [ThruChanged, Received, Send, NoteStarted, TurnChanged]
    assert len(scene.published.of(Received)) == 2
    assert len(scene.published.of(Send)) == len(output.messages)


def test_that_a_message_is_ignored_is_published_before_it():
    """So that a recording knows it from the start."""
    scene = Scene(StandIn(), settings=Settings(panic="key:50", silence=0.7))
    scene.inbox = VirtualInbox([received(0.0, "note_on"), InputClosed(KEYS, MonotonicTime(1.0))])
    scene.play()
    assert [type(item) for item in scene.published.of(Received, Ignored)] == [Ignored, Received]


def test_the_loop_itself_feeds_the_watchdog(monkeypatch):
    told = []
    monkeypatch.setattr(notify, "notify", lambda line, *, wait: told.append(line) or True)
    inbox = LiveInbox()
    loop = Loop(
        Session(daemon.stage_settings(Settings(wait="on"))),
        inbox,
        Outputs([], Publisher()),
        lambda _: None,
        Publisher(),
        watchdog=notify.Watchdog({"WATCHDOG_USEC": "40000"}),
    )
    loop.open([InputOpened(KEYS, live=True)])
    playing = threading.Thread(target=loop.run)
    playing.start()
    deadline = time.monotonic() + 20
    while len(told) < 3 and time.monotonic() < deadline:  # nothing is played, and nothing is due
        time.sleep(0.005)
    inbox.put(Stop("the test has ended"))
    playing.join()
    assert told[:3] == ["WATCHDOG=1"] * 3


def test_what_a_killed_livegen_left_ends_first():
    sounding = Sounding()
    for note in (40, 41):
        sounding.mark(PortId("port"), Message("note_on", note=note, channel=5))
    sounding.mark(PortId("later"), Message("note_on", note=42, channel=5))
    port, later = StandIn("port", returns=True), StandIn("later", returns=True)
    outputs = Outputs([port], Publisher(), sounding)
    session = Session(daemon.stage_settings(Settings()))
    loop = Loop(session, VirtualInbox([]), outputs, lambda _: None, Publisher())
    loop.open([opened(port)])
    assert [(each.type, each.note, each.channel) for each in port.messages] == [
        ("note_off", 40, 5),
        ("note_off", 41, 5),
    ]
    outputs.add(later, MonotonicTime(0.0))  # a port that comes later
    assert [each.note for each in later.messages] == [42]
    outputs.add(later, MonotonicTime(0.0))
    assert len(later.messages) == 1


def test_what_is_sent_is_marked_until_it_ends():
    sounding = Sounding()
    port, synth = StandIn("port", returns=True), StandIn("synth")
    outputs = Outputs([port, synth], Publisher(), sounding)
    for name in ("port", "synth"):
        outputs.send(Send(PortId(name), Message("note_on", note=60), Part.CALL, MonotonicTime(0.0)))
    assert len(sounding.releases(PortId("port"))) == 1
    assert sounding.releases(PortId("synth")) == []  # it ends with the process
    outputs.send(Send(PortId("port"), Message("note_off", note=60), Part.CALL, MonotonicTime(0.0)))
    assert sounding.releases(PortId("port")) == []
