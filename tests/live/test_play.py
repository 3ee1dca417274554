"""Outputs that break while a file is played, and a synth that is left to ring on. No port, no waiting."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from stand_in import StandIn

from livegen.errors import PortError
from livegen.io.file_player import FilePlayer, from_file
from livegen.io.inbox import VirtualInbox
from livegen.io.links import IN, OUT
from livegen.io.publisher import Publisher
from livegen.io.reporter import Reporter
from livegen.io.wires import Wire, Wiring
from livegen.live import play
from livegen.note import MonotonicTime
from livegen.stage.events import Panic, PortId, ServerLost, Stop

BACH = Path(__file__).parents[2] / "livegen" / "demo" / "1-bach.mid"


class Scene:
    def __init__(self, *outputs: StandIn) -> None:
        timeline = from_file(BACH, MonotonicTime(0.0), PortId("bach"))
        self.inbox = VirtualInbox(timeline.events)
        player = FilePlayer(timeline, self.inbox.put)
        self.wiring = Wiring([Wire(None, IN, player), *(Wire(None, OUT, each) for each in outputs)])
        self.log = io.StringIO()

    def play(self, report_every: float | None = None) -> None:
        with Reporter(self.log, terminal=False) as log:
            playing = play._Playing(self.wiring, Publisher(log))
            try:
                playing.play(self.inbox, report_every)
            finally:
                playing.leave(self.inbox)


def test_one_output_breaks_and_the_other_plays_on() -> None:
    broken, sound = StandIn("broken", breaks_at=5), StandIn()
    scene = Scene(broken, sound)
    scene.play()
    assert len(broken.messages) == 5
    assert sum(m.type == "note_on" and m.velocity > 0 for m in sound.messages) == 69
    assert not sound.hanging
    assert scene.log.getvalue().count("Output broken failed and is no longer used: The cable is out.") == 1


def test_when_all_have_failed_it_ends() -> None:
    scene = Scene(StandIn("one", breaks_at=5), StandIn("two", breaks_at=9))
    with pytest.raises(PortError, match="All outputs have failed"):
        scene.play()


def test_it_tells_how_far_it_is() -> None:
    scene = Scene(StandIn())
    scene.play(report_every=4.0)
    assert scene.log.getvalue().splitlines() == ["0:04 of 0:10", "0:08 of 0:10"]


@pytest.mark.parametrize(("returns", "seconds"), [(False, play.FADE), (True, 0.0)])
def test_the_synth_is_left_to_ring_on(returns: bool, seconds: float) -> None:
    scene = Scene(StandIn(returns=returns))
    end = scene.wiring.timelines[0].events[-1].at
    scene.play()
    assert scene.inbox.now() == pytest.approx(end + seconds)


class Interrupted(VirtualInbox):
    """Something else happens at 3 s, and after the file's end."""

    def __init__(self, scene: Scene, event: Panic | Stop | ServerLost) -> None:
        super().__init__(scene.wiring.timelines[0].events)
        self.event: Panic | Stop | ServerLost | None = event

    def get(self, until):
        if self.event is not None and self.now() >= 3:
            event, self.event = self.event, None
            return event
        return super().get(until)


def test_a_stop_releases_everything() -> None:
    output = StandIn()
    scene = Scene(output)
    scene.inbox = Interrupted(scene, Stop("SIGINT"))
    scene.play()
    assert not output.hanging
    assert [m.value for m in output.messages if m.is_cc(64)][-1] == 0
    assert scene.log.getvalue() == "Stopped at 0:03 of 0:10.\n"


def test_panic_silences_and_it_plays_on() -> None:
    output = StandIn()
    scene = Scene(output)
    scene.inbox = Interrupted(scene, Panic(MonotonicTime(3.0)))
    scene.play()
    assert sum(m.type == "note_on" and m.velocity > 0 for m in output.messages) == 69
    assert not output.hanging


def test_the_loss_of_the_midi_server_is_an_error() -> None:
    output = StandIn()
    scene = Scene(output)
    scene.inbox = Interrupted(scene, ServerLost("JACK is gone."))
    with pytest.raises(PortError, match=r"JACK is gone\."):
        scene.play()
    assert not output.hanging
