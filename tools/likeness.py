"""How much responses are like their calls, by --like.

    python -m tools.likeness FOLDER

Each call is 25 notes of a piece of FOLDER (its validation split), each response too. For each value of --like: the
share of the response's figures of four notes (three intervals) that are in the call, and how alike the pitch classes
are (the overlap of the two histograms). The last row is how the pieces themselves go on.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from livegen.bench.intime.songs import files
from livegen.engine import card, choose
from livegen.io import notes as reading
from livegen.note import WINDOW, Note, to_notes
from livegen.stage.settings import Sampling

PIECES, EACH = 40, 3
LIKES = (0.0, 0.25, 0.5, 0.75, 1.0)
FIGURE = 3  # intervals


def figures(notes: Sequence[Note]) -> list[tuple[int, ...]]:
    intervals = [after.pitch - note.pitch for note, after in pairwise(notes)]
    return [tuple(intervals[place : place + FIGURE]) for place in range(len(intervals) - FIGURE + 1)]


def figures_shared(call: Sequence[Note], response: Sequence[Note]) -> float:
    """The share of the response's figures that are in the call."""
    known, found = set(figures(call)), figures(response)
    return sum(figure in known for figure in found) / len(found)


def overlap(call: Sequence[Note], response: Sequence[Note]) -> float:
    """Of the histograms of pitch classes, 0 to 1."""
    one, other = (Counter(note.pitch % 12 for note in notes) for notes in (call, response))
    return sum(min(one[pitch] / len(call), other[pitch] / len(response)) for pitch in one)


def main() -> int:
    """Print the table."""
    improviser = choose.choose(card.find("livegen"), "cpu").improviser()
    found = files(Path(sys.argv[1]), "validation")
    rows: dict[str, list[tuple[float, float]]] = {}
    for number, path in enumerate(found[i * len(found) // PIECES] for i in range(min(PIECES, len(found)))):
        notes = to_notes(reading.read(path))
        for start in np.linspace(0, len(notes) - 2 * WINDOW, EACH + 2)[1:-1].astype(int).tolist():
            call, going_on = notes[start : start + WINDOW], notes[start + WINDOW : start + 2 * WINDOW]
            rows.setdefault("the pieces", []).append((figures_shared(call, going_on), overlap(call, going_on)))
            for like in LIKES:
                sampling = Sampling(0.9, 0.98, like=like)
                samples = improviser.improvise(call, going_on[0].step, np.random.default_rng([number, start]), sampling)
                response = [sampled.note for sampled in islice(samples, WINDOW)]
                shares = figures_shared(call, response), overlap(call, response)
                rows.setdefault(f"--like {like:g}", []).append(shares)
    sys.stdout.write("| | figures of the call | pitch classes alike |\n|---|---|---|\n")
    for name in (*(f"--like {like:g}" for like in LIKES), "the pieces"):
        shared, alike = np.mean(rows[name], axis=0)
        sys.stdout.write(f"| {name} | {shared:.2f} | {alike:.2f} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
