"""Checks of what makes notes late: priority, memory, power saving. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from livegen.doctor.facts import Daemon, Facts, User
from livegen.doctor.findings import Finding, Fix, Run, Step, Write, ok, warning

LIMITS = Path("/etc/security/limits.d/95-livegen.conf")

SELF_SCALING = ("intel_pstate", "amd-pstate-epp", "intel_cpufreq")
"""Drivers with which the processor raises its own speed, also with the governor powersave."""

SLOW_GOVERNORS = ("powersave", "conservative")


def realtime(facts: Facts) -> Finding | None:
    """Whether livegen has, or would get, real-time priority."""
    if not facts.machine.linux:
        return None
    if facts.settings.realtime == "off":
        return ok("realtime", "Real-time priority is off (--realtime).")
    return _granted(facts) if facts.daemon is None else _in_use(facts, facts.daemon)


def _granted(facts: Facts) -> Finding:
    if not facts.machine.realtime_refused:
        return ok("realtime", "Real-time priority is granted.")
    what = "Real-time priority is not granted, so notes may be late on a busy machine."
    if facts.user.root:
        return warning("realtime", what, "This container or virtual machine does not grant it: allow CAP_SYS_NICE.")
    return warning("realtime", what, *_allowed(facts.user))


def _in_use(facts: Facts, daemon: Daemon) -> Finding:
    if daemon.realtime_threads:
        return ok("realtime", f"livegen plays with real-time priority ({daemon.realtime_threads} threads).")
    what = "livegen plays without real-time priority, so notes may be late on a busy machine."
    if not facts.machine.realtime_refused:
        return warning("realtime", what, "Restart it. If it is a service, its unit needs LimitRTPRIO=95.")
    return warning("realtime", what, *_allowed(facts.user))


def memory(facts: Facts) -> Finding | None:
    """Whether the model stays in memory."""
    if facts.settings.realtime == "off" or facts.machine.memory_locked or facts.daemon is not None:
        return None
    what = "Memory cannot be locked, so notes may be late if the machine swaps."
    if facts.user.root:
        return warning("memory", what, "Raise the limit before the start: ulimit -l unlimited.")
    return warning("memory", what, *_allowed(facts.user))


def _allowed(user: User) -> tuple[str, Fix]:
    """How a user gets real-time priority and locked memory: as a member of the group audio, which gets both."""
    steps: list[Step] = [Write(LIMITS, "@audio - rtprio 95\n@audio - memlock unlimited\n")]
    join = ""
    if "audio" not in user.member:
        steps.append(Run(("usermod", "-aG", "audio", user.name)))
        join = f"join it ({steps[-1]}), "
    fix = Fix(tuple(steps), "Log out and in again.")
    return f"Allow it for the group audio in {LIMITS} (rtprio 95, memlock unlimited), {join}then log in again.", fix


def processor(facts: Facts) -> Finding | None:
    """Whether the processor may be slow to save power."""
    name, machine = "processor", facts.machine
    if machine.profile == "low-power":
        return warning(
            name, "The machine saves power (low-power).", "Choose another profile: powerprofilesctl set balanced."
        )
    if not machine.governors:
        return None
    slow = {file: governor for file, governor in machine.governors.items() if governor in SLOW_GOVERNORS}
    if not slow or machine.scaling_driver in SELF_SCALING:
        governors = ", ".join(sorted(set(machine.governors.values())))
        return ok(name, f"The processor does not save power at the cost of speed (governor {governors}).")
    governor = Counter(slow.values()).most_common(1)[0][0]
    fix = Fix(tuple(Write(file, "performance\n") for file in slow), "This lasts until the next start of the machine.")
    return warning(
        name,
        f"The processor saves power (governor {governor}), so notes may be late.",
        "Use the governor performance: cpupower frequency-set -g performance.",
        fix,
    )


def load(facts: Facts) -> Finding | None:
    """Whether other programs keep the processors busy."""
    machine = facts.machine
    if machine.load <= machine.cores:
        return None
    return warning(
        "load",
        f"{machine.load:.1f} processes want to run on {machine.cores} processors.",
        "End other programs: `top` shows which.",
    )


def sound_card(facts: Facts) -> Finding | None:
    """Whether the sound card falls asleep between phrases."""
    file = facts.machine.codec_sleeps
    if file is None or not facts.sound.used:
        return None
    fix = Fix((Write(file, "0\n"),), "This lasts until the next start of the machine.")
    what = "The sound card sleeps when nothing plays: the first note may crackle or be cut."
    return warning("sound-card", what, f"Write 0 to {file}.", fix)


def usb(facts: Facts) -> Iterator[Finding]:
    """Whether USB MIDI devices may be switched off while nobody plays."""
    for device in facts.machine.usb:
        if not device.suspends:
            yield ok("usb", f"{device.name} stays switched on.")
            continue
        fix = Fix((Write(device.control, "on\n"),), "This lasts until it is unplugged; TLP or powertop may undo it.")
        what = f"The kernel may switch {device.name} off to save power: its first note may be late or lost."
        yield warning("usb", what, f"Write on to {device.control}, or exclude it in TLP (USB_DENYLIST).", fix)
