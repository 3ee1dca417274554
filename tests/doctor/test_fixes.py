"""Fixes are done step by step; the first step that fails ends a fix."""

from __future__ import annotations

from pathlib import Path

from livegen.doctor import fixes
from livegen.doctor.findings import Fix, Run, Write


def test_steps_are_announced_and_done(tmp_path: Path) -> None:
    lines: list[str] = []
    target = tmp_path / "governor"
    fix = Fix((Write(target, "performance\n"), Run(("touch", str(tmp_path / "touched")))), "Log in again.")
    assert fixes.apply([fix, fix], root=True, say=lines.append)
    assert target.read_text() == "performance\n"
    assert (tmp_path / "touched").exists()
    assert lines == [
        f"write performance to {target}",
        f"touch {tmp_path / 'touched'}",
        "  done. Log in again.",
    ]


def test_a_step_that_fails_ends_its_fix(tmp_path: Path) -> None:
    lines: list[str] = []
    fix = Fix((Write(tmp_path / "no" / "file", "1\n"), Run(("touch", str(tmp_path / "touched")))))
    assert not fixes.apply([fix], root=True, say=lines.append)
    assert not (tmp_path / "touched").exists()
    assert "No such file or directory" in lines[-1]


def test_a_program_that_is_missing_is_named() -> None:
    lines: list[str] = []
    assert not fixes.apply([Fix((Run(("no-such-program",)),))], root=True, say=lines.append)
    assert "no-such-program is not installed" in lines[-1]


def test_without_root_sudo_is_used(tmp_path: Path, monkeypatch) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text(f'#!/bin/sh\nshift\necho "$@" >{tmp_path}/words\n')
    sudo.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    lines: list[str] = []
    assert fixes.apply([Fix((Run(("modprobe", "snd-seq")),))], root=False, say=lines.append)
    assert lines == ["sudo: modprobe snd-seq"]
    assert (tmp_path / "words").read_text() == "modprobe snd-seq\n"
