"""`livegen play`. Large modules are imported only when they are needed."""

from __future__ import annotations

from pathlib import Path

import click

from livegen.cli.options import Command, load
from livegen.cli.runner import PATH

_SHOWN = ("outputs", "backend", "virtual", "fast", "soundfont", "gain", "audio_driver")
_EXAMPLES = (
    ("livegen play jam.mid", "use FluidSynth"),
    ('livegen play jam.mid --out "Digital Piano"', "use your own instrument"),
)


@click.command(cls=Command, shown=_SHOWN, examples=_EXAMPLES)
@click.argument("file", type=PATH)
@click.pass_obj
def play(given: dict[str, object], file: Path) -> int:
    """Play a MIDI file in real time. Stop with Ctrl-C.

    Without --out it plays on FluidSynth, or writes a file if there is no sound card.
    """
    settings = load(given).settings

    from livegen.live import play as playing

    return playing.run(settings, file)
