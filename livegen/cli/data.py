"""`livegen data` and `livegen plot`. Large modules are imported only when they are needed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import click

from livegen.cli.runner import COUNT, PATH, picture_out, progress
from livegen.errors import needing_extra


class _Progress:
    """Shows the progress of a download and the remaining time on stderr, at a terminal on one line."""

    def __init__(self) -> None:
        self._stream = sys.stderr
        self._live = self._stream.isatty()
        self._began, self._first, self._next = monotonic(), 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, traceback: TracebackType | None) -> None:
        if self._live and self._next:
            self._stream.write("\n")

    def show(self, done: int, total: int | None) -> None:
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
    """Download piano music to train on, and show MIDI files."""


@data.command()
@click.argument("what", metavar="maestro|asap|pop909", type=click.Choice(["maestro", "asap", "pop909"]))
@click.argument("folder", metavar="[DIR]", type=PATH, default="data")
@click.option("--version", type=click.Choice(["2.0.0", "3.0.0"]), help="Version of MAESTRO. [2.0.0]")
@click.option("--from", "source", metavar="FILE_OR_FOLDER", type=PATH, help="Use this copy: a zip, a tar or a folder.")
@click.option("--url", help="Download the zip from this URL.")
@click.option("--sha256", help="The checksum of that zip.")
def fetch(
    what: str, folder: Path, version: str | None, source: Path | None, url: str | None, sha256: str | None
) -> None:
    r"""Download a data set's MIDI files into a folder in DIR.

    \b
    maestro  MAESTRO, classical piano (about 60 MB), into DIR/maestro-v2.0.0
    asap     ASAP, more classical piano with beats, into DIR/asap-v1.2
    pop909   POP909, pop songs for piano with beats, into DIR/pop909

    DIR is data by default. To resume an interrupted download, run the command again.
    """
    from livegen.data import chosen, maestro
    from livegen.data import fetch as fetching

    if version is not None and what != "maestro":
        raise click.UsageError("--version is only valid with maestro.")
    official = maestro.RELEASES[version or "2.0.0"] if what == "maestro" else chosen.RELEASES[what]
    checksum = sha256.lower() if sha256 else official.sha256
    release: fetching.Release = replace(official, url=url or official.url, sha256=checksum)
    copy = fetching.present(release, folder)
    if copy is not None:
        click.echo("Already downloaded. To download it again, move the folder away.")
    elif source is not None:
        copy = fetching.take(source, release, folder)
    else:
        click.echo(f"Downloading {release.url}", err=True)
        with _Progress() as shown:
            copy = fetching.fetch(release, folder, shown.show)
    click.echo(f"{copy.folder}: {copy.files - copy.missing} MIDI files")
    if copy.missing:
        click.echo(f"{copy.missing} more files of its table are missing.")
    click.echo(release.licence)


@data.command()
@click.argument("file", type=PATH)
@click.option("--notes", type=COUNT, help="Number of notes to show. [10; with --csv all]")
@click.option("--csv", "as_csv", is_flag=True, help="Print the notes as CSV.")
def show(file: Path, notes: int | None, *, as_csv: bool) -> None:
    """Show the tracks and notes of a MIDI file.

    Times are in seconds. Step is the time since the previous onset. Duration is the time until the key is released,
    without the pedal.
    """
    from livegen.data import midi
    from livegen.data import show as showing

    found = midi.read(file)
    for lost in found.losses if as_csv else ():
        progress(f"damaged: {lost}")
    click.echo(showing.as_csv(found, notes) if as_csv else showing.text(found, notes or 10), nl=not as_csv)


@click.group()
def plot() -> None:
    """Plot MIDI files."""


@plot.command()
@click.argument("files", metavar="FILE [FILE2...]", type=PATH, nargs=-1, required=True)
@picture_out
@click.option("--notes", type=COUNT, help="Show only the first N notes. [all]")
def roll(files: tuple[Path, ...], out: Path, notes: int | None) -> None:
    """Plot piano rolls side by side."""
    with needing_extra():
        from livegen.data import midi, plots

        read = [midi.read(file) for file in files]
        for lost in (lost for each in read for lost in each.losses):
            progress(f"damaged: {lost}")
        plots.save(plots.roll(read, notes), out)
    click.echo(f"Wrote {out}.")


@plot.command()
@click.argument("files", metavar="FILES...", type=PATH, nargs=-1, required=True)
@click.option(
    "--beside", metavar="FILE", type=PATH, multiple=True, help="A file or folder to compare with. May be repeated."
)
@picture_out
def distributions(files: tuple[Path, ...], beside: tuple[Path, ...], out: Path) -> None:
    """Plot the distributions of pitch, step, duration and velocity.

    A folder means all MIDI files in it: livegen plot distributions real/ --beside generated/ -o both.png
    """
    with needing_extra():
        from livegen.data import plots

        sets = [plots.note_set(paths) for paths in (files, beside) if paths]
        for problem in (why for each in sets for why in each.skipped):
            progress(f"skipped: {problem}")
        for lost in (lost for each in sets for lost in each.dropped):
            progress(f"damaged: {lost}")
        plots.save(plots.distributions(sets), out)
    click.echo(f"Wrote {out}.")
