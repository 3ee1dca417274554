"""Hours of a simulated player, in virtual time.

    python -m tools.evening FOLDER --hours 1

The player plays pieces of FOLDER (MIDI files) to the session and the model. Now and then they turn a dial, press panic,
hand the turn over, or lose a port; they interrupt responses by going on. At the end nothing may sound, and nothing may
have grown. Prints what happened, and the wrong entries: responses that the player interrupted within a second.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from mido import Message

from livegen.bench.intime.songs import files
from livegen.config.settings import Settings
from livegen.engine import card, choose
from livegen.engine.improviser import Improviser
from livegen.engine.predictor import answer
from livegen.io import notes as reading
from livegen.live.daemon import stage_settings
from livegen.note import MonotonicTime
from livegen.stage.effects import Ask, Effect, MakePlan, ResponseEnded, ResponseStarted, Send
from livegen.stage.events import (
    Event,
    InputClosed,
    InputOpened,
    OutputClosed,
    OutputOpened,
    Panic,
    PortId,
    Received,
    SettingsChanged,
)
from livegen.stage.patience import WRONG
from livegen.stage.session import Session

KEYS, SYNTH = PortId("keys"), PortId("synth")
PHRASE = 20.0  # s of a piece that are played in a row, about
REST = (1.0, 8.0)  # s between two phrases
ODD = 0.15
"""The chance of something unusual after a phrase."""
DIALS: tuple[dict[str, Any], ...] = (
    {"patience": 0.5},
    {"patience": 4.0},
    {"silence": 0.4},
    {"silence": "auto"},
    {"temperature": 1.3},
    {"response_max": 3.0},
    {"response_max": 8.0},
    {"pulse": "off"},
    {"pulse": "auto"},
    {"thru": "on"},
    {"thru": "auto"},
    {"window": 12},
    {"window": 25},
    {"channel": 1},
    {"channel": "auto"},
)
HALVES = 2
"""The objects of Python are counted at the end of each half: the second may not have more."""
GROWTH = 1.1


class Evening:
    """A session, its player and its synth."""

    def __init__(self, improviser: Improviser, seed: int) -> None:
        self.settings = Settings()
        self.session = Session(stage_settings(self.settings))
        self.counts: Counter[str] = Counter()
        self.sounding: set[tuple[int, int]] = set()  # channel and key, at the synth
        self._improviser, self._seed = improviser, seed
        self._now, self._begun = MonotonicTime(0.0), MonotonicTime(0.0)
        for event in (InputOpened(KEYS, live=True, instrument="piano"), OutputOpened(SYNTH, returns=True)):
            self.do(event, 0.0)

    def do(self, event: Event | None, at: float) -> None:
        """Let time pass until `at`, then handle an event."""
        while (due := self.session.next_due) is not None and due <= at:
            self._now = max(self._now, due)
            self._step(None)
        self._now = max(self._now, MonotonicTime(at))
        self._step(event)

    def _step(self, event: Event | None) -> None:
        for effect in self.session.step(event, self._now):
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, Send):
            self._play(effect.message)
        elif isinstance(effect, MakePlan | Ask):
            self.counts["plans" if isinstance(effect, MakePlan) else "composed"] += 1
            self._step(answer(self._improviser, effect, seed=self._seed))
        elif isinstance(effect, ResponseStarted):
            self.counts["responses"] += 1
            self._begun = effect.at
        elif isinstance(effect, ResponseEnded) and effect.by_player:
            self.counts["interrupted"] += 1
            self.counts["wrong entries"] += effect.at < self._begun + WRONG

    def _play(self, message: Message) -> None:
        if message.type == "note_on" and message.velocity > 0:
            self.sounding.add((message.channel, message.note))
        elif message.type in ("note_on", "note_off"):
            self.sounding.discard((message.channel, message.note))
        elif message.type == "control_change" and message.control in (120, 123):
            self.sounding = {key for key in self.sounding if key[0] != message.channel}

    def change(self, at: float, dial: dict[str, Any]) -> None:
        self.settings = replace(self.settings, **dial)
        self.do(SettingsChanged(stage_settings(self.settings)), at)

    def close(self, at: float) -> None:
        self.do(InputClosed(KEYS, MonotonicTime(at)), at)
        for effect in self.session.close(self._now):
            self._perform(effect)


def phrases(paths: list[Path], draws: random.Random) -> Iterator[list[tuple[float, Message]]]:
    """Messages of phrases without end, each with its time from the beginning of the phrase."""
    while True:
        notes = reading.read(draws.choice(paths))
        start = draws.uniform(0, max(0.0, notes[-1].onset - PHRASE))
        played = [note for note in notes if start <= note.onset < start + draws.uniform(0.2, 1.8) * PHRASE]
        strokes = [
            (note.onset - start, 1, Message("note_on", note=note.pitch, velocity=note.velocity)) for note in played
        ]
        strokes += [(note.end - start, 0, Message("note_off", note=note.pitch)) for note in played]
        yield [(at, message) for at, _, message in sorted(strokes, key=lambda stroke: stroke[:2])]


def oddity(evening: Evening, at: float, draws: random.Random) -> None:
    """Something that does not happen after every phrase."""
    kind = draws.choice(("dial", "panic", "hand over", "port", "synth"))
    evening.counts[kind] += 1
    match kind:
        case "dial":
            evening.change(at, draws.choice(DIALS))
        case "panic":
            evening.do(Panic(MonotonicTime(at)), at)
        case "hand over":
            for value in (127, 0):
                evening.do(Received(Message("control_change", control=67, value=value), MonotonicTime(at), KEYS), at)
        case "port":
            evening.do(InputClosed(KEYS, MonotonicTime(at)), at)
            evening.do(InputOpened(KEYS, live=True, instrument="piano"), at + 0.2)
        case "synth":
            evening.do(OutputClosed(SYNTH, MonotonicTime(at)), at)
            evening.sounding.clear()  # it was switched off
            evening.do(OutputOpened(SYNTH, returns=True), at + 0.2)


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


def main(arguments: list[str] | None = None) -> int:
    """Play, and print what happened. Returns 1 if something sounds or has grown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    draws = random.Random(given.seed)
    evening = Evening(Improviser(choose.choose(card.find("livegen"), "cpu").runtime), given.seed)
    began, at, counted = time.perf_counter(), 1.0, list[int]()
    for phrase in phrases(files(given.folder, "validation"), draws):
        for offset, message in phrase:
            evening.do(Received(message, MonotonicTime(at + offset), KEYS), at + offset)
        at += (phrase[-1][0] if phrase else 0.0) + draws.uniform(*REST)
        if draws.random() < ODD:
            oddity(evening, at, draws)
        if at > given.hours * 3600 * (len(counted) + 1) / HALVES:
            counted.append(objects())
            if len(counted) == HALVES:
                break
    evening.close(at + 60)
    took = time.perf_counter() - began
    sys.stdout.write(f"{at / 3600:.2f} hours in {took:.0f} s; seed {given.seed}\n")
    for name, count in sorted(evening.counts.items()):
        sys.stdout.write(f"{name:<14}{count:>6}  {count / at * 60:.2f} a minute\n")
    sys.stdout.write(
        f"sounding at the end: {len(evening.sounding)}; objects of Python: {counted[0]:,}, {counted[1]:,}\n"
    )
    return int(bool(evening.sounding) or counted[1] > GROWTH * counted[0])


if __name__ == "__main__":
    sys.exit(main())
