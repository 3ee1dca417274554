"""`livegen evaluate --turns`: how long a partner waits who comes in too early so often.

After every onset of real pieces, a rule says how long the silence may be before it responds. If the player's next onset
comes later than that, it was a wrong entry. A rule that waits longer has fewer of them; so rules are compared by their
mean wait at equal rates of wrong entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livegen.bench.intime.jam import CALL, Unheard
from livegen.bench.intime.songs import files
from livegen.config.settings import Settings
from livegen.encoding import CELL, TIME_EDGES
from livegen.engine import choose
from livegen.engine.card import Card
from livegen.engine.improviser import Improviser
from livegen.errors import DataError
from livegen.io import notes as reading
from livegen.io.file_player import from_file
from livegen.io.inbox import VirtualInbox
from livegen.io.output import opened
from livegen.io.publisher import Published, Publisher
from livegen.live.daemon import stage_settings
from livegen.live.loop import Loop, Outputs
from livegen.note import WINDOW, MonotonicTime, to_notes
from livegen.stage.control import PEDALS
from livegen.stage.effects import MakePlan, Request, ResponseEnded, ResponseStarted, Unused
from livegen.stage.events import InputClosed, InputOpened, Predicted, Received, ResponseNote
from livegen.stage.patience import WRONG
from livegen.stage.session import Session

RATES = (0.5, 1.0, 2.0, 4.0)
"""Wrong entries a minute."""
NEIGHBOURS = {"AI Duet": 0.6, "the Continuator": 1.0, "notochord": 0.25}
"""The fixed silences of other programs, in s."""
PIECES, NOTES = 30, 800
"""Pieces of a folder, and notes from the beginning of each."""
EVERY = 2
"""Only after every second onset: they are alike."""
QUANTILE = 0.9
"""Of the recent steps, which the rule `gaps` multiplies."""
SHORTEST = 0.2  # s, that `gaps` and the model wait at least
PLAYED = 3
"""Only every third piece is played to the whole of livegen."""
RESPONSE = (ResponseNote(60, 0.0, 2 * WRONG, 64),)
HALVINGS = 40
"""Of the interval in which a rule's parameter is found."""

_EDGES = np.array(TIME_EDGES) * CELL
Floats = NDArray[np.float64]
Rule = Callable[[float], Floats]
"""From its parameter to the silence after each onset."""


@dataclass(frozen=True, slots=True)
class Moments:
    """The onsets of some pieces, in arrays of shape (onsets,)."""

    steps: Floats  # (onsets, bins): the probability of each bin of the next step, as the model expects it
    true: Floats  # s, the next step
    recent: Floats  # s, the QUANTILE of the steps before

    @property
    def minutes(self) -> float:
        return float(self.true.sum()) / 60

    def wrong(self, silence: Floats | float) -> float:
        """Wrong entries a minute."""
        return float((self.true > silence).sum()) / self.minutes

    def fixed(self, silence: float) -> Floats:
        return np.full(len(self.true), silence)

    def gaps(self, factor: float) -> Floats:
        return np.maximum(SHORTEST, factor * self.recent)

    def model(self, cost: float) -> Floats:
        """`livegen.stage.silence.worth_waiting`, for all onsets at once."""
        first = int(np.searchsorted(_EDGES, SHORTEST))
        later = 1 - self.steps[:, :-1].cumsum(axis=1)[:, first - 1 :]
        silences: Floats = _EDGES[first:][(_EDGES[first:] + cost * later).argmin(axis=1)]
        return silences

    def at_rate(self, rate: float, rule: Rule, low: float, high: float) -> tuple[float, float]:
        """The parameter with which a rule has at most `rate` wrong entries a minute, and its mean silence in s."""
        for _ in range(HALVINGS):
            middle = (low * high) ** 0.5
            if self.wrong(rule(middle)) > rate:
                low = middle
            else:
                high = middle
        return high, float(rule(high).mean())


