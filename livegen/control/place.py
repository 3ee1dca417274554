"""Where the control socket is: its path, who may use it, and what is left of one that has ended."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from livegen.errors import DataError, PortError
from livegen.files import claimed

SUPPORTED = hasattr(socket, "AF_UNIX")
WAITING = 64  # connections that are not accepted yet
ANSWERS = 1.0  # s


def folder(environ: Mapping[str, str]) -> Path:
    """The folder of the sockets: that of the service, of the desktop session, or a private one for temporary files."""
    service = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    if service:
        return Path(service).resolve()
    session = environ.get("XDG_RUNTIME_DIR")
    return Path(session) / "livegen" if session else Path(tempfile.gettempdir()) / f"livegen-{os.getuid()}"


def candidates(name: str, environ: Mapping[str, str]) -> list[Path]:
    """The paths at which a livegen of this name may listen: the user's own, and that of the service."""
    return [folder(environ) / f"{name}.sock", *(Path("/run") / each / f"{name}.sock" for each in services(name))]


def services(name: str) -> tuple[str, str]:
    """The folders in /run of a service that may be a livegen of this name: livegen.service, livegen@NAME.service."""
    return "livegen", f"livegen@{name}"


def running(environ: Mapping[str, str]) -> list[str]:
    """The names of all livegens that may be running."""
    mine = folder(environ).glob("*.sock")
    with suppress(OSError):  # folders of others
        return sorted({path.stem for path in (*mine, *Path("/run").glob("livegen*/*.sock")) if _answers(path)})
    return []


def _answers(path: Path) -> bool:
    """Whether a process listens at a socket. A crash leaves one where none does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(ANSWERS)
        try:
            channel.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # that of another user, or one that is busy
            return True
    return True


@contextmanager
def listening(name: str, environ: Mapping[str, str]) -> Iterator[socket.socket]:
    """A socket that only its owner can connect to. It is removed at the end.

    Raises:
        PortError: another livegen of this name is running.
        OSError: there can be no socket.
    """
    place = folder(environ)
    _private(place)
    path, lock = place / f"{name}.sock", place / f"{name}.lock"
    lock.touch(mode=0o600)
    refusal = (
        f"A livegen named {name} is running already. To stop it: livegen --name {name} stop. "
        "To run another one beside it, give it another name: --name NAME."
    )
    try:
        with claimed(lock, refusal):  # while it runs: a socket without a lock is left over from a crash
            yield from _bound(path)
    except DataError as error:
        if str(error) != refusal:
            raise
        raise PortError(refusal) from None


def _bound(path: Path) -> Iterator[socket.socket]:
    if path.exists() and not path.is_socket():
        raise OSError(0, f"{path} is not a socket")
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.bind(str(path))
        path.chmod(0o600)
        made.listen(WAITING)
        made.setblocking(False)
        try:
            yield made
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _private(place: Path) -> None:
    """Create the folder, or check that it belongs to this user alone.

    Raises:
        OSError: it does not.
    """
    place.mkdir(mode=0o700, exist_ok=True)
    found = place.stat(follow_symlinks=False)
    if stat.S_ISLNK(found.st_mode) or found.st_uid != os.geteuid():
        raise OSError(0, f"{place} belongs to somebody else")
    place.chmod(0o700)
