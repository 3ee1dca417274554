"""What the status shows of a running livegen: a listener that counts. It takes a microsecond for each message."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from livegen.control.histogram import Histogram
from livegen.io.publisher import Level, Line, PortFailed, PortGone, PortOpened, Published, RecordingChanged
from livegen.stage.effects import (
    NoteStarted,
    PatienceChanged,
    PulseChanged,
    ResponseEnded,
    ResponseStarted,
    Send,
    TurnChanged,
    Unused,
)
from livegen.stage.events import Part, PortId, Turn


@dataclass(slots=True)
class _Port:
    direction: str  # "in" or "out"
    name: str
    state: str = "open"


class Statistics:
    """A `Listener` of the publisher."""

    def __init__(self) -> None:
        self.turn = Turn.IDLE
        self._ports: dict[tuple[str, PortId], _Port] = {}
        self._notes = dict.fromkeys(Part, 0)
        self._dropped = self._responses = self._unused = 0
        self._patience = 1.0
        self._late, self._thru, self._delay = Histogram(), Histogram(), Histogram()
        self._warning = ""
        self._recording = RecordingChanged("off")
        self._recorded = ""  # the last recording
        self._pulse: dict[str, float | None] = {"tempo": None, "certainty": 0.0, "bar": 0}

    def take(self, item: Published) -> None:
        match item:
            case Send(part=part, at=at):
                (self._late if part is Part.RESPONSE else self._thru).add(time.monotonic() - at)
            case NoteStarted(part=part):
                self._notes[part] += 1
            case TurnChanged(turn):
                self.turn = turn
            case PulseChanged(tempo, certainty, bar):
                self._pulse = {"tempo": tempo, "certainty": certainty, "bar": bar}
            case ResponseStarted(waited=waited, patience=patience):
                self._responses += 1
                self._patience = patience
                self._delay.add(waited)
            case Unused():
                self._unused += 1
            case ResponseEnded(dropped=dropped):
                self._dropped += dropped
            case Line(text, Level.WARNING):
                self._warning = text
            case PatienceChanged() | RecordingChanged() | PortOpened() | PortGone() | PortFailed():
                self._changed(item)

    def _changed(self, item: PatienceChanged | RecordingChanged | PortOpened | PortGone | PortFailed) -> None:
        if isinstance(item, PatienceChanged):
            self._patience = item.factor
            return
        if isinstance(item, RecordingChanged):
            self._recording, self._recorded = item, item.id or self._recorded
            return
        direction = "out" if isinstance(item, PortFailed) else item.direction
        if isinstance(item, PortOpened):
            self._ports[direction, item.port] = _Port(direction, item.name)
        elif isinstance(item, PortGone) and item.closed:
            self._ports.pop((direction, item.port), None)
        elif (direction, item.port) in self._ports:
            self._ports[direction, item.port].state = "gone" if isinstance(item, PortGone) else "failed"

    def kept(self) -> Mapping[str, str | None]:
        """What `livegen keep` answers: the recording that is kept, or why there is none."""
        if self._recording.state == "off":
            return {"recording": None, "why": "recording is off (livegen set record on)"}
        if not self._recorded:
            return {"recording": None, "why": "nothing has been played yet"}
        return {"recording": self._recorded, "why": None}

    def plain(self) -> Mapping[str, Any]:
        """For JSON. Times are in ms, since the start."""
        ports = [(each.direction, {"name": each.name, "state": each.state}) for each in self._ports.values()]
        return {
            "turn": self.turn.name.lower(),
            "pulse": self._pulse,
            "inputs": [shown for direction, shown in ports if direction == "in"],
            "outputs": [shown for direction, shown in ports if direction == "out"],
            "notes": {"heard": self._notes[Part.CALL], "played": self._notes[Part.RESPONSE], "dropped": self._dropped},
            "responses": self._responses,
            "unused": self._unused,
            "patience": round(self._patience, 2),
            "lateness_ms": self._late.milliseconds(),
            "thru_ms": self._thru.milliseconds(),
            "response_delay_ms": self._delay.milliseconds(),
            "recording": {"state": self._recording.state, "id": self._recording.id, "why": self._recording.why},
            "last_warning": self._warning,
        }


def memory() -> float | None:
    """The resident memory of this process in MB; None if the system is not Linux."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  (quicker, in the main thread)
            pages = int(file.read().split()[1])
    except OSError:
        return None
    import resource

    return round(pages * resource.getpagesize() / 1e6, 1)
