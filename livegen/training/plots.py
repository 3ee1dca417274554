"""A piano roll of a call and its reply.

Like so: python -m livegen.training.plots jam.mid call-and-reply.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import symusic

COLOURS = {"call": "#3b6ea5", "reply": "#d9822b"}


def roll(midi: Path, picture: Path, *, seconds: float | None = None) -> None:
    """Draw the tracks of a MIDI file, each in a colour of its own, louder notes darker.

    Args:
        midi: as `livegen --out FILE.mid` writes it: tracks named call and reply.
        picture: PNG or SVG, by its name.
        seconds: how much of it; all of it by default.
    """
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(10, 3.2), layout="constrained")
    for track in symusic.Score(str(midi), ttype="second").tracks:
        colour = COLOURS.get(track.name, "#777777")
        notes = [note for note in track.notes if seconds is None or note.start < seconds]
        for note in notes:
            axes.broken_barh(
                [(note.start, note.duration)],
                (note.pitch - 0.45, 0.9),
                facecolor=colour,
                alpha=0.25 + note.velocity / 170,
            )
        axes.broken_barh([(0, 0)], (60, 0), facecolor=colour, label=f"{track.name}: {len(notes)} notes")
    axes.set(xlabel="Time [s]", ylabel="Pitch", title="A call and its reply")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.01)
    figure.savefig(picture, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("midi", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--seconds", type=float)
    arguments = parser.parse_args()
    roll(arguments.midi, arguments.picture, seconds=arguments.seconds)


if __name__ == "__main__":
    main()
