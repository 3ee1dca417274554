"""`livegen generate` and `livegen render`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

import re
from pathlib import Path

import click

from livegen.cli.options import Command, load
from livegen.cli.runner import PATH, file_out, midi_out
from livegen.errors import ConfigError

_GENERATE = (
    ("livegen generate bach.mid -o more.mid", "120 notes after its last 25, on a track of their own"),
    ("livegen generate bach.mid -o more.mid --prompt :50 --notes 500", "500 notes after its first 50"),
    ("livegen generate bach.mid -o alone.mid --only --temperature 0.8 --seed 1", "without the 25, tamer, repeatable"),
)
_RENDER = (
    ("livegen render jam.mid -o jam.wav", "with the sounds that are there"),
    ("livegen render jam.mid -o grand.wav --soundfont grand.sf2 --gain 1", "with others, and louder"),
)


@click.command(cls=Command, shown=("model", "temperature", "top_p", "min_p", "window", "seed"), examples=_GENERATE)
@click.argument("file", type=PATH)
@midi_out
@click.option("--notes", type=click.IntRange(min=1), default=120, show_default=True, help="How many to add.")
@click.option("--prompt", metavar="A:B", help="Go on from notes A to B, counted from 0. [the last 25]")
@click.option("--only", is_flag=True, help="Leave the prompt out of what is written.")
@click.pass_obj
def generate(given: dict[str, object], file: Path, out: Path, notes: int, prompt: str | None, *, only: bool) -> None:
    """Write what the model adds to a MIDI file.

    The new file has two tracks: call (the prompt) and response (the new notes), each with its sustain pedal.
    """
    settings = load(given).settings

    import secrets  # takes 5 ms of every command's start

    from livegen import library

    if out.resolve() == file.resolve():
        raise ConfigError(f"{out} is the file to go on from. Name another one to write.")
    found = library.read_notes(file)
    call = found[-settings.window :] if prompt is None else found[_slice(prompt, len(found), file)]
    seed = secrets.randbelow(2**32) if settings.seed is None else settings.seed
    response = library.generate(
        call,
        notes,
        model=settings.model,
        temperature=settings.temperature,
        top_p=settings.top_p,
        min_p=settings.min_p,
        window=settings.window,
        seed=seed,
    )
    library.write_midi(out, () if only else call, response)
    seconds = max(note.end for note in response) - response[0].onset
    click.echo(
        f"{out}: {len(response)} notes in {seconds:.1f} s, after {len(call)} of {file}. To repeat: --seed {seed}"
    )


def _slice(text: str, count: int, file: Path) -> slice:
    """A:B as of a Python list, but nothing outside the file's notes.

    Raises:
        ConfigError: it is none, or holds no note, or reaches outside.
    """
    match = re.fullmatch(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*", text)
    if match is None:
        raise ConfigError(f"--prompt {text}: notes A to B are written A:B, as in 0:25, :50 or -25:.")
    ends = [int(end) for end in match.groups() if end]
    chosen = slice(*(int(end) if end else None for end in match.groups()))
    beyond = any(abs(end) > count for end in ends)
    if beyond or not range(count)[chosen]:
        what = "more than its notes" if beyond else "no note"
        raise ConfigError(f"--prompt {text} names {what}: {file} has {count} notes, which are 0:{count}.")
    return chosen


@click.command(cls=Command, shown=("soundfont", "gain"), examples=_RENDER)
@click.argument("file", type=PATH)
@file_out("WAV file", ".wav")
@click.pass_obj
def render(given: dict[str, object], file: Path, out: Path) -> None:
    """Write a MIDI file's sound, through FluidSynth, faster than it plays."""
    settings = load(given).settings

    from livegen.io import render as rendering

    seconds = rendering.to_wav(file, out, soundfont=settings.soundfont, gain=settings.gain)
    click.echo(f"{out}: {seconds:.1f} s of sound.")
