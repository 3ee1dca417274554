"""Downloads that go on where they broke off.

With urllib: a library for requests would read the same bytes, and none of the well-kept ones resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.client import HTTPException
from http.client import HTTPResponse as Response
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from livegen import __version__

BLOCK = 1 << 16  # bytes read at once
TIMEOUT = 30.0  # s without a byte
PARTIAL, RANGE_NOT_SATISFIABLE = 206, 416
FOR_NOW = (408, 425, 429, RANGE_NOT_SATISFIABLE)  # refusals that may not last

Tell = Callable[[int, int | None], None]
"""Told of progress: bytes so far, and of how many, where the server says so."""


class DownloadError(Exception):
    """What the server or the network had to say; `refused` where it would say the same again."""

    def __init__(self, what: str, *, refused: bool = False) -> None:
        super().__init__(what)
        self.refused = refused


def download(url: str, part: Path, tell: Tell) -> None:
    """Fetch `url` into `part`, from the byte on that it lacks. Tries again for as long as each try brings more.

    Whether the bytes are the right ones is for a checksum to say.

    Raises:
        DownloadError: the server cannot be reached or refuses, or the connection breaks. `part` keeps what came.
        OSError: `part` cannot be written.
    """
    while True:
        start = _size(part)
        try:
            if _go_on(url, part, start, tell):
                return
            broken = DownloadError("the connection broke off")
        except DownloadError as error:
            broken = error
        if _size(part) <= start:
            raise broken


def _go_on(url: str, part: Path, start: int, tell: Tell) -> bool:
    """Fetch what follows the first `start` bytes. Returns whether that was all of it."""
    with _open(url, start) as response:
        resumes = response.status == PARTIAL and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        done = start if resumes else 0  # a server that knows no ranges sends all of it
        length = response.headers["Content-Length"]
        total = None if length is None else done + int(length)
        with part.open("ab" if resumes else "wb") as file:
            tell(done, total)
            for block in _blocks(response):
                file.write(block)
                done += len(block)
                tell(done, total)
    return total is None or done == total


def _open(url: str, start: int) -> Response:
    headers = {"User-Agent": f"livegen/{__version__}"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        response: Response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)  # noqa: S310  (https, or the user's)
    except HTTPError as error:
        error.close()
        if start and error.code == RANGE_NOT_SATISFIABLE:  # what is there is not the beginning of this file
            return _open(url, 0)
        refused = error.code // 100 == 4 and error.code not in FOR_NOW
        raise DownloadError(f"the server answers {error.code} {error.reason}", refused=refused) from error
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(f"it cannot be reached: {_reason(error)}") from error
    return response


def _blocks(response: Response) -> Iterator[bytes]:
    try:
        while block := response.read(BLOCK):
            yield block
    except (OSError, HTTPException) as error:
        raise DownloadError(f"the connection broke off: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return str(getattr(reason, "strerror", None) or reason or type(reason).__name__)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
