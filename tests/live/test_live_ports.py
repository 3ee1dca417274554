"""What the main loop does when a port is attached or detached. No port, no thread, no waiting."""

from __future__ import annotations

from mido import Message
from stand_in import StandIn

from livegen.config.settings import Settings
from livegen.io.inbox import LiveInbox
from livegen.io.links import Attached, Detached
from livegen.io.output import opened
from livegen.io.publisher import PortGone, PortOpened, Published, Publisher
from livegen.live import daemon
from livegen.live.loop import Loop, Outputs
from livegen.stage.events import Incoming, InputClosed, InputOpened, OutputClosed, PortId, Received, Stop
from livegen.stage.session import Session

KEYS = PortId("keys")


class Scene:
    def __init__(self) -> None:
        self.output, self.inbox = StandIn("synth", returns=True), LiveInbox()
        self.published: list[Published] = []
        publisher = Publisher(self)
        session = Session(daemon.stage_settings(Settings()))
        self.loop = Loop(session, self.inbox, Outputs([self.output], publisher), lambda _: None, publisher)
        self.loop.open([InputOpened(KEYS, live=True), opened(self.output)])

    def take(self, item: Published) -> None:
        self.published.append(item)

    def run(self, *events: Incoming) -> None:
        for event in events:
            self.inbox.put(event)
        self.inbox.put(Stop("enough"))
        self.loop.run()

    def key(self, kind: str) -> Received:
        return Received(Message(kind, note=60), self.inbox.now(), KEYS)


def test_what_sounds_on_an_output_that_goes_ends_when_it_is_back():
    scene = Scene()
    gone = Detached(OutputClosed(scene.output.port, scene.inbox.now()), "The synth")
    scene.run(scene.key("note_on"), gone)
    assert gone.released.is_set()
    assert scene.output.hanging == {60}
    scene.run(scene.key("note_off"), Attached(opened(scene.output), "synth", scene.output))
    assert scene.output.hanging == set()
    scene.run(scene.key("note_on"))
    assert scene.output.hanging == {60}
    kinds = [item for item in scene.published if isinstance(item, PortGone | PortOpened)]
    assert kinds == [PortGone(scene.output.port, "The synth", "out"), PortOpened("out", scene.output.port, "synth")]


def test_an_output_that_goes_with_the_keyboard_gets_the_note_offs_of_the_last_moment_again():
    scene = Scene()
    keys = Detached(InputClosed(KEYS, scene.inbox.now()), "The keyboard")
    synth = Detached(OutputClosed(scene.output.port, scene.inbox.now()), "The synth")
    scene.run(scene.key("note_on"), keys, synth)
    before = len(scene.output.messages)
    scene.run(Attached(opened(scene.output), "synth", scene.output))
    assert Message("note_off", note=60) in scene.output.messages[before:]


def test_the_keys_of_an_input_that_goes_end_where_they_were_forwarded():
    scene = Scene()
    gone = Detached(InputClosed(KEYS, scene.inbox.now()), "")
    scene.run(scene.key("note_on"), gone)
    assert scene.output.hanging == set()
    assert not [item for item in scene.published if isinstance(item, PortGone)]


def test_what_goes_with_its_server_is_published_but_the_log_says_nothing_more():
    scene = Scene()
    scene.run(Detached(InputClosed(KEYS, scene.inbox.now()), "Keys", quiet=True))
    (gone,) = [item for item in scene.published if isinstance(item, PortGone)]
    assert (gone.port, gone.direction, gone.closed, gone.quiet) == (KEYS, "in", False, True)
