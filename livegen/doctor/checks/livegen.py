"""Checks of livegen itself: settings, a livegen that runs, the model, the recordings. Pure."""

from __future__ import annotations

from pathlib import Path

from livegen.control.report import duration
from livegen.doctor.facts import Facts
from livegen.doctor.findings import Finding, ok, problem, warning

SLOW = 3.0  # ms a note: a response of 25 notes is then computed in 75 ms, still before the silence ends
TOO_SLOW = 20.0  # ms a note: a fast passage is played faster than it is computed

FULL = 50_000_000  # bytes: a day of playing takes about 5 MB
NEARLY_FULL = 500_000_000


def settings(facts: Facts) -> Finding | None:
    """Whether the settings are valid."""
    if not facts.settings_refused:
        return None
    return problem(
        "settings", facts.settings_refused, "Correct it: livegen does not start with it. The defaults are checked here."
    )


def running(facts: Facts) -> Finding:
    """Whether a livegen runs, and what it does."""
    name = "running"
    if facts.daemon_refused:
        return warning(name, facts.daemon_refused, "Run the doctor as that user, or with sudo, to ask it.")
    if facts.daemon_hangs:
        return problem(name, facts.daemon_hangs, "End it (kill -9, or systemctl restart), and report it as a bug.")
    if facts.daemon is None:
        others = ", ".join(facts.others)
        more = f" Others run: {others} (livegen --name {facts.others[0]} doctor)." if others else ""
        return ok(name, f"No livegen named {facts.settings.name} runs: this machine is checked without it.{more}")
    status = facts.daemon.status
    since = duration(status["uptime"])
    heard, played = status["notes"]["heard"], status["notes"]["played"]
    return ok(
        name,
        f"livegen {status['version']}, named {status['name']}, has been running for {since} "
        f"(process {status['pid']}): {heard} notes heard, {played} played.",
    )


def last_warning(facts: Facts) -> Finding | None:
    """What a livegen that runs warned of last."""
    if facts.daemon is None or not (text := facts.daemon.status["last_warning"]):
        return None
    return warning("last-warning", f"Its last warning: {text}", "The log has more: livegen status, or journalctl.")


def engine(facts: Facts) -> Finding:
    """Whether the model plays, and fast enough."""
    name, found = "engine", facts.engine
    if found.failure:
        return problem(name, found.failure, "Choose another model (livegen models), or install livegen again.")
    text = f"The model {found.name} takes {found.ms:.2f} ms per note ({found.runtime})."
    if found.ms > TOO_SLOW:
        return problem(name, text, "This is too slow to play live: end other programs, or use --device cpu.")
    if found.ms > SLOW:
        return warning(name, text, "Responses may begin late: end other programs, and see the findings about timing.")
    return ok(name, text)


def recordings(facts: Facts) -> Finding | None:
    """Whether recordings can be written."""
    name, storage = "recordings", facts.storage
    if not storage.wanted:
        return ok(name, "Recording is off (--record).")
    if facts.daemon is not None and facts.daemon.status["recording"]["state"] == "failing":
        why = facts.daemon.status["recording"]["why"]
        return problem(name, f"livegen cannot write its recording: {why}.", "Free some space, or mend the folder.")
    if storage.refusal:
        text = f"{storage.folder} cannot be written ({storage.refusal})."
        return problem(name, text, "Change its owner or permissions, or turn recording off: --record off.")
    return None if storage.free is None else _free(name, storage.folder, storage.free)


def _free(name: str, folder: Path, number: int) -> Finding:
    free = f"{number / 1e9:.2g} GB are free for recordings in {folder}."
    if number < FULL:
        return problem(name, free, "Free some space: recordings fail soon.")
    if number < NEARLY_FULL:
        return warning(name, free, "Free some space, or let livegen delete more: --recordings-max.")
    return ok(name, free)
