"""Hours of a simulated player, in virtual time.

    python -m tools.evening FOLDER --hours 1

The player plays phrases of the pieces in FOLDER (MIDI files; the validation split, if there is one), with their sustain
pedal, to the session and the model. After a phrase they wait, then interrupt the response or let it end. Now and then
they turn dials to random values, press panic, hand the turn over, clear the memory, or lose a port. At the end nothing
may sound, and nothing may have grown. Prints what happened, and the wrong entries: responses that the player
interrupted within a second, because the phrase was not over.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mido import Message

from livegen.bench.intime.songs import files
from livegen.config.settings import DEFAULTS, Settings
from livegen.engine import card, choose
from livegen.engine.improviser import Improviser
from livegen.io.file_player import messages
from livegen.live.daemon import stage_settings
from livegen.live.memory import Memory
from livegen.live.model import ModelAtOnce
from livegen.note import MonotonicTime
from livegen.smf import events
from livegen.stage.control import DOWN, PEDALS
from livegen.stage.effects import Ask, CallEnded, Effect, MakePlan, NoteEnded, ResponseEnded, ResponseStarted, Send
from livegen.stage.events import (
    Answer,
    Event,
    Failed,
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
from tools.pretended import Pretended

KEYS, SYNTH = PortId("keys"), PortId("synth")
PHRASE = (4.0, 36.0)  # s of a piece that are played in a row
REST = (5.0, 14.0)
"""s between two phrases. A response begins before that, so who plays on within a second of it had not finished."""
ODD = 0.15
"""The chance of something unusual after a phrase."""
RANGES: dict[str, tuple[float, float]] = {
    "patience": (0.1, 20.0),
    "silence": (0.1, 3.0),
    "silence_min": (0.1, 1.0),
    "silence_max": (0.3, 4.0),
    "pedal_silence": (0.1, 4.0),
    "response_min": (0.5, 3.0),
    "response_max": (3.0, 16.0),
    "tempo": (40.0, 220.0),
    "temperature": (0.05, 3.0),
    "top_p": (0.05, 1.0),
    "min_p": (0.0, 0.9),
    "like": (0.0, 1.0),
    "memory": (0.0, 1.0),
}
CHOICES: dict[str, tuple[object, ...]] = {
    "silence": ("auto",),
    "tempo": ("auto",),
    "window": (1, 12, 25, 80),
    "window_of": ("both", "player"),
    "length": ("auto", "2bars", "3beats"),
    "pulse": ("auto", "off", "strict"),
    "channel": ("auto", "all", 1, 2),
    "response_channel": ("auto", 1, 5),
    "thru": ("auto", "on", "off"),
    "hand_over": ("soft", "none"),
    "not_done": ("none", "sostenuto"),
    "state_control": ("none", "cc:20"),
}
MOST_DIALS = 4
"""Turned at a time. As often, all go back to their defaults: else the evening ends with none of them there."""
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
        self.down: set[int] = set()  # channels whose sustain pedal is down there
        self.memory = Memory()
        self._model = ModelAtOnce(improviser, self._answered, seed=seed)
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

    def _answered(self, answer: Answer) -> None:
        if isinstance(answer, Failed):
            raise AssertionError(answer.error)  # noqa: TRY004  (an answer of the model, not a wrong argument)
        self._step(answer)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Send():
                self._play(effect.message)
            case MakePlan() | Ask():
                self.counts["plans" if isinstance(effect, MakePlan) else "composed"] += 1
                self._model.ask(effect)
            case NoteEnded() | CallEnded():
                with self.memory.taught(self._model):
                    self.memory.take(effect)
            case ResponseStarted():
                self.counts["responses"] += 1
                self._begun = effect.at
            case ResponseEnded(by_player=True):
                self.counts["interrupted"] += 1
                self.counts["wrong entries"] += effect.at < self._begun + WRONG

    def _play(self, message: Message) -> None:
        if message.type == "note_on" and message.velocity > 0:
            self.sounding.add((message.channel, message.note))
        elif message.type in ("note_on", "note_off"):
            self.sounding.discard((message.channel, message.note))
        elif message.is_cc(120) or message.is_cc(123):
            self.sounding = {key for key in self.sounding if key[0] != message.channel}
        elif message.is_cc(PEDALS["sustain"]):
            (self.down.add if message.value >= DOWN else self.down.discard)(message.channel)
        elif message.is_cc(121):
            self.down.discard(message.channel)

    def change(self, at: float, dials: Mapping[str, Any]) -> None:
        """New values of some settings."""
        self.settings = replace(self.settings, **dials)
        self.do(SettingsChanged(stage_settings(self.settings)), at)

    def forget(self) -> None:
        with self.memory.taught(self._model):
            self.memory.forget()

    def close(self, at: float) -> None:
        self.do(InputClosed(KEYS, MonotonicTime(at)), at)
        for effect in self.session.close(self._now):
            self._perform(effect)


def phrases(paths: list[Path], draws: random.Random) -> Iterator[list[Message]]:
    """Phrases without end: keys and the sustain pedal, each message with its time from the beginning of the phrase."""
    while True:
        played = messages(events.read(draws.choice(paths)))
        length = draws.uniform(*PHRASE)
        start = draws.uniform(0.0, max(0.0, played[-1].time - length))
        yield list(phrase(played, start, length))


def phrase(played: list[Message], start: float, length: float) -> Iterator[Message]:
    """The notes that begin in a part of a piece, each with its end, and the pedal, which is lifted after the last."""
    down: set[tuple[int, int]] = set()
    pedal, last = PEDALS["sustain"], 0.0
    for message in played:
        at = message.time - start
        inside = 0 <= at < length
        key = (message.channel, message.note) if message.type in ("note_on", "note_off") else None
        begins = message.type == "note_on" and message.velocity > 0
        if key is not None and begins and inside:
            down.add(key)
        elif key in down and not begins:
            down.discard(key)
        elif not (inside and message.is_cc(pedal)):
            continue
        last = at
        yield message.copy(time=at)
    yield Message("control_change", control=pedal, time=last)


def turned(draws: random.Random) -> dict[str, object]:
    """Random values of some settings, or the defaults of all."""
    names = sorted({*RANGES, *CHOICES})
    if draws.random() < 0.5:
        return {name: getattr(DEFAULTS, name) for name in names}
    return {name: _value(name, draws) for name in draws.sample(names, draws.randint(1, MOST_DIALS))}


def _value(name: str, draws: random.Random) -> object:
    if name in RANGES and (name not in CHOICES or draws.random() < 0.5):
        return draws.uniform(*RANGES[name])
    return draws.choice(CHOICES[name])


def oddity(evening: Evening, at: float, draws: random.Random) -> None:
    """Something that does not happen after every phrase."""
    kind = draws.choice(("dials", "panic", "hand over", "port", "synth", "forget"))
    evening.counts[kind] += 1
    match kind:
        case "dials":
            evening.change(at, turned(draws))
        case "panic":
            evening.do(Panic(MonotonicTime(at)), at)
        case "hand over":
            for value in (127, 0):
                soft = Message("control_change", control=PEDALS["soft"], value=value)
                evening.do(Received(soft, MonotonicTime(at), KEYS), at)
        case "port":
            evening.do(InputClosed(KEYS, MonotonicTime(at)), at)
            evening.do(InputOpened(KEYS, live=True, instrument="piano"), at + 0.2)
        case "synth":
            evening.do(OutputClosed(SYNTH, MonotonicTime(at)), at)
            evening.sounding.clear()  # it was switched off
            evening.down.clear()
            evening.do(OutputOpened(SYNTH, returns=True), at + 0.2)
        case "forget":
            evening.forget()


def objects(evening: Evening) -> int:
    """The objects of Python, without messages: pieces are longer or shorter.

    What livegen remembers of the player is meant to grow, and is forgotten first.
    """
    evening.forget()
    gc.collect()
    return sum(not isinstance(each, Message) for each in gc.get_objects())


def main(arguments: list[str] | None = None) -> int:
    """Play, and print what happened. Returns 1 if something sounds, a pedal is down, or something has grown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--odd", type=float, default=ODD, help="The chance of something unusual after a phrase.")
    parser.add_argument("--patience", type=float, default=DEFAULTS.patience)
    parser.add_argument("--pretend", action="store_true", help="Use a model of random notes, which takes no time.")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    draws = random.Random(given.seed)
    model = Pretended() if given.pretend else choose.choose(card.find("livegen"), "cpu").improviser()
    evening = Evening(model, given.seed)
    evening.change(0.0, {"patience": given.patience})
    began, at, played, counted = time.perf_counter(), 1.0, 0.0, list[int]()
    for phrase in phrases(files(given.folder, "validation"), draws):
        for message in phrase:
            now = MonotonicTime(at + message.time)
            evening.do(Received(message.copy(time=0), now, KEYS), now)
        played += phrase[-1].time
        at += phrase[-1].time + draws.uniform(*REST)
        if draws.random() < given.odd:
            oddity(evening, at - draws.uniform(0.0, REST[0]), draws)
        if at > given.hours * 3600 * (len(counted) + 1) / HALVES:
            counted.append(objects(evening))
            if len(counted) == HALVES:
                break
    evening.close(at + 60)
    took = time.perf_counter() - began
    sys.stdout.write(f"{at / 3600:.2f} hours, {played / 3600:.2f} of them played, in {took:.0f} s; seed {given.seed}\n")
    for name, count in sorted(evening.counts.items()):
        sys.stdout.write(f"{name:<14}{count:>6}  {count / played * 60:.2f} a minute of playing\n")
    sys.stdout.write(
        f"at the end: {len(evening.sounding)} notes sound, {len(evening.down)} pedals are down; "
        f"objects of Python: {counted[0]:,}, {counted[1]:,}\n"
    )
    return int(bool(evening.sounding or evening.down) or counted[1] > GROWTH * counted[0])


if __name__ == "__main__":
    sys.exit(main())
