"""The report of `livegen ports`: all ports, the built-in player and synth, and what livegen uses by default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from livegen.config.settings import Settings
from livegen.io import midi_system, ports, synth
from livegen.io.midi_system import Listing
from livegen.io.synth import Available


@dataclass(frozen=True, slots=True)
class Report:
    systems: tuple[Listing, ...]  # livegen uses the first
    synth: Available
    used_in: tuple[str, ...]
    used_out: tuple[str, ...]

    def plain(self) -> dict[str, object]:
        """The report for JSON."""
        systems = [
            {"name": found.system.name, "backend": found.system.backend, "in": found.inputs, "out": found.outputs}
            for found in self.systems
        ]
        return {
            "systems": systems,
            "built-in": {"in": ["demo"], "out": ["FluidSynth"]},
            "synth": {**self.synth._asdict(), "soundfont": str(self.synth.soundfont) if self.synth.soundfont else None},
            "used": {"in": self.used_in, "out": self.used_out},
            "advice": None if systems else midi_system.advice(),
        }

    def text(self) -> str:
        """The report as a table."""
        rows: list[tuple[str, ...]] = [("System", "Direction", "Port", "")]
        for index, found in enumerate(self.systems):
            rows += [self._row(found.system.name, "in", name, mark=index == 0) for name in found.inputs]
            rows += [self._row(found.system.name, "out", name, mark=index == 0) for name in found.outputs]
        rows.append(self._row("built in", "in", "demo"))
        works = self.synth.problem is None
        font = self.synth.soundfont
        sounds = f"{self.synth.driver}, {font.name}" if works and font else "cannot play, see below"
        rows.append(self._row("built in", "out", "FluidSynth", f"({sounds})"))
        lines = [*aligned(rows), ""]
        lines.append(
            f"* = used with the current settings: in {', '.join(self.used_in)}; out {', '.join(self.used_out)}."
        )
        lines += [
            f"{found.system.name} has no ports yet." for found in self.systems if not found.inputs + found.outputs
        ]
        lines += [] if self.systems else [midi_system.advice()]
        lines += [] if works else [str(self.synth.problem)]
        return "\n".join(lines)

    def _row(self, system: str, direction: str, name: str, remark: str = "", *, mark: bool = True) -> tuple[str, ...]:
        used = mark and name in (self.used_in if direction == "in" else self.used_out)
        return system, direction, f"{name} *" if used else name, remark


def report(settings: Settings) -> Report:
    """Look for ports and for what the synth needs.

    Raises:
        PortError: the MIDI system that the settings name does not answer.
    """
    found = midi_system.listings(settings.backend)
    jack = any(listing.system.api == midi_system.JACK for listing in found)
    available = synth.available(settings.soundfont, settings.audio_driver, jack=jack)
    first = found[0] if found else None
    keyboard = first and ports.first_keyboard(first.inputs, jack=first.system.api == midi_system.JACK)
    return Report(found, available, settings.inputs or (keyboard or "demo",), settings.outputs or (available.choice,))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Format rows as lines, with each column as wide as its longest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
