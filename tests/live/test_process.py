"""What the modules log on the threads of RtMidi is in livegen's log."""

from __future__ import annotations

import logging

import pytest

from livegen.config.settings import Settings
from livegen.live.process import reporting

THEIRS = logging.getLogger("livegen.io.ports")


def test_a_warning_of_a_module_is_one_line_of_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with reporting(Settings()):
        THEIRS.error("lost a message: %s", "clock", exc_info=ValueError("too odd"))
    THEIRS.warning("afterwards")
    told = capfd.readouterr().err
    assert "lost a message: clock (ValueError('too odd'))" in told
    assert "Traceback" not in told
    assert not logging.getLogger("livegen").handlers
