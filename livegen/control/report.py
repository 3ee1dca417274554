"""`livegen status` as text. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SHOWN = 0.05
"""A patience that differs so much from 1 is shown."""


def text(status: Mapping[str, Any]) -> str:
    """A status, as `Desk.status` gives it, line by line."""
    model, notes = status["model"], status["notes"]
    runtime = f", {model['runtime']}, {model['ms_per_note']:g} ms per note" if "runtime" in model else ""
    rows = [
        ("livegen", f"{status['version']}, name {status['name']}, process {status['pid']}"),
        ("running for", duration(status["uptime"])),
        ("turn", status["turn"]),
        ("pulse", pulse(status["pulse"])),
        *(("in", _port(port)) for port in status["inputs"]),
        *(("out", _port(port)) for port in status["outputs"]),
        ("model", f"{model['name']}{runtime}"),
        ("notes", f"{notes['heard']} heard, {notes['played']} played, {notes['dropped']} dropped"),
        ("responses", f"{status['responses']}, and {status['unused']} composed in vain"),
        *((("patience", f"{status['patience']:g} times as set"),) if abs(status["patience"] - 1) >= SHOWN else ()),
        ("lateness", _spread(status["lateness_ms"])),
        ("MIDI thru", _spread(status["thru_ms"])),
        ("answered after", _spread(status["response_delay_ms"])),
        ("recording", " ".join(status["recording"][part] for part in ("state", "id", "why")).rstrip()),
        ("remembers", f"{status['remembered']:,} notes"),
        *((("memory", f"{status['memory_mb']} MB"),) if status["memory_mb"] is not None else ()),
        *((("waits for", status["waits_for"]),) if status["waits_for"] else ()),
        *((("last warning", status["last_warning"]),) if status["last_warning"] else ()),
    ]
    return aligned(rows)


def pulse(found: Mapping[str, Any]) -> str:
    """A pulse as a musician reads it."""
    if found["tempo"] is None:
        return "none"
    bar = f", {found['bar']} beats in a bar" if found["bar"] else ""
    return f"{found['tempo']:.0f} bpm, certainty {found['certainty']:.2f}{bar}"


def aligned(rows: Sequence[tuple[str, str]]) -> str:
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def duration(seconds: float) -> str:
    """93784 is 1 day 2:03:04; 72 is 0:01:12."""
    days, rest = divmod(int(seconds), 86_400)
    clock = f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} day{'s' if days > 1 else ''} {clock}" if days else clock


def _port(port: Mapping[str, Any]) -> str:
    return port["name"] if port["state"] == "open" else f"{port['name']} ({port['state']})"


def _spread(found: Mapping[str, Any]) -> str:
    if not found["count"]:
        return "nothing yet"
    return f"p50 {found['p50']:g}, p99 {found['p99']:g}, p99.9 {found['p99_9']:g}, max {found['max']:g} ms"
