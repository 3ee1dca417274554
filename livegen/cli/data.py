"""`livegen data` and `livegen plot`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import click

from livegen.cli.runner import PATH, picture_out, tell
from livegen.errors import needing_extra


class _Progress:
    """Tells on stderr how far a download is and how long it will take: at a terminal on one line."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._live = self._stream.isatty()
        self._began, self._first, self._next = monotonic(), 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, traceback: TracebackType | None) -> None:
        if self._live and self._next:
            self._stream.write("\n")

    def tell(self, done: int, total: int | None) -> None:
        now = monotonic()
        if self._next == 0.0:
            self._began, self._first = now, done
        if now < self._next and done != total:
            return
        self._next = now + (0.2 if self._live else 10.0)
        text = f"{done / 1e6:.1f} MB"
        if total is not None:
            text = f"{done / 1e6:.1f} of {total / 1e6:.1f} MB"
            gained = done - self._first
            if gained > 0 and done < total:
                minutes, seconds = divmod(round((total - done) * (now - self._began) / gained), 60)
                text += f", {minutes}:{seconds:02} left"
        self._stream.write(f"\r{text.ljust(40)}" if self._live else f"{text}\n")
        self._stream.flush()


@click.group()
def data() -> None:
    """Get MAESTRO, and look into MIDI files."""


@data.command()
@click.argument("what", metavar="maestro", type=click.Choice(["maestro"]))
@click.argument("folder", metavar="[DIR]", type=PATH, default="data")
@click.option("--version", type=click.Choice(["2.0.0", "3.0.0"]), default="2.0.0", show_default=True)
@click.option("--from", "source", metavar="FILE_OR_FOLDER", type=PATH, help="A copy at hand: a zip, a tar, a folder.")
@click.option("--url", help="Another address of the zip.")
@click.option("--sha256", help="Another checksum of the zip.")
def fetch(what: str, folder: Path, version: str, source: Path | None, url: str | None, sha256: str | None) -> None:  # noqa: ARG001  (there is but one)
    """Download MAESTRO's MIDI files (about 60 MB) into DIR/maestro-v2.0.0.

    DIR is the folder data, where none is named. A download that broke off goes on when this is run again.
    """
    from livegen.data import fetch as fetching

    official = fetching.RELEASES[version]
    release = fetching.Release(version, url or official.url, (sha256 or official.sha256).lower())
    copy = fetching.present(release, folder)
    if copy is not None:
        click.echo("It is there already; move it away to get it anew.")
    elif source is not None:
        copy = fetching.take(source, release, folder)
    else:
        click.echo(f"from {release.url}", err=True)
        with _Progress() as progress:
            copy = fetching.fetch(release, folder, progress.tell)
    click.echo(f"{copy.folder}: {copy.files - copy.missing} MIDI files")
    if copy.missing:
        click.echo(f"{copy.missing} more are named in its table, and not there.")
    click.echo(fetching.LICENCE)


@data.command()
@click.argument("file", type=PATH)
@click.option("--notes", type=click.IntRange(min=1), help="So many notes. [10; with --csv all]")
@click.option("--csv", "as_csv", is_flag=True, help="The notes, for programs.")
def show(file: Path, notes: int | None, *, as_csv: bool) -> None:
    """Show a MIDI file's instruments and its notes.

    Times are in seconds. Step is the time since the onset before, duration that of the key, never of the pedal.
    """
    with needing_extra():
        from livegen.data import midi
        from livegen.data import show as showing

        found = midi.read(file)
    click.echo(showing.as_csv(found, notes) if as_csv else showing.text(found, notes or 10), nl=not as_csv)


@click.group()
def plot() -> None:
    """Draw MIDI files."""


@plot.command()
@click.argument("files", metavar="FILE [FILE2...]", type=PATH, nargs=-1, required=True)
@picture_out
@click.option("--notes", type=click.IntRange(min=1), help="The first so many notes. [all]")
def roll(files: tuple[Path, ...], out: Path, notes: int | None) -> None:
    """Draw piano rolls, side by side."""
    with needing_extra():
        from livegen.data import midi, plots

        plots.save(plots.roll([midi.read(file) for file in files], notes), out)
    click.echo(f"{out} is drawn.")


@plot.command()
@click.argument("files", metavar="FILES...", type=PATH, nargs=-1, required=True)
@click.option("--beside", metavar="FILE", type=PATH, multiple=True, help="Others to compare with. May be repeated.")
@picture_out
def distributions(files: tuple[Path, ...], beside: tuple[Path, ...], out: Path) -> None:
    """Draw how pitch, step, duration and velocity are distributed.

    A folder stands for all MIDI files below it: livegen plot distributions real/ --beside generated/ -o both.png
    """
    with needing_extra():
        from livegen.data import plots

        sets = [plots.note_set(paths) for paths in (files, beside) if paths]
        for problem in (why for each in sets for why in each.skipped):
            tell(f"skipped: {problem}")
        plots.save(plots.distributions(sets), out)
    click.echo(f"{out} is drawn.")
