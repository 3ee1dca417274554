"""What a livegen that was killed has left sounding."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mido import Message

from livegen.io.sounding import NAME, SIZE, SLOTS, Sounding
from livegen.stage.events import PortId

SYNTH, PIANO = PortId("FLUID Synth:in"), PortId("Klavier ä:in")


def on(note: int, channel: int = 1, velocity: int = 64) -> Message:
    return Message("note_on", channel=channel, note=note, velocity=velocity)


def off(note: int, channel: int = 1) -> Message:
    return Message("note_off", channel=channel, note=note)


def control(number: int, value: int, channel: int = 1) -> Message:
    return Message("control_change", channel=channel, control=number, value=value)


def left(*messages: Message) -> list[Message]:
    sounding = Sounding()
    for message in messages:
        sounding.mark(SYNTH, message)
    return [message.copy(velocity=0) if message.type == "note_off" else message for message in sounding.releases(SYNTH)]


def released(*notes: int) -> list[Message]:
    return [Message("note_off", channel=1, note=note, velocity=0) for note in notes]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((), []),
        ((on(60), on(64), off(60)), released(64)),
        ((on(60), on(60, velocity=0)), []),
        ((on(60), on(60), off(60)), []),
        ((control(64, 127), on(60)), [control(64, 0), *released(60)]),
        ((control(64, 127), control(64, 0)), []),
        ((control(7, 100),), []),
        ((on(60), on(61, channel=2), control(123, 0)), [Message("note_off", channel=2, note=61, velocity=0)]),
        ((control(66, 127), control(121, 0)), []),
        ((on(60), control(64, 127), Message("reset")), []),
        ((on(60), Message("program_change", channel=1, program=3), Message("clock")), released(60)),
    ],
)
def test_what_has_to_end(messages: tuple[Message, ...], expected: list[Message]) -> None:
    assert left(*messages) == expected


def test_the_marks_outlive_a_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "left.sounding"
    program = f"""
import os, signal
from pathlib import Path
from mido import Message
from livegen.io.sounding import Sounding
sounding = Sounding(Path({str(path)!r}))
sounding.mark("FLUID Synth:in", Message("note_on", channel=3, note=60))
sounding.mark({PIANO!r}, Message("note_on", note=61))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.stat().st_mode & 0o777 == 0o600
    found = Sounding(path)
    assert [(each.type, each.channel, each.note) for each in found.releases(SYNTH)] == [("note_off", 3, 60)]
    assert [each.note for each in found.releases(PIANO)] == [61]
    for port in (SYNTH, PIANO):
        for message in found.releases(port):
            found.mark(port, message)
    found.close()
    assert not path.exists()


def test_what_still_sounds_is_kept_for_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "a.sounding"
    sounding = Sounding(path)
    sounding.mark(SYNTH, on(60))
    sounding.close()
    assert len(Sounding(path).releases(SYNTH)) == 1


@pytest.mark.parametrize("content", [b"", b"livegen sounding 2\n", os.urandom(SIZE), os.urandom(2 * SIZE)])
def test_any_other_content_counts_as_silence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.sounding"
    path.write_bytes(content)
    sounding = Sounding(path)
    assert sounding.releases(SYNTH) == []
    sounding.mark(SYNTH, on(60))
    assert len(sounding.releases(SYNTH)) == 1
    assert path.stat().st_size == SIZE


def test_outputs_without_a_slot_are_not_marked() -> None:
    sounding = Sounding()
    ports = [PortId(str(i)) for i in range(SLOTS + 1)]
    for port in (*ports, PortId("x" * (NAME + 1)), PortId("")):
        sounding.mark(port, on(60))
    assert [len(sounding.releases(port)) for port in ports] == [1] * SLOTS + [0]


def test_a_link_of_another_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("precious")
    (tmp_path / "a.sounding").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"):
        Sounding(tmp_path / "a.sounding")
    assert (tmp_path / "other").read_text() == "precious"
