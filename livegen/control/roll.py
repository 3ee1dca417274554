"""A piano roll that scrolls up a terminal: one row for each moment, one column for each key. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LOWEST, HIGHEST = 21, 108  # the keys of a piano
KEYS = HIGHEST - LOWEST + 1
LABEL = 10  # columns on the left
CALL, RESPONSE, BOTH = "█", "▓", "▒"
BLACK = (1, 3, 6, 8, 10)
COLOURS = {CALL: "\x1b[34m", RESPONSE: "\x1b[33m", BOTH: "\x1b[35m"}  # blue, yellow, magenta
PLAIN = "\x1b[0m"


@dataclass(slots=True)
class Roll:
    """What sounds, from the events of the control socket."""

    turn: str = "idle"
    _sounding: dict[int, set[str]] = field(default_factory=dict)  # by pitch: the parts
    _struck: dict[int, set[str]] = field(default_factory=dict)  # since the last row, although it has ended

    def take(self, event: Mapping[str, Any]) -> None:
        """An event."""
        match event:
            case {"event": "note_on", "note": note, "part": part}:
                self._sounding.setdefault(note, set()).add(part)
                self._struck.setdefault(note, set()).add(part)
            case {"event": "note_off", "note": note, "part": part}:
                self._sounding.get(note, set()).discard(part)
            case {"event": "turn", "turn": turn}:
                self.turn = turn
            case {"event": "panic"}:
                self._sounding.clear()

    @property
    def sounds(self) -> bool:
        """Whether the next row would show a note."""
        return any(self._sounding.values()) or bool(self._struck)

    def row(self, label: str, width: int, *, colours: bool = True) -> str:
        """The next row: everything that has sounded since the last one.

        Args:
            label: on the left.
            width: columns of the terminal. If they are too few, some keys share a column.
            colours: whether to use them.
        """
        shared = -(-KEYS // max(1, width - LABEL - 1))  # keys in a column
        cells = ["·" if key % 12 == 0 else " " for key in range(LOWEST, HIGHEST + 1, shared)]
        parts: dict[int, set[str]] = {}
        for sounding in (self._sounding, self._struck):
            for note, by in sounding.items():
                if by and LOWEST <= note <= HIGHEST:
                    parts.setdefault((note - LOWEST) // shared, set()).update(by)
        self._struck = {}
        for column, by in parts.items():
            mark = BOTH if len(by) > 1 else RESPONSE if "response" in by else CALL
            cells[column] = f"{COLOURS[mark]}{mark}{PLAIN}" if colours else mark
        return f"{label[:LABEL]:<{LABEL}}{''.join(cells)}".rstrip()
