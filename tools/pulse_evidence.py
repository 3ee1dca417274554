"""Measures how well a call with a pulse is told from a free one, and fits the factors of the evidence.

    python -m tools.pulse_evidence --pulse POP909 --free MAESTRO [--fit]

Calls of 16 to 70 notes are cut from the pieces of each data set. Each is judged twice: as the first that livegen
hears, and after up to 300 notes of the same piece. With them come steady calls of an inexact player, made by a program.
For each kind: the share of the calls in which a pulse is found, and is certain; and how many nats less a step costs
with it, the mean over the next eight.

--fit: a logistic regression of what `livegen.stage.evidence` weighs, on works held out of the train splits. Each kind
counts as much as another. Without it, the validation splits are measured; of a folder without splits, all pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import exp, log
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from livegen.bench.intime import songs
from livegen.bench.intime.calls import steady
from livegen.cli.runner import PATH, module
from livegen.config.settings import Settings
from livegen.encoding import context
from livegen.engine import card, choose
from livegen.engine.drawing import STEADIEST, Drawing, support
from livegen.engine.improviser import UNSURE
from livegen.engine.runtime import Runtime, how
from livegen.io import notes as reading
from livegen.live.daemon import stage_settings
from livegen.note import WINDOW, SoundedNote, Struck, to_notes
from livegen.stage.evidence import ENOUGH, MOST, Evidence
from livegen.stage.fit import STRAY
from livegen.stage.intime import InTime
from livegen.training.corpus import hold_out, read_folder

SHORTEST, LONGEST = 16, 70  # notes of a call
BEFORE = 60, 300  # notes that were heard before it
NEXT = 8  # notes that are scored
CALLS = 7  # from each piece
SEED = 77
NEWTON, RIDGE = 30, 1e-6


@dataclass(frozen=True, slots=True)
class Judged:
    """A call."""

    kind: str
    pulse: bool  # it has one
    evidence: Evidence | None  # None: too few onsets
    gains: tuple[float, ...]  # of the next steps, in nats, on the grid as if it were certain

    @property
    def certainty(self) -> float:
        return self.evidence.certainty if self.evidence is not None else 0.0

    @property
    def gain(self) -> float:
        """Nats that the next steps cost less with the pulse, as certain as it is; the mean over them."""
        certainty = self.certainty
        return float(np.mean([log(certainty * exp(gain) + 1 - certainty) for gain in self.gains] or [0.0]))


def judge(
    heard: Sequence[SoundedNote], following: Sequence[SoundedNote], runtime: Runtime
) -> tuple[Evidence | None, tuple[float, ...]]:
    """What speaks for a pulse after what was heard, and the gain of each of the next steps on its grid, in nats."""
    time = InTime(stage_settings(Settings(pulse="auto")))
    for each in heard:
        time.hear(Struck(each.pitch, each.onset, each.velocity))
    last = heard[-1].onset
    notes = to_notes([*heard[-WINDOW:], *following])
    known = len(notes) - len(following)
    steps: list[tuple[float, NDArray[np.float32]]] = []  # each note's, and the logits before it
    state, sampling = runtime.begin(), how()
    for note, token in zip(notes, context(notes), strict=True):
        steps.append((note.step, state.steps))
        _, state = runtime.play(state, np.array((token,), np.int32), sampling)
    found = time.heard(last).weighed(partial(support, steps[UNSURE:known]), thorough=True)
    if found is None:
        return None, ()
    grid, evidence = found
    drawing, gains = Drawing(grid.since(last), sd=max(grid.spread, STEADIEST), floor=STRAY), []
    for step, logits in steps[known:]:
        gains.append(drawing.gain(logits, step))
        drawing.play(step)
    return evidence, tuple(gains)


def made(runtime: Runtime) -> Iterator[Judged]:
    """Steady calls, and their first parts."""
    for call in steady(SEED):
        for end in (len(call.notes) - NEXT, int(0.6 * len(call.notes))):
            if end >= SHORTEST:
                yield Judged(call.group, True, *judge(call.notes[:end], call.notes[end : end + NEXT], runtime))


def cut(paths: Sequence[Path], kind: str, runtime: Runtime, *, pulse: bool) -> Iterator[Judged]:
    """Calls cut from pieces, each first and in the middle of the piece."""
    random = np.random.default_rng(SEED)
    for path in paths:
        notes = reading.read(path)
        for _ in range(CALLS if len(notes) > LONGEST + NEXT else 0):
            length = int(random.integers(SHORTEST, LONGEST + 1))
            start = int(random.integers(0, len(notes) - length - NEXT + 1))
            end, before = start + length, int(random.integers(BEFORE[0], BEFORE[1] + 1))
            following = notes[end : end + NEXT]
            yield Judged(f"{kind}, first", pulse, *judge(notes[start:end], following, runtime))
            yield Judged(f"{kind}, later", pulse, *judge(notes[max(0, start - before) : end], following, runtime))


def held_out(folder: Path) -> list[Path]:
    """The pieces of the works that are held out of a train split."""
    return sorted(folder / piece.name for piece in hold_out(read_folder(folder).pieces)[1])


def report(found: Sequence[Judged]) -> None:
    """Print a row for each kind."""
    click.echo(f"{'calls':26} {'number':>6} {'a pulse':>8} {'certain':>8} {'gain [nats]':>12}")
    for kind in dict.fromkeys(call.kind for call in found):
        calls = [call for call in found if call.kind == kind]
        certain = np.array([call.certainty for call in calls])
        gain = float(np.mean([call.gain for call in calls]))
        click.echo(f"{kind:26} {len(calls):6} {(certain > 0).mean():8.3f} {(certain == 1).mean():8.3f} {gain:+12.4f}")


def fit(found: Sequence[Judged]) -> tuple[float, ...]:
    """The factors of score and foretold, support and onsets, and the constant, by Newton's method."""
    calls = [(call, call.evidence) for call in found if call.evidence is not None]
    each = {kind: sum(call.kind == kind for call, _ in calls) for kind in {call.kind for call, _ in calls}}
    weight = np.array([1 / each[call.kind] / len(each) for call, _ in calls])
    pulse = np.array([call.pulse for call, _ in calls], float)
    rows = [(min(e.score, MOST) + e.foretold, e.support, log(min(e.onsets, ENOUGH)), 1.0) for _, e in calls]
    features, factors = np.array(rows), np.zeros(4)
    for _ in range(NEWTON):
        chance = 1 / (1 + np.exp(-features @ factors))
        slope = features.T @ (weight * (pulse - chance))
        bend = (features * (weight * chance * (1 - chance))[:, None]).T @ features
        factors += np.linalg.solve(bend + RIDGE * np.eye(4), slope - RIDGE * factors)
    return tuple(float(factor) for factor in factors)


@click.command()
@click.option("--pulse", "pulses", type=PATH, multiple=True, help="A data set whose pieces have a pulse.")
@click.option("--free", "frees", type=PATH, multiple=True, help="A data set whose pieces are played freely.")
@click.option("--fit", "fits", is_flag=True, help="Fit the factors to works held out of the train splits.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many pieces of each.")
def main(pulses: Sequence[Path], frees: Sequence[Path], fits: bool, limit: int | None) -> None:  # noqa: FBT001
    """Measure how well a pulse is told from free playing."""
    runtime = choose.choose(card.find("livegen"), "cpu").runtime
    found = list(made(runtime))
    for folder, pulse in [*((each, True) for each in pulses), *((each, False) for each in frees)]:
        paths = held_out(folder) if fits else songs.files(folder, "validation")
        some = paths if limit is None else paths[:: -(-len(paths) // limit)]
        found += cut(some, folder.name, runtime, pulse=pulse)
    report(found)
    if fits:
        *factors, constant = fit(found)
        click.echo(" ".join(f"{factor:.2f}" for factor in factors) + f"; even chance at {-constant:.2f}")


if __name__ == "__main__":
    module(main, "tools.pulse_evidence")
