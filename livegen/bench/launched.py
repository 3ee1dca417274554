"""The daemon as a user starts it: by the command line, in a separate process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import livegen
from livegen.bench.figures import MissingError

PATIENCE = 60.0  # s, the limit for its run
_FIELDS = re.compile(r"^(Rss\w+):\s*(.*)$", re.MULTILINE)
_FOREIGN = (
    "LIVEGEN_",
    "MIDO_",
    "JOURNAL_STREAM",
    "NOTIFY_SOCKET",
    "STATE_DIRECTORY",
)  # variables that the daemon must not inherit


@dataclass(frozen=True, slots=True)
class Memory:
    """In MB. Each client of JACK counts the memory of the server, once for every connection."""

    own: float
    shared: float  # with other processes


class Launched:
    """A daemon that is ready.

    Args:
        words: its arguments.
        folder: its working directory; it gets the recordings too.

    Raises:
        MissingError: it did not become ready. The text is the last line of its log.
    """

    def __init__(self, *words: str, folder: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        paths = (str(Path(livegen.__file__).parents[1]), os.environ.get("PYTHONPATH", ""))  # of this livegen
        environment["XDG_STATE_HOME"] = str(folder)
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        start = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603  (a list, without a shell)
            [sys.executable, "-m", "livegen", "--config", os.devnull, "--name", f"bench-{os.getpid()}", *words],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._watchdog = threading.Timer(PATIENCE, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()
        try:
            self.wait_for("Ready")
        except MissingError:
            self.__exit__()
            raise
        self.seconds = time.monotonic() - start
        """From the command to the line "Ready" in its log."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.cancel()
        self._process.terminate()
        self._process.communicate()

    def wait_for(self, word: str) -> None:
        """Read its log until a line begins with `word`.

        Raises:
            MissingError: the daemon ended before.
        """
        assert self._process.stderr is not None
        line = "it did not start"
        for line in self._process.stderr:
            if line.startswith(word):
                return
        raise MissingError(line.strip().removeprefix("livegen: "))

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def memory(self) -> Memory:
        """The resident memory now.

        Raises:
            MissingError: the system is not Linux.
        """
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            raise MissingError("memory is only read on Linux") from None
        kilobytes = {name: int(rest.split()[0]) for name, rest in _FIELDS.findall(status)}
        own = kilobytes["RssAnon"] + kilobytes["RssFile"]
        return Memory(own * 1024 / 1e6, kilobytes["RssShmem"] * 1024 / 1e6)
