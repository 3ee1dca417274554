"""What livegen offers to a notebook, and what its commands are made of. Nothing heavy is imported before it is needed.

Files are named by a path or a text. What goes wrong is a `LivegenError`, whose text says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from livegen.config.settings import Settings, checked
from livegen.errors import ConfigError, DataError, needing_extra
from livegen.note import MonotonicTime, SoundedNote, to_notes

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from livegen.data.midi import Table
    from livegen.training.report import EvaluationReport

File = str | PathLike[str]

_DEFAULT = Settings()


def read_notes(file: File) -> tuple[SoundedNote, ...]:
    """The notes of a MIDI file as the daemon would hear them, in order of (onset, pitch); drums are left out.

    Onsets are in seconds from the file's begin, durations are those of the keys, in seconds.

    Raises:
        DataError: no such file, no MIDI file, or no notes.
    """
    from livegen.io import notes

    return notes.read(Path(file))


def note_table(file: File) -> Table:
    """The same as a structured array, which `pandas.DataFrame` takes: one row for each note. Needs livegen[train].

    A note that is never let go, which lasts until the file's end for `read_notes`, is left out here.

    Its fields: pitch (MIDI number), start, end, step, duration (all in s), velocity (1..127), pedal (whether it is
    down), track (its index).

    Raises:
        DataError: no such file, or no MIDI file.
    """
    with needing_extra():
        from livegen.data import midi

    return midi.read(Path(file)).notes


def write_midi(file: File, call: Sequence[SoundedNote], response: Sequence[SoundedNote] = ()) -> None:
    """Write notes as a MIDI file with the tracks call and response, each with its sustain pedal.

    Time begins with the first note. What is there is replaced.

    Raises:
        ConfigError: no file can be written there, or its name is no MIDI file's.
        DataError: there are no notes to write.
        PortError: the disk is full.
    """
    from livegen.io import notes

    if Path(file).suffix.lower() not in (".mid", ".midi"):
        raise ConfigError(f"{file}: a MIDI file's name ends with .mid or .midi.")
    if not call and not response:
        raise DataError(f"{file}: there are no notes to write.")
    _sounded(call, response)
    notes.write(Path(file), call, response)


def generate(
    notes: Sequence[SoundedNote],
    count: int,
    *,
    model: str = _DEFAULT.model,
    temperature: float = _DEFAULT.temperature,
    top_p: float = _DEFAULT.top_p,
    min_p: float = _DEFAULT.min_p,
    window: int = _DEFAULT.window,
    seed: int | None = None,
) -> tuple[SoundedNote, ...]:
    """The `count` notes that a model adds. Their onsets go on in the time of those given.

    Drawn as the daemon draws, by LiteRT: no hole is longer than 2 s, at most 10 keys are down at once, and each is let
    go before it is struck again.

    Args:
        notes: what to go on from, by onset: at least one.
        count: how many, from 0 on.
        model: a name that `livegen models` lists, or a folder.
        temperature: 0.05 to 3; below 1 safer, above 1 bolder.
        top_p: draw from the likeliest pitches that make up this share, 0.01 to 1.
        min_p: leave out pitches less likely than this share of the likeliest, 0 to 0.99.
        window: how many of the last notes the model hears, 1 to 200.
        seed: from 0 to 2 ** 32 - 1: the same gives the same notes; None draws anew.

    Raises:
        ConfigError: a number is out of its range.
        DataError: there are no notes to go on from.
        ModelError: there is no such model, or it cannot be played.
    """
    import numpy as np

    from livegen.engine import card, choose
    from livegen.engine.improviser import Improviser
    from livegen.engine.sampling import Sampling
    from livegen.stage.response import place

    numbers = {"temperature": temperature, "top_p": top_p, "min_p": min_p, "window": window}
    for name, value in (numbers if seed is None else numbers | {"seed": seed}).items():
        checked(name, value)
    _whole("count", count, 0)
    _sounded(notes)
    if not notes:
        raise DataError("There are no notes to go on from.")
    # Never on a GPU, whose draws would differ: the same seed gives the same notes.
    runtime = choose.choose(card.find(model), "cpu").runtime
    improviser = Improviser(runtime, Sampling(temperature, top_p, min_p), int(window))
    heard = sorted(notes, key=lambda note: note.order)
    draws = improviser.improvise(to_notes(heard), None, np.random.default_rng(seed))
    return tuple(
        SoundedNote(n.pitch, MonotonicTime(heard[-1].onset + n.offset), n.duration, n.velocity, n.pedal)
        for n in place(draws, int(count))
    )


def render(file: File, *, soundfont: str = "", gain: float = _DEFAULT.gain) -> NDArray[np.float32]:
    """A MIDI file's sound through FluidSynth: shape (frames, 2), from -1 to 1, 44,100 frames a second.

    In a notebook: `IPython.display.Audio(render(file).T, rate=44_100)`.

    Args:
        file: MIDI.
        soundfont: an SF2 or SF3 file, or "" for the first that is found.
        gain: 0 to 10.

    Raises:
        ConfigError: the gain is out of its range.
        DataError: no such file, no MIDI file, or no notes.
        PortError: no FluidSynth, or no usable soundfont.
    """
    from livegen.io import render as rendering

    checked("gain", gain)

    return rendering.to_array(Path(file), soundfont=soundfont, gain=gain)


def piano_roll(*files: File, notes: int | None = None) -> Figure:
    """Piano rolls of MIDI files, side by side: a matplotlib figure. Needs livegen[train].

    Args:
        files: one or more. Of those that livegen wrote, the call is blue and the response orange.
        notes: so many of each, the first ones; all by default.

    Raises:
        ConfigError: `notes` is not above 0.
        DataError: no such file, no MIDI file, no notes, or no file is given.
    """
    with needing_extra():
        from livegen.data import midi, plots

    _given(files)
    if notes is not None:
        _whole("notes", notes, 1)
    return plots.roll([midi.read(Path(file)) for file in files], notes)


def distributions(*files: File) -> Figure:
    """How pitch, step, duration and velocity are distributed in MIDI files: a matplotlib figure. Needs livegen[train].

    Args:
        files: one or more, each in a colour of its own; a folder stands for all MIDI files below it that can be read.

    Raises:
        DataError: no such file, no MIDI file, no notes, or no file is given.
    """
    with needing_extra():
        from livegen.data import plots

    _given(files)
    return plots.distributions([plots.note_set([Path(file)]) for file in files])


def evaluate(data: File, model: str = _DEFAULT.model, *, limit: int | None = None) -> EvaluationReport:
    """A model's nats a note on windows of MAESTRO's validation split, beside guesses that need no model.

    Of another folder the windows are drawn from all its files, and there are no guesses. Needs livegen[train].
    `print(report.text())` shows all; `report.figures` has them, in nats a note.

    Args:
        data: the unpacked folder of MAESTRO v2.0.0, or any folder of MIDI files.
        model: a name that `livegen models` lists, or a folder.
        limit: so many of the 20,000 windows, evenly spread; all by default, which takes minutes. Of another folder
            2,000 by default, or as many as there are.

    Raises:
        ConfigError: `limit` is not above 0.
        DataError: there are no such files, or the model was trained on them.
        ModelError: there is no such model, or it cannot be played.
    """
    with needing_extra():
        from livegen.engine import card
        from livegen.training import report

    if limit is not None:
        _whole("limit", limit, 1)
    return report.report(card.find(model), Path(data), tell=lambda _: None, limit=limit)


def _whole(name: str, value: object, low: int) -> None:
    if not isinstance(value, Integral) or value < low:
        raise ConfigError(f"{name} must be a whole number from {low} on, not {value}.")


def _sounded(*parts: Sequence[SoundedNote]) -> None:
    if not all(isinstance(note, SoundedNote) for notes in parts for note in notes):
        raise DataError("Notes must be SoundedNote, as read_notes gives them.")


def _given(files: Sequence[File]) -> None:
    if not files:
        raise DataError("There is no file to draw. Name one or more.")
