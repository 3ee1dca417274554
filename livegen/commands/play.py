"""`livegen play`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from pathlib import Path

import click

from livegen.commands.settings import Command, load
from livegen.commands.shared import PATH


@click.command(cls=Command, shown=("outputs", "backend", "virtual", "fast", "soundfont", "gain", "audio_driver"))
@click.argument("file", type=PATH)
@click.pass_obj
def play(given: dict[str, object], file: Path) -> int:
    r"""Play a MIDI file in real time. Ctrl-C silences it.

    Without --out it sounds on FluidSynth, or where there is no sound card it goes to a file, as livegen alone would.

    \b
    livegen play jam.mid
    livegen play jam.mid --out "Digital Piano"
    """
    settings = load(given).settings

    from livegen import play as playing

    return playing.run(settings, file)
