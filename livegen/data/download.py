"""Downloads that resume after an interruption.

This uses urllib: no well-maintained HTTP library resumes downloads.
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
TEMPORARY = (408, 425, 429, RANGE_NOT_SATISFIABLE)  # errors that may not last

Progress = Callable[[int, int | None], None]
"""Called with the number of bytes so far, and the total if the server gives it."""


class DownloadError(Exception):
    """An error of the server or the network. `refused`: the same request would fail again."""

    def __init__(self, what: str, *, refused: bool = False) -> None:
        super().__init__(what)
        self.refused = refused


def download(url: str, part: Path, progress: Progress) -> None:
    """Download `url` into `part`, which may have the first bytes already. Retries as long as each try gets more bytes.

    The caller must verify a checksum.

    Raises:
        DownloadError: the server cannot be reached or refuses, or the connection is lost. `part` keeps the bytes.
        OSError: `part` cannot be written.
    """
    while True:
        start = _size(part)
        try:
            if _resume(url, part, start, progress):
                return
            broken = DownloadError("the connection was lost")
        except DownloadError as error:
            broken = error
        if _size(part) <= start:
            raise broken


def _resume(url: str, part: Path, start: int, progress: Progress) -> bool:
    """Download everything after the first `start` bytes. Returns whether the file is complete."""
    with _open(url, start) as response:
        resumes = response.status == PARTIAL and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        done = start if resumes else 0  # a server without ranges sends the whole file
        length = response.headers["Content-Length"]
        total = None if length is None else done + int(length)
        with part.open("ab" if resumes else "wb") as file:
            progress(done, total)
            for block in _blocks(response):
                file.write(block)
                done += len(block)
                progress(done, total)
    return total is None or done == total


def _open(url: str, start: int) -> Response:
    headers = {"User-Agent": f"livegen/{__version__}"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        response: Response = urlopen(Request(url, headers=headers), timeout=TIMEOUT)  # noqa: S310  (https, or the user's)
    except HTTPError as error:
        error.close()
        if start and error.code == RANGE_NOT_SATISFIABLE:  # the bytes are not the beginning of this file
            return _open(url, 0)
        refused = error.code // 100 == 4 and error.code not in TEMPORARY
        raise DownloadError(f"the server replied {error.code} {error.reason}", refused=refused) from error
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(f"cannot connect: {_reason(error)}") from error
    return response


def _blocks(response: Response) -> Iterator[bytes]:
    try:
        while block := response.read(BLOCK):
            yield block
    except (OSError, HTTPException) as error:
        raise DownloadError(f"the connection was lost: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    return str(getattr(reason, "strerror", None) or reason or type(reason).__name__)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
