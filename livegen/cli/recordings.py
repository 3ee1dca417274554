"""`livegen recordings`. Large modules are imported only when they are needed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livegen.cli.options import Command, load
from livegen.cli.runner import COUNT, PATH, progress
from livegen.errors import ConfigError, DataError, did_you_mean
from livegen.files import drafted, unwritable

if TYPE_CHECKING:
    from livegen.record.folder import Recording
    from livegen.record.writer import Summary

_PLAYED = ("outputs", "backend", "soundfont", "gain", "audio_driver")
_EXAMPLES = (
    ("livegen recordings play last", "play the last recording"),
    ("livegen recordings export last -o evening.wav", "render it"),
    (
        "livegen train --from livegen --data ~/.local/state/livegen/recordings --out runs/mine",
        "learn from your playing",
    ),
)


class _Group(click.Group):
    command_class = Command


@click.group(cls=_Group, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def recordings(context: click.Context, *, as_json: bool) -> None:
    """List the recordings, and play, export, keep or delete them.

    livegen records everything that is played, unless --record is off. An ID can be shortened; last is the last one.
    """
    if context.invoked_subcommand is not None:
        return
    found = [(each, _summary(each)) for each in _all()]
    if as_json:
        click.echo(json.dumps([_plain(each, summary) for each, summary in found], indent=2))
        return
    if not found:
        click.echo(f"There are no recordings in {_folder()}.", err=True)
        return
    from livegen.io.listing import aligned

    rows = [("ID", "Start", "Length", "You", "livegen", "")]
    for each, summary in found:
        start = datetime.fromtimestamp(summary.start).astimezone()
        notes, state = summary.notes, "unfinished" if each.unfinished else "kept" if each.kept else ""
        length = f"{int(summary.seconds) // 60}:{int(summary.seconds) % 60:02}"
        rows.append((each.id, f"{start:%a %d %b %Y %H:%M}", length, str(notes["call"]), str(notes["response"]), state))
    click.echo("\n".join(aligned(rows)))


@recordings.command()
@click.argument("id_", metavar="ID")
@click.option("--notes", type=COUNT, default=10, show_default=True, help="Number of notes to show.")
def show(id_: str, notes: int) -> None:
    """Show what a recording contains."""
    from livegen.data import midi
    from livegen.data import show as showing

    each = _find(id_)
    with _midi(each) as file:
        click.echo(f"{each.id}{' (kept)' if each.kept else ''}")
        click.echo(showing.text(replace(midi.read(file), path=each.file), notes))


@recordings.command(shown=_PLAYED, examples=_EXAMPLES[:1])
@click.argument("id_", metavar="ID")
@click.pass_obj
def play(given: dict[str, object], id_: str) -> int:
    """Play a recording in real time. Stop with Ctrl-C."""
    settings = load(given).settings

    from livegen.live import play as playing

    with _midi(_find(id_)) as file:
        return playing.run(settings, file)


@recordings.command(shown=("soundfont", "gain"), examples=_EXAMPLES[1:2])
@click.argument("id_", metavar="ID")
@click.option("-o", "--out", "file", metavar="MID|WAV", type=PATH, required=True, help="The MIDI or WAV file to write.")
@click.pass_obj
def export(given: dict[str, object], id_: str, file: Path) -> None:
    """Copy a recording to a MIDI file, or render it to a WAV file."""
    kinds = (".mid", ".midi", ".wav")
    if file.suffix.lower() not in kinds:
        near = did_you_mean(file.suffix, kinds)
        raise ConfigError(f"{file}: the name must end with .mid, .midi or .wav.{near}")
    settings = load(given).settings
    with _midi(_find(id_)) as source:
        if file.suffix.lower() == ".wav":
            from livegen.io import render

            render.to_wav(source, file, soundfont=settings.soundfont, gain=settings.gain, report=progress)
        else:
            try:
                with drafted(file) as draft:
                    shutil.copyfile(source, draft)
            except OSError as error:
                raise unwritable(file, error) from error
    click.echo(f"Wrote {file}.")


@recordings.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def keep(ids: tuple[str, ...]) -> None:
    """Keep recordings, whatever their age and size."""
    from livegen.record import folder

    for each in [_finished(id_) for id_ in ids]:
        try:
            click.echo(f"{folder.keep(each).file} is kept.")
        except OSError as error:
            raise unwritable(each.file, error, "Check the permissions of its folder.") from error


@recordings.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def delete(ids: tuple[str, ...]) -> None:
    """Delete recordings, kept ones too."""
    for each in [_finished(id_) for id_ in ids]:
        _remove(each)


@recordings.command(shown=("recordings_max", "recordings_age"))
@click.pass_obj
def prune(given: dict[str, object]) -> None:
    """Delete recordings that are too old or too many, as livegen itself does. Kept ones stay."""
    from livegen.record import folder

    settings = load(given).settings
    for each in folder.surplus(_folder(), settings.recordings_max, settings.recordings_age):
        _remove(each)


def _remove(each: Recording) -> None:
    try:
        each.file.unlink()
    except OSError as error:
        raise unwritable(each.file, error, "Check the permissions of its folder.") from error
    click.echo(f"Deleted {each.id}.")


def _folder() -> Path:
    from livegen.record.folder import folder

    return folder(os.environ)


def _all() -> list[Recording]:
    """All recordings. What a crash has left is finished first."""
    from livegen.record.finish import recover
    from livegen.record.folder import recordings as every

    try:
        recover(_folder())
    except OSError as error:
        progress(f"What a crash has left could not be finished ({error.strerror}).")
    return every(_folder())


def _find(id_: str) -> Recording:
    from livegen.record.folder import find

    _all()
    return find(_folder(), id_)


def _finished(id_: str) -> Recording:
    each = _find(id_)
    if each.unfinished:
        raise DataError(f"{each.id} is being played. Wait until the session has ended, or stop livegen.")
    return each


@contextmanager
def _midi(each: Recording) -> Iterator[Path]:
    """The MIDI file of a recording. For one that is being played, a temporary file."""
    if not each.unfinished:
        yield each.file
        return
    from contextlib import closing
    from tempfile import TemporaryDirectory

    from livegen.record.finish import rebuilt, write_midi

    with TemporaryDirectory() as folder, closing(rebuilt(each.file, Path(folder))) as recording:
        file = write_midi(recording, Path(folder), each.id)
        if file is None:
            raise DataError(f"{each.id} has no notes yet.")
        yield file


def _summary(each: Recording) -> Summary:
    from livegen.record.writer import Summary, summary

    try:
        if each.unfinished:
            with _midi(each) as file:
                found = summary(file)
        else:
            found = summary(each.file)
    except (OSError, DataError):
        found = None
    if found is not None:
        return found
    start = each.start or datetime.fromtimestamp(0, UTC)  # another program has written it
    return Summary(start.timestamp())


def _plain(each: Recording, summary: Summary) -> dict[str, Any]:
    return {
        "id": each.id,
        "start": datetime.fromtimestamp(summary.start).astimezone().isoformat(timespec="seconds"),
        "seconds": summary.seconds,
        "notes": summary.notes,
        "kept": each.kept,
        "file": str(each.file),
    }
