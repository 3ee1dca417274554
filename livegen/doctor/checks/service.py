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
    72: "FluidSynth is not installed",
    78: "a setting is not valid, or a file cannot be written",
    126: "livegen cannot be executed",
    127: "livegen is not found",
    200: "systemd cannot enter a folder of the unit",
    203: "systemd cannot execute the program of the unit",
    216: "the group of the unit does not exist",
    217: "the user of the unit does not exist",
    218: "systemd may not take capabilities away here",
    226: "systemd cannot set up the guards of the unit",
    228: "systemd cannot limit system calls here",
    233: "systemd cannot make the folder of the unit in /run",
    238: "systemd cannot make the folder of the unit in /var/lib",
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
        return _starting(found, what, said, log)
    if not found.running:
        return _stopped(found, what, systemctl)
    what += f" runs{f': {found.status}' if found.status else ''}."
    if found.restarts >= OFTEN:
        return warning(name, f"{what} It was restarted {found.restarts} times.{said}", f"Read its log: {log}.")
    if not found.enabled:
        remedy = f"To start it with the {'session' if found.user else 'machine'}: {systemctl} enable {found.unit}."
        return warning(name, f"{what} It does not start by itself.", remedy)
    return ok(name, what)


def _starting(found: Service, what: str, said: str, log: str) -> Finding:
    if not found.restarts:
        return warning("service", f"{what} is starting.{said}", f"Wait, then read its log: {log}.")
    what += f" keeps failing: it was started again {found.restarts} times.{said}"
    return problem("service", what, f"Read its log ({log}), and correct what it names.")


def _stopped(found: Service, what: str, systemctl: str) -> Finding:
    what += " is installed but does not run."
    if found.enabled:
        return warning("service", what, f"Start it: {systemctl} start {found.unit}.")
    return ok("service", f"{what} To start it now and always: {systemctl} enable --now {found.unit}.")


def settings(facts: Facts) -> Finding | None:
    """Whether a system service can reach the sound of a desktop."""
    system = [unit.service for unit in facts.services.units if not unit.service.user and unit.service.running]
    own = {"root", "livegen", *(service.account for service in system)}
    servers = [server for server in facts.midi.servers if server.user not in own]
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
