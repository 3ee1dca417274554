"""Measures the time to parse a data set, and compares it with pretty_midi.

    python -m livegen.training.parse_bench --data DIR

The sample is read file by file. Its time is processor time, which depends little on other load of the machine.
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
from livegen.smf import SUFFIXES
from livegen.training import corpus
from livegen.training.data import read_notes

SAMPLE = 20  # files to read with pretty_midi too, evenly spread


@dataclass(frozen=True, slots=True)
class Reading:
    """The time that reading a folder takes."""

    files: int
    skipped: int
    notes: int
    seconds: float  # all files, in parallel, including their hashes
    processor: float  # s, processor time of that
    sample: int  # files
    ours: float  # s of one core, for the sample
    pretty_midi: float  # s, the same by pretty_midi
    share: float  # of the notes that are in the sample, 0..1

    def text(self) -> str:
        return (
            f"{self.files} files ({self.skipped} more cannot be used), {self.notes:,} notes: {self.seconds:.2f} s,"
            f" {self.processor:.2f} s processor time; {self.processor / self.files * 1e3:.2f} ms per file,"
            f" {self.processor / self.notes * 1e6:.2f} µs per note\n"
            f"{self.sample} of them, one by one: {self.ours:.3f} s; pretty_midi: {self.pretty_midi:.1f} s,"
            f" {self.pretty_midi / self.ours:.0f} times as long\n"
            f"all of them with pretty_midi, estimated from the sample: {self.pretty_midi / self.share:.0f} s,"
            f" {self.pretty_midi / self.share / self.seconds:.0f} times as long as the {self.seconds:.2f} s"
        )


def measure(folder: Path, sample: int = SAMPLE) -> Reading:
    """Read every MIDI file in a folder and its subfolders, without the cache.

    Raises:
        DataError: there is none.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise DataError(f"{folder}: contains no MIDI file.")
    start, before = time.perf_counter(), time.process_time()
    read = corpus.parse(paths)
    seconds, processor = time.perf_counter() - start, time.process_time() - before
    good = [path for path, (_, _, problem, _) in zip(paths, read, strict=True) if not problem]
    chosen = good[:: max(1, len(good) // sample)][:sample]
    lengths = {path: len(notes) for path, (notes, _, _, _) in zip(paths, read, strict=True)}
    notes = sum(lengths.values())
    if not good:
        raise DataError(f"{folder}: none of its {len(paths)} MIDI files can be used. {paths[0]}: {read[0][2]}")
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
    """Measure the time to parse MIDI files, and compare it with pretty_midi."""
    click.echo(measure(folder).text())


if __name__ == "__main__":
    module(main, "tools.reading_bench")
