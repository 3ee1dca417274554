"""Native output is discarded in any thread, and stderr is back afterwards."""

from __future__ import annotations

import os
import threading

import pytest

from livegen.quiet import quiet


def test_two_threads_may_be_quiet_at_a_time(capfd: pytest.CaptureFixture[str]) -> None:
    inside, over = threading.Event(), threading.Event()

    def other() -> None:
        with quiet():
            inside.set()
            over.wait()

    thread = threading.Thread(target=other)
    with quiet():
        thread.start()
        inside.wait()
    os.write(2, b"the other thread is still quiet\n")
    over.set()
    thread.join()
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_without_stderr_nothing_is_discarded_and_nothing_fails() -> None:
    kept = os.dup(2)
    os.close(2)
    try:
        with quiet():
            pass
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(2)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
