"""docs/control.md says what there is."""

from __future__ import annotations

import re
from pathlib import Path

from livegen.cli import control
from livegen.config.settings import SPECS, Applies
from livegen.control.protocol import COMMANDS, EVENTS, LONGEST, VERSION
from livegen.control.server import BACKLOG, MOST_CLIENTS, MOST_REQUESTS, PACE

PAGE = (Path(__file__).parents[2] / "docs" / "control.md").read_text(encoding="utf-8")


def cells(start: str) -> list[list[str]]:
    """The rows of the table that follows a line, without its head."""
    lines = PAGE[PAGE.index(start) :].split("\n\n")
    table = next(block for block in lines if block.startswith("|"))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]


def names(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def test_every_command_of_the_protocol() -> None:
    rows = cells("In an error,")
    assert set().union(*(names(row[0]) for row in rows)) == set(COMMANDS)
    for row in rows:
        for command in names(row[0]):
            assert names(row[1]) == set(COMMANDS[command])


def test_every_event() -> None:
    assert set().union(*(names(row[0]) for row in cells("Events have"))) == {*EVENTS, "lost"}


def test_every_command_of_the_terminal() -> None:
    shown = {row[0].split()[1].strip("`") for row in cells("## From a terminal")}
    assert shown == {command.name for command in control.commands}


def test_when_every_setting_applies() -> None:
    order = (Applies.AT_ONCE, Applies.NEXT_RESPONSE, Applies.MODEL, Applies.PORTS, Applies.START)
    rows = [set(row[0].split(", ")) for row in cells("## When a change applies")]
    assert rows == [{spec.name for spec in SPECS if spec.applies is when} for when in order]


def test_the_limits() -> None:
    assert f"Version {VERSION}." in PAGE
    assert f"at most {LONGEST} bytes" in PAGE
    assert f"not read {BACKLOG // 1024} KiB" in PAGE
    assert f"At most {MOST_CLIENTS} clients" in PAGE
    assert f"at most {MOST_REQUESTS / PACE:.0f} requests a second" in PAGE
