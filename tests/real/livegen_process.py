"""The daemon as a user starts it: the command line, in a process of its own."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from musician import PATIENCE, until

CHECKOUT = Path(__file__).resolve().parents[2]
ENDS = 20.0  # s


def livegen(*words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    command = [sys.executable, "-m", "livegen", *words]
    return subprocess.run(
        command, env=dict(environment), cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120
    )


class LivegenProcess:
    """A running daemon and its log.

    Args:
        words: its arguments.
        terminal: give it a terminal of its own; `hang_up` closes that.
    """

    def __init__(self, *words: str, environment: Mapping[str, str], terminal: bool = False) -> None:
        self._log: list[str] = []
        if terminal:
            ours, theirs = pty.openpty()
        else:
            ours, theirs = os.pipe()
        self._reading = os.fdopen(ours, "rb", buffering=0)
        try:
            self._process = subprocess.Popen(
                # setsid --ctty makes the terminal the controlling one: closing it is a real SIGHUP
                [*(["setsid", "--ctty"] if terminal else []), sys.executable, "-m", "livegen", *words],
                env=dict(environment),
                cwd=CHECKOUT,
                stdin=theirs if terminal else subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
            )
        finally:
            os.close(theirs)
        self._hung_up = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def log(self) -> str:
        return "".join(self._log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def _read(self) -> None:
        while not self._hung_up.is_set():
            if not select.select([self._reading], [], [], 0.05)[0]:
                continue
            try:
                text = self._reading.read(4096)
            except OSError:  # the other end of a terminal is closed
                return
            if not text:
                return
            self._log.append(text.decode(errors="replace").replace("\r\n", "\n"))

    def await_ready(self, times: int = 1) -> None:
        def ready() -> bool:
            assert self.running, f"it ended with {self._process.returncode}:\n{self.log}"
            return sum(line.startswith("Ready") for line in self.log.splitlines()) >= times

        try:
            until(ready, "ready", 60)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log}") from None

    def says(self, text: str, times: int = 1, within: float = PATIENCE) -> None:
        """Wait until its log has a text, so often. What it writes may come later than what it plays, or answers."""
        try:
            until(lambda: self.log.count(text) >= times, f"the log says {text!r}", within)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log}") from None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def hang_up(self) -> None:
        """Close the terminal, as a window that is closed does."""
        self._hung_up.set()
        self._reader.join()
        self._reading.close()

    def wait(self) -> int:
        """Its exit status (negative: the signal that killed it). The log is whole then."""
        status = self._process.wait(ENDS)
        self._reader.join(ENDS)  # its last words may still be on their way
        return status

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.send(number)
        return self.wait()

    def close(self) -> None:
        """Kill what is left of it."""
        if self.running:
            self._process.kill()
            self._process.wait()
        self._reader.join(ENDS)
        self._reading.close()  # a second time does nothing


Start = Callable[..., LivegenProcess]
"""Starts the daemon with the arguments given and waits until it is ready."""
