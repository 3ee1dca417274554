"""Every check, by area. A check is a pure function from the facts to a finding, to several, or to none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from livegen.doctor.checks import livegen, machine, midi, service, sound
from livegen.doctor.facts import Facts
from livegen.doctor.findings import Finding

Check = Callable[[Facts], Finding | Iterator[Finding] | None]

AREAS: Mapping[str, tuple[Check, ...]] = {
    "livegen": (livegen.settings, livegen.running, livegen.last_warning, livegen.engine, livegen.recordings),
    "MIDI": (midi.system, midi.sequencer, midi.waiting, midi.inputs, midi.outputs, midi.loop),
    "sound": (sound.rendering, sound.driver),
    "timing": (
        machine.realtime,
        machine.memory,
        machine.processor,
        machine.load,
        machine.sound_card,
        machine.usb,
    ),
    "service": (service.units, service.settings),
}


def findings(facts: Facts) -> dict[str, list[Finding]]:
    """All findings, by area."""
    found: dict[str, list[Finding]] = {}
    for area, checks in AREAS.items():
        found[area] = [finding for check in checks for finding in _several(check(facts))]
    return found


def _several(found: Finding | Iterator[Finding] | None) -> Iterator[Finding]:
    if isinstance(found, Finding):
        yield found
    elif found is not None:
        yield from found
