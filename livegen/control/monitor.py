"""`livegen monitor`: a live view in the terminal, or plain lines if there is none."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from livegen.control.client import Client
from livegen.control.report import pulse
from livegen.control.roll import Roll
from livegen.io.page import note_name

ROW = 0.1  # s
AFTER = 0.5  # s of empty rows after the last note
TURNS = {"idle": "", "listening": "you", "responding": "livegen"}
SPOKEN = (
    "pulse",
    "call",
    "response",
    "response_end",
    "no_response",
    "patience",
    "panic",
    "keep",
    "recording",
    "port",
    "log",
    "lost",
)
"""Events that the live view shows as text."""


def run(client: Client, out: TextIO | None = None) -> None:
    """Show events until livegen ends."""
    out = out or sys.stdout
    client.subscribe()
    if out.isatty():
        _draw(client, out)
        return
    while (events := client.pending(None)) is not None:
        for event in events:
            _write(out, words(event))
        out.flush()


def _draw(client: Client, out: TextIO) -> None:
    """A row for each moment in which something sounds, and other events as text between the rows."""
    roll, row_at, quiet_at = Roll(), 0.0, 0.0
    while True:
        now = time.monotonic()
        active = roll.sounds or now < quiet_at
        events = client.pending(max(0.0, row_at - now) if active else None)
        if events is None:
            return
        for event in events:
            roll.take(event)
            if event["event"] in SPOKEN:
                _write(out, words(event))
        now = time.monotonic()
        if roll.sounds:
            quiet_at = now + AFTER
        if now >= row_at and now < quiet_at:
            row_at = now + ROW
            _write(out, roll.row(TURNS[roll.turn], shutil.get_terminal_size().columns))
        out.flush()


def _write(out: TextIO, line: str | None) -> None:
    if line is not None:
        out.write(f"{line}\n")


def words(event: Mapping[str, Any]) -> str | None:
    """An event as a line, or None if there is nothing to say."""
    say = _WORDS.get(event["event"])
    return say(event) if say is not None else None


def _who(part: str) -> str:
    return "you    " if part == "call" else "livegen"


def _log(event: Mapping[str, Any]) -> str | None:
    prefix = "warning: " if event["level"] == "warning" else ""
    return None if event["level"] == "debug" else f"{prefix}{event['text']}"


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "note_on": lambda event: f"{_who(event['part'])} {note_name(event['note'])} ({event['velocity']})",
    "pedal": lambda event: f"{_who(event['part'])} pedal {'down' if event['down'] else 'up'}",
    "turn": lambda event: f"turn: {event['turn']}",
    "pulse": lambda event: f"pulse: {pulse(event)}",
    "call": lambda event: f"call: {event['notes']} notes in {event['seconds']:.1f} s",
    "response": lambda event: f"response: {event['notes']} notes in {event['seconds']:.1f} s",
    "response_end": lambda event: f"response: {event['played']} notes played{', interrupted' * event['interrupted']}",
    "no_response": lambda event: f"no response: {event['why']}",
    "patience": lambda event: f"that was too early: more patient now, {event['factor']:.1f} times as set",
    "panic": lambda _: "panic: all sound is ended",
    "keep": lambda _: "keep: the recording is kept",
    "recording": lambda event: f"recording: {event['state']} {event['id']} {event['why']}".rstrip(),
    "port": lambda event: f"{event['direction']}: {event['name']} ({event['state']})",
    "log": _log,
    "lost": lambda event: f"{event['count']} events were lost",
}
