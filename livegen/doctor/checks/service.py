"""Checks of the units of systemd. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from livegen.doctor.facts import Facts, Unit
from livegen.doctor.findings import Finding, ok, problem, warning

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
    """The state of each unit."""
    if facts.service.systemd and not facts.service.units:
        yield ok("service", "livegen is not installed as a service.")
    for unit in facts.service.units:
        yield _unit(unit)


def _unit(unit: Unit) -> Finding:
    name, systemctl = "service", f"systemctl{' --user' if unit.user else ''}"
    log = f"journalctl {'--user -u' if unit.user else '-u'} {unit.name}"
    said = f" It said: {' / '.join(unit.warnings)}" if unit.warnings else ""
    if unit.active == "failed" or unit.sub == "auto-restart":
        why = REASONS.get(unit.exit_status, unit.result)
        what = f"The service {unit.name} has failed ({why}, status {unit.exit_status}).{said}"
        again = f"{systemctl} reset-failed {unit.name} && {systemctl} start {unit.name}"
        return problem(name, what, f"Read its log ({log}), correct what it names, then: {again}.")
    if unit.active == "activating":
        return warning(name, f"The service {unit.name} is starting.{said}", f"Wait, then read its log: {log}.")
    if unit.active != "active":
        return _inactive(unit, systemctl)
    what = f"The service {unit.name} runs{f': {unit.status}' if unit.status else ''}."
    if unit.restarts >= OFTEN:
        return warning(name, f"{what} It was restarted {unit.restarts} times.{said}", f"Read its log: {log}.")
    if unit.enabled not in ("enabled", "enabled-runtime", "static", "generated", "linked"):
        remedy = f"To start it with the {'session' if unit.user else 'machine'}: {systemctl} enable {unit.name}."
        return warning(name, f"{what} It does not start by itself.", remedy)
    return ok(name, what)


def _inactive(unit: Unit, systemctl: str) -> Finding:
    what = f"The service {unit.name} is installed but does not run."
    if unit.enabled == "enabled":
        return warning("service", what, f"{systemctl} start {unit.name}")
    return ok("service", f"{what} To start it now and always: {systemctl} enable --now {unit.name}.")


def settings(facts: Facts) -> Finding | None:
    """Whether a system service can reach the sound of a desktop."""
    system = [unit for unit in facts.service.units if not unit.user and unit.active in ("active", "activating")]
    servers = [server for server in facts.midi.servers if server.user not in ("root", "livegen")]
    waits = facts.daemon is not None and facts.daemon.status["waits_for"]
    if not (system and servers and (waits or system[0].status.startswith("Waiting"))):
        return None
    server = servers[0]
    return warning(
        "service-user",
        f"{system[0].name} is a service of the system, but {server.name} runs as {server.user}, "
        "whose sound and ports no other user can reach.",
        f"If it waits for sound or ports of {server.name}: as {server.user}, use the user unit instead "
        "(livegen.service of systemctl --user).",
    )
