"""The functions of livegen for notebooks, also used by its commands. Large modules are imported only when needed.

A file is given as a path or a text. Errors are `LivegenError`; their text says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from livegen.config.load import checked
from livegen.config.settings import DEFAULTS
from livegen.errors import ConfigError, DataError, needing_extra
from livegen.note import MonotonicTime, SoundedNote, to_notes

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from livegen.data.midi import Table
    from livegen.training.report import EvaluationReport

File = str | PathLike[str]


def read_notes(file: File) -> tuple[SoundedNote, ...]:
    """The notes of a MIDI file as the daemon hears them, sorted by (onset, pitch), without drums.

    Onsets are in seconds from the start of the file. Durations are in seconds until the key is released.

    Raises:
        DataError: the file does not exist, is not a MIDI file, or has no notes.
    """
    from livegen.io import notes

    return notes.read(Path(file))


def note_table(file: File) -> Table:
    """The notes of a MIDI file as a structured array with one row per note. `pandas.DataFrame` accepts it.

    The fields are pitch (MIDI number), start, end, step, duration (in s), velocity (1..127), pedal (whether it is down
    at the onset) and track (index).

    Raises:
        DataError: the file does not exist, or is not a MIDI file.
    """
    from livegen.data import midi

    return midi.read(Path(file)).notes


def write_midi(file: File, call: Sequence[SoundedNote], response: Sequence[SoundedNote] = ()) -> None:
    """Write notes as a MIDI file with the tracks call and response, each with its sustain pedal.

    Time begins with the first note. An existing file is replaced.

    Raises:
        ConfigError: the file cannot be written, or its name does not end with .mid or .midi.
        DataError: there are no notes to write.
        StorageError: the disk is full.
    """
    from livegen.io import notes

    if Path(file).suffix.lower() not in (".mid", ".midi"):
        raise ConfigError(f"{file}: the name of a MIDI file must end with .mid or .midi.")
    if not call and not response:
        raise DataError(f"{file}: there are no notes to write.")
    _sounded(call, response)
    notes.write(Path(file), call, response)


def generate(
    notes: Sequence[SoundedNote],
    count: int,
    *,
    model: str = DEFAULTS.model,
    temperature: float = DEFAULTS.temperature,
    top_p: float = DEFAULTS.top_p,
    min_p: float = DEFAULTS.min_p,
    window: int = DEFAULTS.window,
    seed: int | None = None,
) -> tuple[SoundedNote, ...]:
    """Continue notes with a model. Returns `count` new notes, whose onsets follow the given ones.

    The notes are sampled as in the daemon, by LiteRT: no gap is longer than 2 s, at most 10 keys are down at once, and
    each key is released before it is struck again.

    Args:
        notes: the notes to continue, at least one, in any order.
        count: number of new notes, at least 0.
        model: a name from `livegen models`, or a folder.
        temperature: 0.05 to 3; lower is safer, higher is bolder.
        top_p: sample only the most likely pitches, up to this total probability, 0.01 to 1.
        min_p: skip pitches below this share of the most likely pitch's probability, 0 to 0.99.
        window: number of recent notes that the model reads, 1 to 200.
        seed: 0 to 2 ** 32 - 1. The same seed gives the same notes; None: random.

    Raises:
        ConfigError: a number is out of range.
        DataError: there are no notes to continue.
        ModelError: there is no such model, or it cannot be loaded.
    """
    import numpy as np

    from livegen.engine import card, choose
    from livegen.engine.improviser import Improviser
    from livegen.stage.response import place
    from livegen.stage.settings import Sampling

    numbers = {"temperature": temperature, "top_p": top_p, "min_p": min_p, "window": window}
    for name, value in (numbers if seed is None else numbers | {"seed": seed}).items():
        checked(name, value)
    _whole("count", count, 0)
    _sounded(notes)
    if not notes:
        raise DataError("There are no notes to continue.")
    # Never on a GPU, which would sample other notes with the same seed.
    runtime = choose.choose(card.find(model), "cpu").runtime
    improviser = Improviser(runtime)
    heard = sorted(notes, key=lambda note: note.order)
    samples = improviser.improvise(
        to_notes(heard), None, np.random.default_rng(seed), Sampling(temperature, top_p, min_p), int(window)
    )
    return tuple(
        SoundedNote(n.pitch, MonotonicTime(heard[-1].onset + n.offset), n.duration, n.velocity, n.pedal)
        for n in place(samples, int(count))
    )


def render(file: File, *, soundfont: str = "", gain: float = DEFAULTS.gain) -> NDArray[np.float32]:
    """Render a MIDI file with FluidSynth. Returns audio of shape (frames, 2), -1 to 1, at 44,100 frames per second.

    In a notebook: `IPython.display.Audio(render(file).T, rate=44_100)`.

    Args:
        file: a MIDI file.
        soundfont: an SF2 or SF3 file, or "" for the first that is found.
        gain: 0 to 10.

    Raises:
        ConfigError: the gain is out of range.
        DataError: the file does not exist, is not a MIDI file, or has no notes.
        PortError: FluidSynth is missing, or there is no usable SoundFont.
    """
    from livegen.io import render as rendering

    checked("gain", gain)

    return rendering.to_array(Path(file), soundfont=soundfont, gain=gain)


def piano_roll(*files: File, notes: int | None = None) -> Figure:
    """Plot piano rolls of MIDI files side by side, as a matplotlib figure. Needs livegen[train].

    Args:
        files: one or more. In files from livegen, the call is blue and the response is orange.
        notes: show only the first notes of each file; by default all.

    Raises:
        ConfigError: `notes` is not above 0.
        DataError: a file does not exist, is not a MIDI file or has no notes, or no file is given.
    """
    with needing_extra():
        from livegen.data import midi, plots

    _given(files)
    if notes is not None:
        _whole("notes", notes, 1)
    return plots.roll([midi.read(Path(file)) for file in files], notes)


def distributions(*files: File) -> Figure:
    """Plot the distributions of pitch, step, duration and velocity, as a matplotlib figure. Needs livegen[train].

    Args:
        files: one or more, each in another colour. A folder means all readable MIDI files in it.

    Raises:
        DataError: a file does not exist, is not a MIDI file or has no notes, or no file is given.
    """
    with needing_extra():
        from livegen.data import plots

    _given(files)
    return plots.distributions([plots.note_set([Path(file)]) for file in files])


def evaluate(data: File, model: str = DEFAULTS.model, *, limit: int | None = None) -> EvaluationReport:
    """Measure the loss of a model, in nats per note, on windows of a data set's validation split, with baselines.

    In a folder without splits the windows are sampled from all files, and there are no baselines. Needs livegen[train].
    `print(report.text())` shows the result; `report.figures` has the numbers.

    Args:
        data: the folder of MAESTRO v2.0.0 or POP909, or any folder of MIDI files.
        model: a name from `livegen models`, or a folder.
        limit: number of windows, evenly spaced; by default all (MAESTRO 20,000, POP909 10,000), which takes minutes.
            In another folder at most 2,000 by default.

    Raises:
        ConfigError: `limit` is not above 0.
        DataError: there are no MIDI files, or the model was trained on them.
        ModelError: there is no such model, or it cannot be loaded.
    """
    with needing_extra():
        from livegen.engine import card
        from livegen.training import report

    if limit is not None:
        _whole("limit", limit, 1)
    return report.report(card.find(model), Path(data), progress=lambda _: None, limit=limit)


def _whole(name: str, value: object, low: int) -> None:
    if not isinstance(value, Integral) or value < low:
        raise ConfigError(f"{name} must be a whole number, at least {low}, not {value}.")


def _sounded(*parts: Sequence[SoundedNote]) -> None:
    if not all(isinstance(note, SoundedNote) for notes in parts for note in notes):
        raise DataError("Notes must be of type SoundedNote, as returned by read_notes.")


def _given(files: Sequence[File]) -> None:
    if not files:
        raise DataError("There are no files to plot. Give one or more.")
