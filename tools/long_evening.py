"""How long the end of an evening takes, and whether memory grows: many hours of dense playing, as fast as it goes.

    python -m tools.long_evening 1 12

For each number of hours: a MIDI file of `--out` and a recording get twelve notes a second. Prints the time that the end
takes, and by how much the memory of the process has grown since the first quarter.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from mido import Message

from livegen.io.recorder import MidiRecorder
from livegen.note import MonotonicTime
from livegen.record.take import Take
from livegen.stage.effects import Send
from livegen.stage.events import Part

APART = 1 / 12  # s between two notes
CHUNK = 2000  # notes; then the recorder's thread has to catch up
EVERY = 5  # notes between two writes to the journal: 0.4 s


def grown() -> float:
    """The memory of this process [MB]."""
    found = re.search(r"RssAnon:\s*(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def played(hours: float, start: float) -> Iterator[tuple[float, Message]]:
    for number in range(int(hours * 3600 / APART)):
        at, note = start + number * APART, 40 + number % 48
        yield at, Message("note_on", note=note, velocity=70)
        yield at + APART / 2, Message("note_off", note=note)


def main(hours: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        file = MidiRecorder(Path(folder, "evening.mid"), live=True)
        recording = Take(Path(folder), begun)
        total, first = int(2 * hours * 3600 / APART), 0.0
        for number, (at, message) in enumerate(played(hours, begun)):
            file.send(Send(file.port, message, Part.CALL, MonotonicTime(at)))
            recording.add({"kind": "in", "at": at, "port": "Keys", "midi": message.hex("")})
            if number % (2 * EVERY) == 0:
                recording.write()
            if number % CHUNK == 0:
                time.sleep(0.05)
            if number == total // 4:
                first = grown()
        more = grown() - first
        ends = []
        for end in (file.close, recording.end):
            start = time.monotonic()
            end()
            ends.append(time.monotonic() - start)
        print(
            f"{hours:g} h, {total // 2:,} notes: the file ends in {ends[0]:.2f} s, the recording in {ends[1]:.2f} s; "
            f"memory since the first quarter: {more:+.1f} MB",
            flush=True,
        )


if __name__ == "__main__":
    for each in sys.argv[1:]:
        main(float(each))