@dataclass(frozen=True, slots=True)
class At:
    """Mean silences in s at one rate of wrong entries a minute."""

    rate: float
    fixed: float
    gaps: float
    model: float
    cost: float  # of a wrong entry, in s of silence, with which the model has this rate

    @classmethod
    def of(cls, moments: Moments, rate: float) -> At:
        cost, model = moments.at_rate(rate, moments.model, 0.01, 1e6)
        _, fixed = moments.at_rate(rate, moments.fixed, 0.02, 20)
        _, gaps = moments.at_rate(rate, moments.gaps, 0.1, 100)
        return cls(rate, fixed, gaps, model, cost)


@dataclass(frozen=True, slots=True)
class Played:
    """What happens if the player goes on as the pieces do, and livegen plays along with --silence auto."""

    patience: float  # the setting
    minutes: float
    entries: int  # responses that began
    wrong: int  # of them, interrupted within WRONG
    unused: int  # responses that were composed in vain
    plans: int

    def plain(self) -> dict[str, float]:
        """For JSON. All but `patience` are for each minute."""
        counts = {"entries": self.entries, "wrong": self.wrong, "unused": self.unused, "plans": self.plans}
        return {"patience": self.patience} | {name: round(count / self.minutes, 3) for name, count in counts.items()}


@dataclass(frozen=True, slots=True)
class TurnReport:
    """How long each rule waits."""

    model: str
    folder: Path
    pieces: int
    onsets: int
    minutes: float
    curve: tuple[At, ...]
    neighbours: tuple[tuple[str, float, At], ...]  # name, its fixed silence, and all rules at its rate
    played: tuple[Played, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "model": self.model,
            "data": str(self.folder),
            "pieces": self.pieces,
            "onsets": self.onsets,
            "minutes": round(self.minutes, 1),
            "turns": [_plain(at) for at in self.curve],
            "neighbours": [{"name": name, "silence": silence} | _plain(at) for name, silence, at in self.neighbours],
            "played": [played.plain() for played in self.played],
        }

    def text(self) -> str:
        """A table in Markdown."""
        lines = [
            f"{self.folder.name}: {self.onsets:,} onsets of {self.pieces} pieces, {self.minutes:.0f} minutes. "
            "Mean silence in s before a response, at equal rates of wrong entries.",
            "",
            "| wrong entries a minute | fixed silence | factor of recent gaps | model | model / fixed |",
            "|---|---|---|---|---|",
            *(_row(f"{at.rate:g}", at) for at in self.curve),
            *(_row(f"{at.rate:.1f}: {name} ({silence:g} s)", at) for name, silence, at in self.neighbours),
            "",
            "The whole of livegen, with keys and pedals, while a player goes on as the pieces do. For each minute:",
            "",
            "| --patience | responses | interrupted within a second | composed in vain | plans |",
            "|---|---|---|---|---|",
            *(f"| {' | '.join(f'{value:g}' for value in played.plain().values())} |" for played in self.played),
        ]
        return "\n".join(lines)


def _plain(at: At) -> dict[str, float]:
    seconds = {"fixed": at.fixed, "gaps": at.gaps, "model": at.model, "cost": at.cost}
    return {"rate": round(at.rate, 3)} | {name: round(value, 4) for name, value in seconds.items()}


def _row(name: str, at: At) -> str:
    return f"| {name} | {at.fixed:.2f} | {at.gaps:.2f} | {at.model:.2f} | {at.model / at.fixed:.2f} |"


