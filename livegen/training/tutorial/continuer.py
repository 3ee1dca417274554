"""The tutorial's model as a continuer for `livegen evaluate --generate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from livegen.training import Progress
from livegen.training.data import COLUMNS, DURATION, PITCH, STEP, VELOCITY, Notes
from livegen.training.judge.continuations import Prompt
from livegen.training.tutorial.baseline import NAME
from livegen.training.tutorial.model import TEMPERATURE, continue_notes
from livegen.training.tutorial.model import VELOCITY as LOUDNESS
from livegen.training.tutorial.train import columns, load


class TutorialContinuer:
    """A run of the preset `tutorial`, at the tutorial's temperature. All notes have the same velocity.

    Raises:
        DataError: the folder is not such a run.
    """

    name = NAME

    def __init__(self, run: Path) -> None:
        self._model, self._recipe = load(run)
        self.seen = frozenset(self._recipe.hashes.split())

    def continue_prompts(self, prompts: Sequence[Prompt], seed: int, progress: Progress) -> list[Notes]:
        """As `judge.continuations.Continuer`."""
        random = np.random.default_rng(seed)
        played: dict[int, Notes] = {}
        for count in sorted({len(prompt.truth) for prompt in prompts}):
            progress(f"{self.name}: {count} notes after each prompt")
            those = [i for i, prompt in enumerate(prompts) if len(prompt.truth) == count]
            heard = columns(np.stack([prompts[i].notes[-self._recipe.window :] for i in those]))
            notes = np.zeros((len(those), count, COLUMNS))
            notes[..., [PITCH, STEP, DURATION]] = continue_notes(self._model, heard, count, TEMPERATURE, random)
            notes[..., VELOCITY] = LOUDNESS
            played |= dict(zip(those, notes, strict=True))
        return [played[i] for i in range(len(prompts))]
