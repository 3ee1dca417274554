"""What `livegen evaluate --generate` tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any

from livegen.engine.card import Card
from livegen.engine.sampling import Sampling
from livegen.errors import DataError
from livegen.training import Tell, corpus
from livegen.training.evaluate import refuse_seen
from livegen.training.judge import endurance
from livegen.training.judge.continuations import LONG, LOOP, SHORT, Continuer, draw_prompts, model
from livegen.training.judge.verdict import Bounds, Estimate, MetricRow, facts, verdict
from livegen.training.report import distinct

MARKS = {"yes": "✓", "interval": "(✓)", "no": "✗"}
NONE = "-"
LEGEND = (
    f"✓ on target, (✓) only its interval of 95 % reaches it, ✗ not, {NONE} no figure;"
    " in brackets what the figure is a ratio of"
)
MEANINGS = {
    "distance": "Distance from the truth",
    "spread": "Spread of notes 401-500 to that of 1-100",
    "n-grams": "n-grams shared with",
    "follows": "Follows the call in",
}
UNSEEN = {False: "of the validation split", True: "held out of the train split"}


@dataclass(frozen=True, slots=True)
class GenerationReport:
    continuers: tuple[str, ...]  # names, the model first
    held_out: bool
    prompts: int
    pieces: int
    notes: int  # that the model played
    sampling: Sampling
    seed: int
    rows: tuple[MetricRow, ...]

    def plain(self) -> dict[str, Any]:
        """For JSON. What is not known is null."""
        about = {name: getattr(self, name) for name in ("prompts", "pieces", "notes", "seed")}
        split = "train, held out" if self.held_out else "validation"
        return {
            "players": self.continuers,
            **about,
            "split": split,
            "sampling": asdict(self.sampling),
            "measures": [_plain(row) for row in self.rows],
        }

    def text(self) -> str:
        """For people: tables in Markdown."""
        s = self.sampling
        lines = [
            f"{self.prompts:,} prompts, from {self.pieces} pieces {UNSEEN[self.held_out]}, continued by {SHORT} notes, "
            f"every fifth of them by {LONG}; {self.continuers[0]} draws at temperature {s.temperature:g}, "
            f"top-p {s.top_p:g}, min-p {s.min_p:g}, with seed {self.seed}.",
        ]
        for group, meaning in MEANINGS.items():
            rows = [row for row in self.rows if row.group == group]
            truth = "between halves" if group == "distance" else "truth"
            table = [(meaning, "target", truth, *self.continuers), *([_cells(row, self.continuers) for row in rows])]
            lines += ["", *_markdown(table)]
        return "\n".join([*lines, "", f"{LEGEND}. {self._score()}"])

    def _score(self) -> str:
        scores = []
        for continuer in self.continuers:
            met = [row.target.met(row.figures[continuer]) for row in self.rows]
            scores.append(f"{continuer} {met.count('yes')} + {met.count('interval')}")
        return f"Of {len(self.rows)} targets on + by interval: {', '.join(scores)}."


def _plain(row: MetricRow) -> dict[str, Any]:
    def told(estimate: Estimate) -> dict[str, float | None]:
        return {"value": _known(estimate.value), "half": _known(estimate.half)}

    continuers = {
        name: {**told(figure), "plain": _known(row.plain[name]) if row.plain else None, "met": row.target.met(figure)}
        for name, figure in row.figures.items()
    }
    target = {"low": _known(row.target.low), "high": _known(row.target.high)}
    return {"group": row.group, "name": row.name, "target": target, "truth": told(row.truth), "players": continuers}


def _known(value: float) -> float | None:
    return round(value, 5) if isfinite(value) else None


def _cells(row: MetricRow, continuers: Sequence[str]) -> tuple[str, ...]:
    digits = 4 if row.group in ("distance", "n-grams") else 2

    def cell(name: str) -> str:
        figure, plain = row.figures[name], row.plain.get(name, nan)
        of = f" [{plain:.{digits}f}]" if isfinite(plain) else ""
        if not isfinite(figure.value):
            return f"{NONE}{of}"
        return f"{figure.value:.2f} ± {_text(figure.half, 2)}{of} {MARKS[row.target.met(figure)]}"

    interval = "" if row.group == "distance" else f" ± {_text(row.truth.half, digits)}"
    truth = f"{row.truth.value:.{digits}f}{interval}" if isfinite(row.truth.value) else NONE
    return row.name, _target(row.target), truth, *map(cell, continuers)


def _text(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if isfinite(value) else NONE


def _target(target: Bounds) -> str:
    return f"{target.low:g} to {target.high:g}" if isfinite(target.low) else f"at most {target.high:g}"


def _markdown(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    head, *rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in table
    ]
    return [head, "|" + "|".join("-" * (width + 2) for width in widths) + "|", *rows]


def report(
    card: Card,
    folder: Path,
    count: int,
    sampling: Sampling,
    seed: int,
    *,
    held_out: bool,
    others: Sequence[Continuer],
    tell: Tell,
) -> GenerationReport:
    """Judge a model, a looped prompt and `others` on the same prompts.

    Args:
        card: of the model.
        folder: MAESTRO's.
        count: of prompts.
        sampling: of the model.
        seed: of the prompts, the draws and the intervals.
        held_out: take the prompts from pieces held out of the train split: to choose by.
        others: that play beside it.
        tell: takes a line now and then.

    Raises:
        DataError: the data is not MAESTRO, no piece is long enough, or the model was trained on pieces of the prompts.
        ModelError: the model cannot be played.
    """
    tell(f"reading {folder}")
    pieces = corpus.maestro_split(folder, "train")
    if held_out:
        seen = set(card.training.hashes.split())
        trained, pieces = ([p for p in pieces if (corpus.short(p.sha256) in seen) is so] for so in (True, False))
        if not pieces:
            raise DataError(f"{card.name} was trained on all of the train split: no piece of it was held out.")
    else:
        trained, pieces = pieces, corpus.maestro_split(folder, "validation")
    playing = (model(card, sampling), LOOP, *others)
    continuers = dict(zip(distinct(continuer.name for continuer in playing), playing, strict=True))
    hashes = {piece.name: piece.sha256 for piece in pieces}
    for name, continuer in continuers.items():
        refuse_seen(name, continuer.seen, hashes)
    train = endurance.index(piece.notes for piece in trained)
    prompts = draw_prompts(pieces, count, seed)
    played = {name: continuer.continue_prompts(prompts, seed, tell) for name, continuer in continuers.items()}
    tell("comparing")
    truth = facts(prompts, [prompt.truth for prompt in prompts], train)
    found = {name: facts(prompts, responses, train) for name, responses in played.items()}
    return GenerationReport(
        continuers=tuple(found),
        held_out=held_out,
        prompts=count,
        pieces=len({prompt.piece for prompt in prompts}),
        notes=sum(map(len, played[card.name])),
        sampling=sampling,
        seed=seed,
        rows=tuple(verdict(prompts, truth, found, seed)),
    )