def moments(improviser: Improviser, paths: Sequence[Path], progress: Callable[[str], object]) -> Moments:
    """What happens, and what the model expects, after the onsets of these MIDI files.

    Raises:
        DataError: a file cannot be read, or they are too short.
    """
    steps: list[Sequence[float]] = []
    true: list[float] = []
    recent: list[float] = []
    for number, path in enumerate(paths):
        progress(f"{number:,} of {len(paths):,} pieces")
        notes = to_notes(reading.read(path)[:NOTES])
        for place in range(WINDOW, len(notes), EVERY):
            before = notes[place - WINDOW : place]
            steps.append(improviser.expects(before).steps)
            true.append(notes[place].step)
            recent.append(float(np.quantile([note.step for note in before[1:]], QUANTILE)))
    if not true:
        raise DataError(f"{paths[0].parent}: no piece has more than {WINDOW} notes.")
    return Moments(np.array(steps), np.array(true), np.array(recent))


def heard(path: Path) -> list[Received | InputClosed]:
    """The keys and pedals of a MIDI file, up to the onset of its note NOTES. The soft pedal colours the sound there:
    it does not give the turn to livegen.

    Raises:
        DataError: the file cannot be read, or has no notes.
    """
    last = reading.read(path)[:NOTES][-1].onset
    soft = PEDALS["soft"]
    played: list[Received | InputClosed] = [
        event
        for event in from_file(path, MonotonicTime(0.0), CALL).events
        if isinstance(event, Received) and event.at <= last and not event.message.is_cc(soft)
    ]
    return [*played, InputClosed(CALL, last)]


def play(improviser: Improviser, paths: Sequence[Path], patience: float) -> Played:
    """Play these MIDI files as the player. The responses are short: only their beginnings count."""
    settings = stage_settings(Settings(patience=patience))
    seconds, counts = 0.0, Counter[type]()
    wrong = 0
    for path in paths:
        events = heard(path)
        inbox = VirtualInbox(events)
        turns = _Turns()
        publisher = Publisher(turns)

        def answer(request: Request, inbox: VirtualInbox = inbox) -> None:
            if isinstance(request, MakePlan):
                counts[MakePlan] += 1
                inbox.put(request.answer(improviser.expects(request.context, request.window)))
            else:
                inbox.put(Predicted(request.id, RESPONSE, 0.0))

        output = Unheard()
        loop = Loop(Session(settings), inbox, Outputs((output,), publisher), answer, publisher)
        loop.open([InputOpened(CALL, live=False), opened(output)])
        loop.run()
        seconds += events[-1].at
        counts.update(turns.counts)
        wrong += turns.wrong
    return Played(patience, seconds / 60, counts[ResponseStarted], wrong, counts[Unused], counts[MakePlan])


class _Turns:
    """A listener that counts responses."""

    def __init__(self) -> None:
        self.counts, self.wrong = Counter[type](), 0
        self._begun = MonotonicTime(0.0)

    def take(self, item: Published) -> None:
        self.counts[type(item)] += 1
        if isinstance(item, ResponseStarted):
            self._begun = item.at
        elif isinstance(item, ResponseEnded) and item.by_player and item.at < self._begun + WRONG:
            self.wrong += 1


def report(card: Card, folder: Path, split: str, limit: int | None, progress: Callable[[str], object]) -> TurnReport:
    """Compare the rules on some pieces of a folder.

    Args:
        card: of the model.
        folder: of MIDI files.
        split: of the pieces, if the folder has a table of splits.
        limit: the number of pieces; None: PIECES.
        progress: gets progress messages, one line at a time.

    Raises:
        DataError: the folder has no such pieces, or one cannot be read.
        ModelError: the model cannot be played.
    """
    found = files(folder, split)
    count = min(limit or PIECES, len(found))
    paths = [found[i * len(found) // count] for i in range(count)]
    improviser = Improviser(choose.choose(card, "cpu").runtime)
    each = moments(improviser, paths, progress)
    curve = tuple(At.of(each, rate) for rate in RATES)
    others = tuple((name, silence, At.of(each, each.wrong(silence))) for name, silence in NEIGHBOURS.items())
    progress("the same pieces, played to livegen")
    played = tuple(play(improviser, paths[::PLAYED], rate) for rate in RATES)
    return TurnReport(card.name, folder, count, len(each.true), each.minutes, curve, others, played)
