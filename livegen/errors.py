"""Errors for the user. Each text says what happened, where, and what to do.

LivegenError
+-- ConfigError   a setting or an argument (exit 78, EX_CONFIG)
+-- PortError     a MIDI port, the MIDI system or the synth (exit 69, EX_UNAVAILABLE)
|   +-- InstallationError  a library of the system (exit 72, EX_OSFILE)
+-- StorageError  a full disk (exit 69, EX_UNAVAILABLE)
+-- ModelError    a model file (exit 65, EX_DATAERR)
+-- DataError     a MIDI file or a folder of them (exit 66, EX_NOINPUT)
+-- ClusterError  another machine of a training run (exit 75, EX_TEMPFAIL)

The codes are those of BSD's sysexits.h. Only livegen/cli/runner.py turns an error into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class LivegenError(Exception):
    exit_code = 1


class ConfigError(LivegenError):
    exit_code = 78


class PortError(LivegenError):
    exit_code = 69


class InstallationError(PortError):
    exit_code = 72


class StorageError(LivegenError):
    exit_code = 69


class ModelError(LivegenError):
    exit_code = 65


class DataError(LivegenError):
    exit_code = 66


class ClusterError(LivegenError):
    exit_code = 75


EXTRA = ("keras", "matplotlib", "tensorflow")  # what only training needs


@contextmanager
def needing_extra() -> Iterator[None]:
    """Turn a missing package inside into a ConfigError that says what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        raise ConfigError(
            f"This command needs {missing}, which is not installed. Install the packages for training:"
            ' pip install "livegen[train]", or in a checkout: pip install ".[train]".'
        ) from error


NO_MIDI_FILE = "not a valid MIDI file"


def bug(what: str, error: Exception) -> str:
    """What to say of an error that should not have happened, where livegen goes on."""
    return f"There was an error in {what}. This is a bug, please report it ({type(error).__name__}: {error})."


def unreadable(path: Path, error: Exception) -> DataError:
    """The error for a MIDI file that cannot be read, from the exception. The text of a parser is not for users."""
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
    """' Did you mean X?' with the most similar of `choices`, or an empty text."""
    from difflib import get_close_matches  # only here: it takes time at every start

    written = {choice.lower(): choice for choice in choices}
    near = get_close_matches(word.lower(), list(written), n=1, cutoff=0.5)
    return f" Did you mean {written[near[0]]}?" if near else ""
