"""`livegen generate` and `livegen render`. Large modules are imported only when they are needed."""

from __future__ import annotations

import re
from pathlib import Path

import click

from livegen.cli.options import Command, load
from livegen.cli.runner import COUNT, PATH, file_out, midi_out, progress
from livegen.errors import ConfigError

_GENERATE = (
    ("livegen generate bach.mid -o more.mid", "add 120 notes to the last 25, on a separate track"),
    ("livegen generate bach.mid -o more.mid --prompt :50 --notes 500", "add 500 notes to the first 50"),
    (
        "livegen generate bach.mid -o alone.mid --only --temperature 0.8 --seed 1",
        "write only the new notes, play safer, repeatable",
    ),
)
_RENDER = (
    ("livegen render jam.mid -o jam.wav", "use the default SoundFont"),
    ("livegen render jam.mid -o grand.wav --soundfont grand.sf2 --gain 1", "use another SoundFont, and play louder"),
)


@click.command(cls=Command, shown=("model", "temperature", "top_p", "min_p", "window", "seed"), examples=_GENERATE)
@click.argument("file", type=PATH)
@midi_out
@click.option("--notes", type=COUNT, default=120, show_default=True, help="Number of notes to add.")
@click.option("--prompt", metavar="A:B", help="Continue notes A to B, counted from 0. [the last 25]")
@click.option("--only", is_flag=True, help="Write only the new notes.")
@click.pass_obj
def generate(given: dict[str, object], file: Path, out: Path, notes: int, prompt: str | None, *, only: bool) -> None:
    """Continue a MIDI file with new notes.

    The new file has two tracks: call (the prompt) and response (the new notes), each with its sustain pedal.
    """
    settings = load(given).settings

    import secrets  # takes 5 ms of every command's start

    from livegen import library
    from livegen.io import notes as reading

    if out.resolve() == file.resolve():
        raise ConfigError(f"{out} is the input file. Name another output file.")
    found = reading.read(file, _report_lost)
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
        f"{out}: {len(response)} notes in {seconds:.1f} s, after {len(call)} notes of {file}. To repeat: --seed {seed}"
    )


def _report_lost(lost: str) -> None:
    progress(f"damaged: {lost}")


def _slice(text: str, count: int, file: Path) -> slice:
    """A:B as a slice, within the notes of the file.

    Raises:
        ConfigError: the text is not a slice, or selects no notes, or is out of range.
    """
    match = re.fullmatch(r"\s*(-?\d+)?\s*:\s*(-?\d+)?\s*", text)
    if match is None:
        raise ConfigError(f"--prompt {text} is not valid. Write notes A to B as A:B, for example 0:25, :50 or -25:.")
    ends = [int(end) for end in match.groups() if end]
    chosen = slice(*(int(end) if end else None for end in match.groups()))
    beyond = any(abs(end) > count for end in ends)
    if beyond or not range(count)[chosen]:
        what = "is out of range" if beyond else "selects no notes"
        raise ConfigError(f"--prompt {text} {what}: {file} has {count} notes, 0:{count}.")
    return chosen


@click.command(cls=Command, shown=("soundfont", "gain"), examples=_RENDER)
@click.argument("file", type=PATH)
@file_out("WAV file", ".wav")
@click.pass_obj
def render(given: dict[str, object], file: Path, out: Path) -> None:
    """Render a MIDI file to WAV with FluidSynth, faster than real time."""
    settings = load(given).settings

    from livegen.io import render as rendering

    seconds = rendering.to_wav(file, out, soundfont=settings.soundfont, gain=settings.gain, report=_report_lost)
    click.echo(f"{out}: {seconds:.1f} s of audio.")
