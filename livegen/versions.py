"""The versions of everything that matters for a bug report. Nothing heavy is imported for it."""

from __future__ import annotations

import platform
import sys
from contextlib import suppress
from ctypes import CDLL, c_char_p
from importlib.metadata import PackageNotFoundError, version

from livegen import __version__
from livegen.errors import LivegenError

PACKAGES = {
    "mido": "mido",
    "python-rtmidi": "python-rtmidi",
    "supriya-midi": "supriya-midi",
    "alsa-midi": "alsa-midi",
    "LiteRT": "ai-edge-litert",
    "numpy": "numpy",
    "pyfluidsynth": "pyfluidsynth",
    "TensorFlow": "tensorflow",
}
MISSING = "not installed"
OPTIONAL = {"python-rtmidi", "supriya-midi", "TensorFlow"}
"""Left out if they are missing: one of the first two is enough, and TensorFlow is for training."""


def versions(model: str) -> dict[str, str]:
    """The versions, by name.

    Args:
        model: a name or a folder, as in the settings.
    """
    found = {
        "livegen": __version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": _system(),
    }
    for name, package in PACKAGES.items():
        with suppress(PackageNotFoundError):
            found[name] = version(package)
        if name not in found and name not in OPTIONAL:
            found[name] = MISSING
    return found | {"FluidSynth": _fluidsynth(), "JACK": _jack(), "ALSA": _alsa(), "model": _model(model)}


def _system() -> str:
    name = platform.system()
    with suppress(OSError, AttributeError):
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{name}, {platform.system()} {platform.release()} {platform.machine()}"


def _fluidsynth() -> str:
    from livegen.io import fluid

    try:
        return fluid.version()
    except LivegenError:
        return MISSING


def _jack() -> str:
    """The version of the client library that livegen uses. JACK 1 does not tell it."""
    from livegen.io import libjack

    try:
        library = libjack.library()
    except (ImportError, OSError):
        return MISSING
    return _text(library, "jack_get_version_string") or "a version that it does not tell"


def _alsa() -> str:
    if sys.platform != "linux":
        return MISSING
    with suppress(OSError):
        return _text(CDLL("libasound.so.2"), "snd_asoundlib_version") or MISSING
    return MISSING


def _text(library: CDLL, function: str) -> str:
    if not hasattr(library, function):
        return ""
    called = getattr(library, function)
    called.restype = c_char_p
    return (called() or b"").decode(errors="replace")


def _model(name: str) -> str:
    from livegen.engine import card

    try:
        found = card.find(name)
    except LivegenError:
        return f"{name} ({MISSING})"
    hashes = (checksum.sha256[:12] for file, checksum in found.files.items() if file == "model.tflite")
    return f"{found.name} {next(hashes, '')}".rstrip()
