"""What can go wrong, for the user to read: what happened, where, and what to do.

LivegenError
+-- ConfigError   a setting or an argument (exit 78, EX_CONFIG)
+-- PortError     a MIDI port, the MIDI system, the synth, a full disk (exit 69, EX_UNAVAILABLE)
+-- ModelError    a model file (exit 65, EX_DATAERR)
+-- DataError     a MIDI file or a folder of them (exit 66, EX_NOINPUT)
+-- ClusterError  another machine of a training run (exit 75, EX_TEMPFAIL: try again)

The codes are those of BSD's sysexits.h. Only command.py turns an error into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path


class LivegenError(Exception):
    exit_code = 1


class ConfigError(LivegenError):
    exit_code = 78


class PortError(LivegenError):
    exit_code = 69


class ModelError(LivegenError):
    exit_code = 65


class DataError(LivegenError):
    exit_code = 66


class ClusterError(LivegenError):
    exit_code = 75


EXTRA = ("keras", "matplotlib", "symusic", "tensorflow")  # what training needs beyond what plays


@contextmanager
def needing_extra() -> Iterator[None]:
    """Say what to install where it lacks."""
    try:
        yield
    except ModuleNotFoundError as error:
        lacking = (error.name or "").partition(".")[0]
        if lacking not in EXTRA:
            raise
        raise ConfigError(
            f"This needs {lacking}, which is not installed. Install what training needs:"
            ' pip install "livegen[train]", or in a checkout pip install ".[train]".'
        ) from error


NO_MIDI_FILE = "it is no MIDI file, or a damaged one"


def unreadable(path: Path, error: Exception) -> DataError:
    """Of a MIDI file, by what was raised when it was read. What a parser has to say of it is not for users."""
    match error:
        case FileNotFoundError():
            near = did_you_mean(path.name, (entry.name for entry in path.parent.glob("*")))
            return DataError(f"{path}: there is no such file.{near}")
        case IsADirectoryError():
            return DataError(f"{path}: this is a folder. Name a MIDI file in it.")
        case OSError():
            return DataError(f"{path}: cannot be read ({error.strerror}).")
    return DataError(f"{path}: {NO_MIDI_FILE}.")


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """' Did you mean X?' with the nearest of `choices`, or nothing."""
    spelt = {choice.lower(): choice for choice in choices}
    near = get_close_matches(word.lower(), list(spelt), n=1, cutoff=0.5)
    return f" Did you mean {spelt[near[0]]}?" if near else ""
