"""Does the pulse leave free playing free? The loss of real pieces' steps, with the pulse in force and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from livegen.bench.intime.songs import STEADY, beats, has_beats, unsteadiness
from livegen.config.settings import Settings
from livegen.encoding import CELL, TIME_EDGES, context, time_bin
from livegen.engine.drawing import RESOLUTION, STEADIEST, Drawing, support
from livegen.engine.improviser import UNSURE
from livegen.engine.runtime import Runtime, how
from livegen.io import notes as reading
from livegen.live.daemon import stage_settings
from livegen.note import WINDOW, Note, SoundedNote, Struck, to_notes
from livegen.stage.fit import STRAY
from livegen.stage.grid import Grid
from livegen.stage.intime import InTime

WINDOWS = 8
"""In each piece, each of WINDOW notes of context and WINDOW notes that are scored."""
LONGEST = 7.9  # s, of a step that is scored


@dataclass(frozen=True, slots=True)
class Scored:
    """A note of a piece: the loss of its step, in nats, in cells of 1 ms."""

    piece: str
    group: str
    plain: float  # by the model's own distribution
    gain: float  # how much less it is with the pulse; 0 if the pulse is not in force
    in_force: bool


def score(paths: Sequence[Path], runtime: Runtime, pulse: str, progress: Callable[[str], object]) -> Iterator[Scored]:
    """Score the steps of some windows in each file. The pulse follows the piece from its beginning.

    Args:
        paths: MIDI files. If beats are beside one, its windows are grouped by whether they are steady.
        runtime: of the model.
        pulse: the setting.
        progress: gets progress messages, one line at a time.

    Raises:
        DataError: a file cannot be read.
    """
    for number, path in enumerate(paths):
        if number % 10 == 0:
            progress(f"{number:,} of {len(paths):,} pieces")
        sounded = reading.read(path)
        annotated = beats(path)[0] if has_beats(path) else None
        starts = np.linspace(WINDOW, len(sounded) - WINDOW, WINDOWS + 2)[1:-1].astype(int).tolist()
        if len(sounded) < (WINDOWS + 1) * WINDOW:
            continue
        time = InTime(stage_settings(Settings(pulse=pulse)))
        heard = 0
        for start in starts:
            for note in sounded[heard:start]:
                time.hear(_struck(note))
            heard = start + WINDOW
            group = "free"
            if annotated is not None:
                strict = unsteadiness(annotated, sounded[start].onset) <= STEADY
                group = "strict" if strict else "rubato"
            for plain, gain, in_force in _window(sounded, start, time, runtime):
                yield Scored(path.stem, group, plain, gain, in_force)


def _window(
    sounded: Sequence[SoundedNote], start: int, time: InTime, runtime: Runtime
) -> Iterator[tuple[float, float, bool]]:
    notes: tuple[Note, ...] = to_notes(sounded[start - WINDOW : start + WINDOW])
    state, sampling = runtime.begin(), how()
    heard: list[tuple[float, NDArray[np.float32]]] = []
    for place, token in enumerate(context(notes)):
        step = notes[place].step
        if place >= WINDOW and step < LONGEST:
            last = sounded[start - WINDOW + place - 1].onset
            grid = time.grid(last, partial(support, heard[-WINDOW:]))
            gain = 0.0 if grid is None else _gain(grid.since(last), state.steps, step)
            yield _loss(state.steps, step), gain, grid is not None
        if place >= WINDOW:
            time.hear(_struck(sounded[start - WINDOW + place]))
        if place >= UNSURE:
            heard.append((step, state.steps))
        _, state = runtime.play(state, np.array((token,), np.int32), sampling)


def _gain(grid: Grid, logits: NDArray[np.float32], step: float) -> float:
    """With the spread of the player, and their share of onsets off the grid.

    That responses are steadier, and miss no point, is a choice, as a lower temperature is.
    """
    return Drawing(grid, sd=max(grid.spread, STEADIEST), floor=STRAY).gain(logits, step)


def _loss(logits: NDArray[np.float32], step: float) -> float:
    at = time_bin(step)
    shifted = logits.astype(np.float64) - float(logits.max())
    width = (TIME_EDGES[at + 1] - TIME_EDGES[at]) * CELL / RESOLUTION
    return float(log(np.exp(shifted).sum()) - shifted[at]) + log(width)


def _struck(note: SoundedNote) -> Struck:
    return Struck(note.pitch, note.onset, note.velocity)
