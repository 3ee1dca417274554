"""The report of `livegen doctor`, as text and for JSON. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from livegen.doctor.findings import Finding, Fix, State

WIDTH = 100
INDENT = 11  # the width of a state and its margins
PROBLEM = 69
"""Exit status if there is a reason for silence: EX_UNAVAILABLE."""


@dataclass(frozen=True, slots=True)
class Report:
    findings: Mapping[str, Sequence[Finding]]  # by area
    versions: Mapping[str, str]

    @property
    def all(self) -> list[Finding]:
        return [finding for several in self.findings.values() for finding in several]

    @property
    def fixes(self) -> list[Fix]:
        return list(dict.fromkeys(finding.fix for finding in self.all if finding.fix is not None))

    @property
    def state(self) -> State:
        """The worst."""
        states = {finding.state for finding in self.all}
        return next((state for state in (State.PROBLEM, State.WARNING) if state in states), State.OK)

    @property
    def exit_status(self) -> int:
        """0 if livegen can play, also with warnings."""
        return PROBLEM if self.state is State.PROBLEM else 0

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        findings = [
            {
                "area": area,
                "check": finding.check,
                "state": finding.state.value,
                "what": finding.what,
                "remedy": finding.remedy,
                "fix": [str(step) for step in finding.fix.steps] if finding.fix is not None else [],
            }
            for area, several in self.findings.items()
            for finding in several
        ]
        return {"state": self.state.value, "findings": findings, "versions": dict(self.versions)}

    def text(self) -> str:
        """Every finding with its remedy, by area, then what `--fix` would do."""
        lines: list[str] = []
        for area, several in self.findings.items():
            if several:
                lines.append(area)
                for finding in several:
                    lines += _lines(finding)
        lines += ["", *_filled(", ".join(f"{name} {value}" for name, value in self.versions.items()), "")]
        lines += ["", self._summary()]
        if self.fixes:
            lines += ["livegen doctor --fix would do this as root:", *(f"  {fix}" for fix in self.fixes)]
        return "\n".join(lines)

    def _summary(self) -> str:
        states = [finding.state for finding in self.all]
        problems, warnings = states.count(State.PROBLEM), states.count(State.WARNING)
        if not problems and not warnings:
            return "Everything is fine."
        counts = [_count(problems, "problem"), _count(warnings, "warning")]
        return f"{' and '.join(count for count in counts if count)}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}" if number else ""


def _lines(finding: Finding) -> list[str]:
    first = f"  {finding.state.value:<{INDENT - 2}}"
    lines = _filled(finding.what, first)
    return lines + (_filled(finding.remedy, f"{'':{INDENT}}-> ") if finding.remedy else [])


def _filled(text: str, first: str) -> list[str]:
    # Commands and names of files are to be copied: they are never divided.
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
