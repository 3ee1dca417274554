"""What the tests play: some seconds of a real pianist, and a few notes of their own."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import mido

Phrase = list[tuple[float, mido.Message]]
"""Messages and when they are due [s from the first]."""

REST = 0.45  # s with all keys up that end a phrase: safely below the daemon's 0.7 s
SHORTEST, LONGEST = 2.5, 4.0  # s


def chord(*pitches: int, length: float = 0.3, velocity: int = 80) -> Phrase:
    """Keys struck and released together."""
    on = [(0.0, mido.Message("note_on", note=pitch, velocity=velocity)) for pitch in pitches]
    return on + [(length, mido.Message("note_off", note=pitch)) for pitch in pitches]


def performed(maestro: Path | None, demos: Path) -> Phrase:
    """A pianist's phrase: of MAESTRO (its folder or its .tar.xz) where there is a copy, else of the demo pieces.

    Raises:
        LookupError: there is no file, or none holds a phrase.
    """
    for file in _maestro(maestro) if maestro else map(mido.MidiFile, sorted(demos.glob("*.mid"))):
        if phrase := _first_phrase(file):
            return phrase
    raise LookupError(f"no phrase of {SHORTEST} s in {maestro or demos}")


def _maestro(place: Path) -> list[mido.MidiFile]:
    if place.is_dir():
        return [mido.MidiFile(next(iter(sorted(place.rglob("*.mid*")))))]
    with tarfile.open(place) as archive:
        for member in archive:
            if member.name.endswith((".mid", ".midi")):
                stream = archive.extractfile(member)
                assert stream is not None
                return [mido.MidiFile(file=io.BytesIO(stream.read()))]
    return []


def _first_phrase(file: mido.MidiFile) -> Phrase | None:
    """The first stretch without a rest, cut at LONGEST with all keys and pedals up."""
    phrase: Phrase = []
    held: set[int] = set()
    now = start = released = 0.0
    for message in file:
        now += message.time
        if message.is_meta or message.type not in ("note_on", "note_off", "control_change"):
            continue
        strikes = message.type == "note_on" and message.velocity > 0
        if phrase and ((not held and strikes and now - released > REST) or now - start > LONGEST):
            if released - start > SHORTEST or held:
                break
            phrase = []
        if not phrase:
            if not strikes:
                continue
            start = now
        phrase.append((now - start, message.copy(time=0, channel=0)))
        if strikes:
            held.add(message.note)
        elif message.type != "control_change":
            held.discard(message.note)
            released = now
    if not phrase or phrase[-1][0] < SHORTEST:
        return None
    end = min(phrase[-1][0] + 0.05, LONGEST)
    pedals = {message.control for _, message in phrase if message.type == "control_change"}
    phrase += [(end, mido.Message("note_off", note=pitch)) for pitch in sorted(held)]
    return phrase + [(end, mido.Message("control_change", control=pedal, value=0)) for pedal in sorted(pedals)]


def save(phrase: Phrase, path: Path) -> Path:
    """Write a phrase as a MIDI file, to the millisecond."""
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=480_000)])
    ticks = 0
    for offset, message in phrase:
        due = round(offset * 1000)  # at 480 ticks per beat and 0.48 s per beat a tick is 1 ms
        track.append(message.copy(time=due - ticks))
        ticks = due
    mido.MidiFile(type=0, ticks_per_beat=480, tracks=[track]).save(path)
    return path
