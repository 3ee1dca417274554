"""A model that needs no time: hours of music can pass in minutes where only the rest of livegen is of interest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from livegen.encoding import TIME_BINS
from livegen.engine.improviser import Improviser
from livegen.note import WINDOW, Note, Pedal
from livegen.stage.grid import Grid
from livegen.stage.plan import Expected
from livegen.stage.response import Sampled
from livegen.stage.settings import AS_IS, Sampling

LONGEST = 0.6  # s, of a note and of a step
PEDALLED = 0.3  # chance of a note with the pedal
STEPS = tuple([1 / TIME_BINS] * TIME_BINS)


class Pretended(Improviser):
    """An improviser that knows nothing of music: random notes near those of the call, any rest as likely as another."""

    def __init__(self) -> None:
        self.cache = None

    def improvise(
        self,
        notes: Sequence[Note],
        gap: float | None,
        random: np.random.Generator,
        sampling: Sampling = AS_IS,  # noqa: ARG002  (those of an improviser)
        window: int = WINDOW,  # noqa: ARG002
        grid: Grid | None = None,  # noqa: ARG002
    ) -> Iterator[Sampled]:
        """Random notes without end."""
        step = 0.0 if gap is None else gap
        while True:
            pitch = notes[int(random.integers(len(notes)))].pitch + int(random.integers(-7, 8))
            pedal = Pedal(down=bool(random.random() < PEDALLED))
            note = Note(
                min(max(pitch, 0), 127), step, float(random.uniform(0.02, LONGEST)), int(random.integers(1, 128)), pedal
            )
            yield Sampled(note, float(random.random()))
            step = float(random.uniform(0, LONGEST)) * bool(random.random() < 0.7)

    def expects(self, notes: Sequence[Note], window: int = WINDOW) -> Expected:  # noqa: ARG002
        """Every step is as likely."""
        return Expected(STEPS)
