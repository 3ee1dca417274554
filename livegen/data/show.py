"""Shows a MIDI file as text: its tracks, and its notes as a table or as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from livegen.data import midi
from livegen.note import INSTANT

Row = tuple[str | int | float, ...]


def text(file: midi.MidiFile, count: int) -> str:
    """Show the file, its tracks, and its first `count` notes."""
    tracks: list[Row] = [("Track", "Name", "Instrument", "Notes", "Sustain pedal")]
    for index, track in enumerate(file.tracks):
        tracks.append((index, track.name or "-", track.instrument, track.notes, _pedal(track, file.seconds)))
    notes = file.notes[:count]
    table: list[Row] = [("Note", "Name", "Pitch", "Start", "End", "Step", "Duration", "Velocity", "Pedal", "Track")]
    for index, (name, note) in enumerate(zip(midi.names(notes["pitch"]), notes, strict=True)):
        times = (f"{note[field]:.4f}" for field in ("start", "end", "step", "duration"))
        pedal = "down" if note["pedal"] else "up"
        table.append((index, name, int(note["pitch"]), *times, int(note["velocity"]), pedal, int(note["track"])))
    total = sum(track.notes for track in file.tracks)
    parts = [f"{file.path}: {_counted(total, 'note')} in {file.seconds:.1f} s"]
    parts += [f"damaged: {lost}." for lost in file.dropped]
    if len(tracks) > 1:
        parts.append(_aligned(tracks, right="Track Notes"))
    if len(notes):
        parts.append(_aligned(table, right="Note Pitch Start End Step Duration Velocity Track"))
    if len(file.notes) > count:
        parts.append(f"{_counted(len(file.notes) - count, 'more note')} (use --notes N).")
    return "\n\n".join(parts)


def as_csv(file: midi.MidiFile, count: int | None) -> str:
    """The first `count` notes, or all, as CSV: pitch,start,end,step,duration,velocity,name,pedal,track."""
    notes = file.notes[:count]
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("pitch", "start", "end", "step", "duration", "velocity", "name", "pedal", "track"))
    for name, note in zip(midi.names(notes["pitch"]), notes, strict=True):
        times = (f"{note[field]:.6f}" for field in ("start", "end", "step", "duration"))
        writer.writerow((note["pitch"], *times, note["velocity"], name, int(note["pedal"]), note["track"]))
    return out.getvalue()


def _pedal(track: midi.Track, seconds: float) -> str:
    if not track.presses:
        return "never down"
    times = "once" if track.presses == 1 else f"{track.presses} times"
    return f"down {times}, {track.held / max(seconds, INSTANT):.0%} of the time"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _aligned(rows: Sequence[Row], *, right: str) -> str:
    """Format rows with each column as wide as its longest cell. Columns in `right` are aligned to the right."""
    titles = [str(title) for title in rows[0]]
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    aligns = [">" if title in right.split() else "<" for title in titles]
    lines = [
        "  ".join(f"{cell!s:{align}{width}}" for cell, align, width in zip(row, aligns, widths, strict=True))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)
