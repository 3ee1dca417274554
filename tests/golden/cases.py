"""Thirty ways of playing, as MIDI files of the player's part, each with the settings that it is answered with."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mido import Message, MidiFile, MidiTrack, second2tick

TICKS_PER_BEAT, TEMPO = 480, 500_000
SUSTAIN, SOSTENUTO, SOFT, ALL_NOTES_OFF = 64, 66, 67, 123


class Take:
    """What a player does, by time in seconds."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, Message]] = []

    def add(self, at: float, kind: str, **values: Any) -> Take:
        self.messages.append((at, Message(kind, **values)))
        return self

    def key(self, at: float, note: int, length: float = 0.4, velocity: int = 64, channel: int = 0) -> Take:
        self.add(at, "note_on", note=note, velocity=velocity, channel=channel)
        return self.add(at + length, "note_off", note=note, channel=channel)

    def cc(self, at: float, control: int, value: int, channel: int = 0) -> Take:
        return self.add(at, "control_change", control=control, value=value, channel=channel)

    def phrase(self, at: float, notes: tuple[int, ...] = (50, 53, 57), step: float = 0.5, channel: int = 0) -> Take:
        for i, note in enumerate(notes):
            self.key(at + i * step, note, 0.8 * step, 50 + 7 * i, channel)
        return self

    def chord(self, at: float, notes: tuple[int, ...], length: float = 0.6, channel: int = 0) -> Take:
        for i, note in enumerate(notes):
            self.key(at + 0.004 * i, note, length, 70, channel)
        return self

    def random(self, at: float, count: int, seed: int, channels: tuple[int, ...] = (0,)) -> Take:
        """Notes of a random walk; keys that are down are not struck again."""
        draws, pitch, free = random.Random(seed), 60, {}
        for _ in range(count):
            pitch = min(84, max(40, pitch + draws.choice((-7, -4, -2, -1, 1, 2, 3, 5, 12))))
            channel, length = draws.choice(channels), draws.choice((0.1, 0.25, 0.5, 0.9))
            if at >= free.get((channel, pitch), 0.0):
                self.key(at, pitch, length, draws.randint(20, 120), channel)
                free[channel, pitch] = at + length
            at += draws.choice((0.0, 0.11, 0.23, 0.4))
        return self

    def save(self, path: Path) -> None:
        track, now = MidiTrack(), 0
        for at, message in sorted(self.messages, key=lambda item: item[0]):
            tick = second2tick(at, TICKS_PER_BEAT, TEMPO)
            track.append(message.copy(time=tick - now))
            now = tick
        midi = MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT)
        midi.tracks.append(track)
        midi.save(path)


@dataclass(frozen=True)
class Case:
    play: Callable[[], Take]
    settings: dict[str, Any] = field(default_factory=dict)


def _pedalled(control: int, lifted: float) -> Take:
    return Take().cc(0, control, 127).phrase(0.1).cc(lifted, control, 0).phrase(9)


def _interrupted(step: float) -> Take:
    take = Take()
    for i in range(5):
        take.phrase(i * step, (55, 59, 62, 67 - i), 0.3)
    return take


def _shared_channel() -> Take:
    return Take().phrase(0).cc(2.3, SUSTAIN, 127).key(4.0, 62, 1.5).cc(6.5, SUSTAIN, 0).phrase(10)


CASES = {
    "one-note": Case(lambda: Take().key(0, 60)),
    "phrase": Case(lambda: Take().phrase(0)),
    "two-phrases": Case(lambda: Take().phrase(0).phrase(8, (72, 71, 69, 64), 0.25)),
    "chords": Case(lambda: Take().chord(0, (48, 55, 64)).chord(1, (50, 57, 65)).chord(2, (43, 53, 62, 71))),
    "random-walk": Case(lambda: Take().random(0, 60, 1)),
    "long-call": Case(lambda: Take().random(0, 150, 2)),
    "sustain": Case(lambda: _pedalled(SUSTAIN, 5.5)),
    "sustain-lifted-in-the-silence": Case(lambda: _pedalled(SUSTAIN, 1.75)),
    "sustain-lifted-late": Case(lambda: _pedalled(SUSTAIN, 2.9)),
    "sostenuto": Case(lambda: _pedalled(SOSTENUTO, 5.5)),
    "soft": Case(lambda: _pedalled(SOFT, 5.5)),
    "half-pedal": Case(lambda: Take().cc(0, SUSTAIN, 40).phrase(0).cc(1.6, SUSTAIN, 90).cc(3, SUSTAIN, 20)),
    "interrupted": Case(lambda: _interrupted(3.0)),
    "interrupted-in-the-silence": Case(lambda: _interrupted(1.7)),
    "interrupted-by-a-held-key": Case(lambda: Take().phrase(0).key(2.5, 60, 4.0)),
    "four-channels": Case(lambda: Take().random(0, 60, 3, (0, 1, 2, 5))),
    "drums": Case(lambda: Take().phrase(0).key(1.9, 36, channel=9).key(2.4, 38, channel=9).phrase(9)),
    "one-channel-heard": Case(
        lambda: Take().phrase(0, channel=3).phrase(0.2, (80, 81), channel=0).phrase(8, (80, 81)),
        {"channel": 4},
    ),
    "all-notes-off": Case(
        lambda: Take().add(0, "note_on", note=60).cc(1, ALL_NOTES_OFF, 0).phrase(6).add(7.6, "note_off", note=60)
    ),
    "panic-controller": Case(
        lambda: Take().phrase(0).cc(2.6, 20, 127).cc(2.7, 20, 0).phrase(4).cc(5.5, 20, 127).phrase(7),
        {"panic": "cc:20"},
    ),
    "panic-key": Case(lambda: Take().phrase(0).key(3, 21, 0.2).phrase(5), {"panic": "key:21"}),
    "panic-pedal": Case(lambda: Take().phrase(0).cc(3, SOSTENUTO, 127).cc(3.4, SOSTENUTO, 0), {"panic": "sostenuto"}),
    "same-channel": Case(_shared_channel, {"response_channel": 1}),
    "other-channel": Case(_shared_channel, {"response_channel": 7}),
    "window-of-the-player": Case(lambda: _interrupted(4.0), {"window_of": "player", "window": 6}),
    "short-responses": Case(lambda: _interrupted(4.0), {"response_min": 0.5, "response_max": 1.5}),
    "patient": Case(lambda: _interrupted(3.0), {"silence": 1.6}),
    "impatient": Case(lambda: _interrupted(3.0), {"silence": 0.1, "pedal_silence": 0.2}),
    "wheels-and-programs": Case(
        lambda: (
            Take()
            .add(0, "program_change", program=5)
            .phrase(0.1)
            .add(0.3, "pitchwheel", pitch=900)
            .add(0.9, "aftertouch", value=40)
            .add(1.0, "polytouch", note=53, value=20)
            .cc(1.1, 1, 77)
            .phrase(7)
        )
    ),
    "an-evening": Case(
        lambda: Take().random(0, 30, 4).cc(12, SUSTAIN, 100).random(14, 30, 5).cc(25, SUSTAIN, 0).random(40, 30, 6)
    ),
}
