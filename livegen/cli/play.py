"""`livegen play`. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from pathlib import Path

import click

from livegen.cli.options import Command, load
from livegen.cli.runner import PATH

_SHOWN = ("outputs", "backend", "virtual", "fast", "soundfont", "gain", "audio_driver")
_EXAMPLES = (
    ("livegen play jam.mid", "on FluidSynth"),
    ('livegen play jam.mid --out "Digital Piano"', "on your own instrument"),
)


@click.command(cls=Command, shown=_SHOWN, examples=_EXAMPLES)
@click.argument("file", type=PATH)
@click.pass_obj
def play(given: dict[str, object], file: Path) -> int:
    """Play a MIDI file in real time. Ctrl-C silences it.

    Without --out it sounds on FluidSynth, or where there is no sound card it goes to a file, as livegen alone would.
    """
    settings = load(given).settings

    from livegen.live import play as playing

    return playing.run(settings, file)
