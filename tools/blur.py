"""How often the sustain pedal blurs what is played, in responses and in the pieces themselves.

    python -m tools.blur FOLDER

Each call is 25 notes of a piece of FOLDER (its validation split), each response about 8 s. An onset is blurred if a
note that only the pedal holds is a semitone away from the new one, in any octave. Also: how long the pedal stays down.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from livegen.bench.intime.songs import files
from livegen.config.settings import DEFAULTS
from livegen.engine import card, choose
from livegen.io import notes as reading
from livegen.note import WINDOW, MonotonicTime, to_notes
from livegen.stage.ending import Ending, Key
from livegen.stage.events import ResponseNote
from livegen.stage.response import compose
from livegen.stage.scheduler import Stroke, scheduled
from livegen.stage.settings import Sampling

PIECES, EACH = 30, 2
LENGTH = 8.0  # s
SEMITONE = (1, 11)
SAMPLING = Sampling(DEFAULTS.temperature, DEFAULTS.top_p, DEFAULTS.min_p)


@dataclass(slots=True)
class Pedalling:
    """What the pedal does in some music."""

    onsets: int = 0
    blurred: int = 0
    presses: int = 0
    seconds: float = 0.0  # that it is down

    def hear(self, notes: Iterable[ResponseNote]) -> None:
        ringing: set[int] = set()  # that only the pedal holds
        since: float | None = None  # when the pedal went down
        strokes = scheduled(notes, MonotonicTime(0.0))
        ends = [Stroke(each.end, False, each.note) for each in strokes if each.end is not None]
        for stroke in sorted([*strokes, *ends]):
            if stroke.note is None:
                if since is not None and not stroke.down:
                    self.seconds += stroke.at - since
                elif since is None and stroke.down:
                    self.presses += 1
                since = (since if since is not None else stroke.at) if stroke.down else None
                ringing = ringing if stroke.down else set()
            elif stroke.down:
                self.onsets += 1
                self.blurred += any((pitch - stroke.note.pitch) % 12 in SEMITONE for pitch in ringing)
                ringing.discard(stroke.note.pitch)
            elif since is not None:
                ringing.add(stroke.note.pitch)

    def __str__(self) -> str:
        held = self.seconds / self.presses if self.presses else 0.0
        return f"{self.onsets:,} | {self.blurred / self.onsets:.3f} | {held:.2f}"


def main() -> int:
    """Print the table."""
    improviser = choose.choose(card.find(DEFAULTS.model), "cpu").improviser()
    found = files(Path(sys.argv[1]), "validation")
    music = {"responses": Pedalling(), "the pieces": Pedalling()}
    for number, path in enumerate(found[i * len(found) // PIECES] for i in range(min(PIECES, len(found)))):
        sounded = reading.read(path)
        for place in np.linspace(WINDOW, len(sounded) - 4 * WINDOW, EACH + 2)[1:-1].astype(int).tolist():
            first = sounded[place]
            call = to_notes(sounded[place - WINDOW : place])
            random, gap = np.random.default_rng([number, place]), first.onset - sounded[place - 1].onset
            samples = improviser.improvise(call, gap, random, SAMPLING)
            music["responses"].hear(compose(samples, LENGTH, LENGTH, Ending(Key.of(call))))
            music["the pieces"].hear(
                ResponseNote(note.pitch, note.onset - first.onset, note.duration, note.velocity, note.pedal)
                for note in sounded[place:]
                if note.onset < first.onset + LENGTH
            )
    sys.stdout.write("| | onsets | blurred | s the pedal is down |\n|---|---|---|---|\n")
    for name, pedalling in music.items():
        sys.stdout.write(f"| {name} | {pedalling} |\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
