"""The report of `livegen evaluate --time`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from livegen.bench.intime import calls, freedom, jam, songs
from livegen.bench.intime.calls import CLOSE
from livegen.bench.intime.freedom import Scored
from livegen.bench.intime.measures import Kept, measure
from livegen.config.settings import Settings
from livegen.engine import choose
from livegen.engine.card import Card
from livegen.engine.improviser import Improviser

RESPONSE_MAX = 10.0  # s, so that there are onsets 8 s after the first
REPORT_EVERY = 50  # calls

TARGETS = {
    "steady, 8 ms": {"on the grid": 0.97, "entries": 0.95},
    "steady, 20 ms": {"on the grid": 0.92, "entries": 0.95},
    "songs": {"on the grid": 0.92, "entries": 0.95},
}
"""The least shares, by group."""
COLUMNS = (
    "on the grid",
    "worst tenth",
    "the call itself",
    "by chance",
    "entries",
    "on a beat",
    "drift [ms]",
    "keep the swing",
)


@dataclass(frozen=True, slots=True)
class TimeReport:
    """How well responses keep the time of their calls."""

    model: str
    pulse: str  # the setting
    seed: int
    responses: tuple[Kept, ...]
    unanswered: int  # calls with a response of too few notes
    steps: tuple[Scored, ...]  # of real pieces

    def losses(self) -> dict[str, dict[str, float]]:
        """The loss of real steps with the pulse in force and without, by group."""
        names = dict.fromkeys(step.group for step in self.steps)
        return {name: _losses([step for step in self.steps if step.group == name]) for name in names}

    def groups(self) -> dict[str, dict[str, float]]:
        """The figures of COLUMNS, and the number of calls, by group."""
        names = dict.fromkeys(kept.group for kept in self.responses)
        return {name: _figures([kept for kept in self.responses if kept.group == name]) for name in names}

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        groups = {
            name: {"figures": {key: round(value, 5) for key, value in figures.items()}, "targets": TARGETS.get(name)}
            for name, figures in self.groups().items()
        }
        about = {"model": self.model, "pulse": self.pulse, "seed": self.seed, "unanswered": self.unanswered}
        losses = {name: {key: round(value, 5) for key, value in loss.items()} for name, loss in self.losses().items()}
        return about | {"groups": groups, "steps": losses, "responses": [asdict(kept) for kept in self.responses]}

    def text(self) -> str:
        """A table in Markdown."""
        lines = [
            f"{len(self.responses)} calls, answered by {self.model} with --pulse {self.pulse} and seed {self.seed}. "
            f"On the grid: share of onsets within {1000 * CLOSE:.0f} ms of a point of the call's own grid. "
            f"Without an answer: {self.unanswered}.",
            "",
            f"| calls | number | {' | '.join(COLUMNS)} |",
            f"|---|{'---|' * (len(COLUMNS) + 1)}",
        ]
        for name, figures in self.groups().items():
            cells = [_cell(column, figures.get(column), TARGETS.get(name, {})) for column in COLUMNS]
            lines.append(f"| {name} | {figures['calls']:.0f} | {' | '.join(cells)} |")
        if self.steps:
            lines += [
                "",
                "Loss of the step in real pieces, in nats per note (cells of 1 ms), without the pulse and with it.",
                "",
                "| pieces | notes | without | with | difference | in force |",
                "|---|---|---|---|---|---|",
            ]
        for name, loss in self.losses().items():
            lines.append(
                f"| {name} | {loss['notes']:.0f} | {loss['without']:.3f} | {loss['with']:.3f} | "
                f"{loss['with'] - loss['without']:+.4f} ± {loss['half']:.4f} | {loss['in force']:.3f} |"
            )
        return "\n".join(lines)


def _cell(column: str, value: float | None, targets: dict[str, float]) -> str:
    if value is None:
        return "-"
    if column == "drift [ms]":
        return f"{value:.1f}"
    least = targets.get(column)
    return f"{value:.3f}" + ("" if least is None else f" (at least {least:g}: {'yes' if value >= least else 'no'})")


def _figures(group: Sequence[Kept]) -> dict[str, float]:
    shares = np.array([kept.on_grid for kept in group])
    weights = np.array([kept.onsets for kept in group])
    drifts = [abs(kept.drift) for kept in group if kept.drift is not None]
    swings = [kept.keeps_swing for kept in group if kept.keeps_swing is not None]
    figures = {
        "calls": float(len(group)),
        "on the grid": float(np.average(shares, weights=weights)),
        "worst tenth": float(np.sort(shares)[: max(1, len(shares) // 10)].mean()),
        "the call itself": float(np.mean([kept.call for kept in group])),
        "by chance": float(np.average([kept.chance for kept in group], weights=weights)),
        "entries": float(np.mean([kept.entry_on_grid <= CLOSE for kept in group])),
        "on a beat": float(np.mean([kept.entry <= CLOSE for kept in group])),
    }
    if drifts:
        figures["drift [ms]"] = 1000 * float(np.mean(drifts))
    if swings:
        figures["keep the swing"] = float(np.mean(swings))
    return figures


def _losses(group: Sequence[Scored]) -> dict[str, float]:
    gains = np.array([step.gain for step in group])
    plain = float(np.mean([step.plain for step in group]))
    return {
        "notes": float(len(group)),
        "without": plain,
        "with": plain - float(gains.mean()),
        "half": 1.96 * float(gains.std()) / len(gains) ** 0.5,
        "in force": float(np.mean([step.in_force for step in group])),
    }


def report(
    card: Card,
    pulse: str,
    seed: int,
    progress: Callable[[str], object],
    folder: Path | None = None,
    split: str = "validation",
    limit: int | None = None,
) -> TimeReport:
    """Answer steady calls, and calls cut from songs.

    Args:
        card: of the model.
        pulse: the setting.
        seed: of the calls and of the responses.
        progress: gets progress messages, one line at a time.
        folder: of real pieces, for the loss of their steps; calls are cut from those with beats beside them. None:
            only steady calls.
        split: of the pieces.
        limit: use only this many steady calls and pieces, evenly spread.

    Raises:
        DataError: the folder has no such pieces, or one cannot be read.
        ModelError: the model cannot be played.
    """
    runtime = choose.choose(card, "cpu").runtime
    improviser, settings = Improviser(runtime), Settings(pulse=pulse, response_max=RESPONSE_MAX)
    pieces = _spread(songs.files(folder, split), limit) if folder is not None else []
    every = [*_spread(list(calls.steady(seed)), limit), *songs.cut(pieces, seed)]
    found: list[Kept] = []
    unanswered = 0
    for number, call in enumerate(every):
        if number % REPORT_EVERY == 0:
            progress(f"{number:,} of {len(every):,} calls")
        kept = measure(call, jam.answer(call.notes, improviser, settings, seed + number))
        if kept is None:
            unanswered += 1
        else:
            found.append(kept)
    steps = tuple(freedom.score(pieces, runtime, pulse, progress))
    return TimeReport(card.name, pulse, seed, tuple(found), unanswered, steps)


T = TypeVar("T")


def _spread(every: Sequence[T], limit: int | None) -> Sequence[T]:
    if limit is None:
        return every
    return [every[i * len(every) // limit] for i in range(min(limit, len(every)))]
