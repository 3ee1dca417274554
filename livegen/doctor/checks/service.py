"""Checks of the units of systemd. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from livegen.doctor.facts import Facts, Unit
from livegen.doctor.findings import Finding, ok, problem, warning
from livegen.service.state import Service

REASONS = {
    65: "the model is missing or damaged",
    66: "a MIDI file cannot be read",
    69: "a port, the MIDI system or the synth is not available, or another livegen of this name runs",
    70: "a bug in livegen",
    78: "a setting is not valid, or a file cannot be written",
    126: "livegen cannot be executed",
    127: "livegen is not found",
}
"""What the exit statuses of the daemon mean."""

OFTEN = 3  # restarts since the start of the unit


def units(facts: Facts) -> Iterator[Finding]:
    """The state of each service."""
    if facts.services.systemd and not facts.services.units:
        yield ok("service", "livegen is not installed as a service.")
    for unit in facts.services.units:
        yield _unit(unit)


def _unit(unit: Unit) -> Finding:
    name, found = "service", unit.service
    what, systemctl = f"The service {found.unit}", f"systemctl{' --user' if found.user else ''}"
    log = f"journalctl {'--user-unit' if found.user else '--unit'}={found.unit}"
    said = f" It said: {' / '.join(unit.warnings)}" if unit.warnings else ""
    if found.active == "failed" or found.sub == "auto-restart":
        why = REASONS.get(found.exit_status, found.result)
        again = f"{systemctl} reset-failed {found.unit} && {systemctl} start {found.unit}"
        remedy = f"Read its log ({log}), correct what it names, then: {again}."
        return problem(name, f"{what} has failed ({why}, status {found.exit_status}).{said}", remedy)
    if found.active == "activating":
        return warning(name, f"{what} is starting.{said}", f"Wait, then read its log: {log}.")
    if not found.running:
        return _stopped(found, what, systemctl)
    what += f" runs{f': {found.status}' if found.status else ''}."
    if found.restarts >= OFTEN:
        return warning(name, f"{what} It was restarted {found.restarts} times.{said}", f"Read its log: {log}.")
    if not found.enabled:
        remedy = f"To start it with the {'session' if found.user else 'machine'}: {systemctl} enable {found.unit}."
        return warning(name, f"{what} It does not start by itself.", remedy)
    return ok(name, what)


def _stopped(found: Service, what: str, systemctl: str) -> Finding:
    what += " is installed but does not run."
    if found.enabled:
        return warning("service", what, f"Start it: {systemctl} start {found.unit}.")
    return ok("service", f"{what} To start it now and always: {systemctl} enable --now {found.unit}.")


def settings(facts: Facts) -> Finding | None:
    """Whether a system service can reach the sound of a desktop."""
    system = [unit.service for unit in facts.services.units if not unit.service.user and unit.service.running]
    servers = [server for server in facts.midi.servers if server.user not in ("root", "livegen")]
    waits = facts.daemon is not None and facts.daemon.status["waits_for"]
    if not (system and servers and (waits or system[0].status.startswith("Waiting"))):
        return None
    server = servers[0]
    return warning(
        "service-user",
        f"{system[0].unit} is a service of the system, but {server.name} runs as {server.user}, "
        "whose sound and ports no other user can reach.",
        f"If it waits for sound or ports of {server.name}: as {server.user}, livegen service install --user, "
        "and here: sudo livegen service uninstall.",
    )
