"""How quickly a data set is read, beside pretty_midi: `python -m livegen.training.parse_bench --data DIR`.

The sample is read file by file, and its processor time counted, which hardly depends on what else the machine does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pretty_midi

from livegen.cli.runner import PATH, module
from livegen.errors import DataError
from livegen.training import corpus
from livegen.training.data import read_notes

SAMPLE = 20  # files that pretty_midi reads too, evenly spread


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a folder takes."""

    files: int
    skipped: int
    notes: int
    seconds: float  # all files, in parallel, with their hashes
    processor: float  # s, of that
    sample: int  # files
    ours: float  # s of one core, for the sample
    pretty_midi: float  # the same
    share: float  # of all notes, that are in the sample

    def text(self) -> str:
        return (
            f"{self.files} files ({self.skipped} more cannot be used), {self.notes:,} notes: {self.seconds:.2f} s,"
            f" {self.processor:.2f} s of a processor; {self.processor / self.files * 1e3:.2f} ms a file,"
            f" {self.processor / self.notes * 1e6:.2f} µs a note\n"
            f"{self.sample} of them, one after the other: {self.ours:.3f} s, pretty_midi {self.pretty_midi:.1f} s,"
            f" {self.pretty_midi / self.ours:.0f} times as long\n"
            f"all of them with pretty_midi, by the notes in the sample: {self.pretty_midi / self.share:.0f} s,"
            f" {self.pretty_midi / self.share / self.seconds:.0f} times as long as the {self.seconds:.2f} s"
        )


def measure(folder: Path, sample: int = SAMPLE) -> Reading:
    """Read every MIDI file in a folder and below it, past the cache.

    Raises:
        DataError: there is none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in corpus.SUFFIXES)
    if not paths:
        raise DataError(f"{folder}: no MIDI file in it or below it.")
    start, before = time.perf_counter(), time.process_time()
    read = corpus.parse(paths)
    seconds, processor = time.perf_counter() - start, time.process_time() - before
    good = [path for path, (_, _, problem) in zip(paths, read, strict=True) if not problem]
    chosen = good[:: max(1, len(good) // sample)][:sample]
    lengths = {path: len(notes) for path, (notes, _, _) in zip(paths, read, strict=True)}
    notes = sum(lengths.values())
    if not good:
        raise DataError(f"{folder}: none of its {len(paths)} MIDI files can be used. {paths[0]}: {read[0][-1]}")
    return Reading(
        files=len(good),
        skipped=len(paths) - len(good),
        notes=notes,
        seconds=seconds,
        processor=processor,
        sample=len(chosen),
        ours=_one_by_one(read_notes, chosen),
        pretty_midi=_one_by_one(lambda path: pretty_midi.PrettyMIDI(str(path)), chosen),
        share=sum(lengths[path] for path in chosen) / notes,
    )


def _one_by_one(reader: Callable[[Path], object], paths: Sequence[Path]) -> float:
    start = time.process_time()
    for path in paths:
        reader(path)
    return time.process_time() - start


@click.command()
@click.option("--data", "folder", metavar="DIR", type=PATH, required=True, help="A folder of MIDI files.")
def main(folder: Path) -> None:
    """Measure how quickly MIDI files are read, beside pretty_midi."""
    click.echo(measure(folder).text())


if __name__ == "__main__":
    module(main, "livegen.training.parse_bench")
