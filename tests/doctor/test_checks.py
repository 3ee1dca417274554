"""Checks: facts in, a finding out. A machine on which everything is fine is the start of each case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from livegen.config.settings import DEFAULTS
from livegen.doctor.checks import AREAS, findings
from livegen.doctor.facts import (
    Access,
    Daemon,
    Engine,
    Facts,
    Loop,
    Machine,
    Midi,
    Ports,
    Program,
    Services,
    Sound,
    Storage,
    Unit,
    UsbDevice,
    User,
)
from livegen.doctor.findings import Finding, Run, State, Write
from livegen.service.state import Service

KEYBOARD = "Keystation 49:Keystation 49 MIDI 1 28:0"
GOVERNOR = Path("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor")
CONTROL = Path("/sys/bus/usb/devices/1-2/power/control")

STATUS: dict[str, Any] = {
    "name": "livegen",
    "version": "0.1.0",
    "pid": 42,
    "uptime": 72.0,
    "waits_for": None,
    "model": {"name": "livegen", "runtime": "LiteRT", "ms_per_note": 0.3},
    "notes": {"heard": 12, "played": 34},
    "inputs": [{"name": KEYBOARD, "state": "open"}],
    "outputs": [{"name": "FluidSynth (alsa, font.sf2)", "state": "open"}],
    "recording": {"state": "ready", "id": "", "why": ""},
    "last_warning": "",
}

RUNNING = Service(
    *("livegen.service", False, "/etc/systemd/system/livegen.service", True),
    *("active", "running", "Ready", "success", 0, 42, 0, "Sat 2026-11-28"),
)
ANNA = User("anna", False, frozenset({"anna", "audio"}), frozenset({"anna", "audio"}))
FINE = Facts(
    user=ANNA,
    midi=Midi(systems=(Ports("ALSA", (KEYBOARD,), ("Piano:Piano 32:0",)),), loop=Loop(3, (0.1, 0.2, 0.1))),
    sound=Sound(version="2.3.1", soundfont="font.sf2", peak=2600, driver="alsa"),
    machine=Machine(governors={GOVERNOR: "schedutil"}, usb=(UsbDevice("Keystation 49", False, CONTROL),)),
    engine=Engine("livegen", "LiteRT on the CPU", 0.3),
    services=Services(True, (Unit(RUNNING),)),
    storage=Storage(Path("/state/recordings"), free=10**10),
)


def facts(start: Facts = FINE, **parts: dict[str, Any]) -> Facts:
    """`start` with some fields of some of its parts changed: midi={"failure": "..."}."""
    return replace(start, **{name: replace(getattr(start, name), **fields) for name, fields in parts.items()})


def beside(**status: Any) -> Facts:
    """A livegen runs, with this status."""
    return replace(FINE, daemon=Daemon(STATUS | status, 3))


def found(where: Facts) -> dict[str, list[Finding]]:
    """The findings that are not ok, by the name of the check."""
    wrong: dict[str, list[Finding]] = {}
    for several in findings(where).values():
        for finding in several:
            if finding.state is not State.OK:
                wrong.setdefault(finding.check, []).append(finding)
    return wrong


def test_nothing_is_wrong_with_a_machine_that_is_fine() -> None:
    for where in (FINE, beside(), replace(FINE, machine=Machine(linux=False))):
        assert found(where) == {}
    texts = [finding.what for several in findings(FINE).values() for finding in several]
    assert "ALSA answers: 1 input, 1 output." in texts
    assert f"The first keyboard is {KEYBOARD}." in texts
    assert "A message takes 0.10 ms through ALSA (at most 0.20 ms)." in texts
    assert "FluidSynth 2.3.1 plays a note at -22 dBFS with font.sf2." in texts


NO_MIDI = {"systems": (), "loop": None}
JACK = {"systems": (Ports("JACK", ("system:midi_capture_1",), jack=True),), "loop": Loop(4, (1.0, 2.0, 3.0))}
OUTSIDER = User("anna", False, frozenset({"anna"}), frozenset({"anna"}))
NEWCOMER = User("anna", False, frozenset({"anna"}), frozenset({"anna", "audio"}))
ROOT = User("root", True)
WARN, FAIL = State.WARNING, State.PROBLEM

CASES = {
    "settings are wrong": (
        replace(FINE, settings_refused="x.toml, line 3: no."),
        "settings",
        FAIL,
        "line 3",
        "Correct",
    ),
    "another user's livegen": (replace(FINE, daemon_refused="It is bob's."), "running", WARN, "bob's", "sudo"),
    "a livegen that hangs": (replace(FINE, daemon_hangs="No answer."), "running", FAIL, "No answer", "End it"),
    "it has warned": (beside(last_warning="Too slow."), "last-warning", WARN, "Too slow.", "log"),
    "no model": (facts(engine={"failure": "damaged"}), "engine", FAIL, "damaged", "livegen models"),
    "a slow model": (facts(engine={"ms": 4.0}), "engine", WARN, "4.00 ms", "end other programs"),
    "too slow a model": (facts(engine={"ms": 40.0}), "engine", FAIL, "40.00 ms", "too slow"),
    "read-only": (facts(storage={"refusal": "no permission"}), "recordings", FAIL, "no permission", "--record off"),
    "a full disk": (facts(storage={"free": 10**6}), "recordings", FAIL, "0.001 GB", "Free some space"),
    "a nearly full disk": (facts(storage={"free": 10**8}), "recordings", WARN, "0.1 GB", "--recordings-max"),
    "a recording fails": (
        beside(recording={"state": "failing", "id": "", "why": "disk full"}),
        "recordings",
        FAIL,
        "disk full",
        "Free some space",
    ),
    "no MIDI system": (
        facts(midi=NO_MIDI | {"sequencer": Access.MISSING}),
        "midi-system",
        FAIL,
        "No MIDI system answers.",
        "modprobe snd-seq",
    ),
    "no permission": (
        replace(facts(midi=NO_MIDI | {"sequencer": Access.REFUSED}), user=OUTSIDER),
        "midi-system",
        FAIL,
        "No MIDI system answers.",
        "usermod -aG audio anna",
    ),
    "not logged in again": (
        replace(facts(midi=NO_MIDI | {"sequencer": Access.REFUSED}), user=NEWCOMER),
        "midi-system",
        FAIL,
        "No MIDI system answers.",
        "log out and in again",
    ),
    "JACK of another user": (
        facts(midi=NO_MIDI | {"sequencer": Access.MISSING, "servers": (Program("jackd", "bob"),)}),
        "midi-system",
        FAIL,
        "No MIDI system answers.",
        "run livegen as bob",
    ),
    "RtMidi does not work": (
        facts(midi=NO_MIDI | {"linux": False}),
        "midi-system",
        FAIL,
        "No MIDI system answers.",
        "Install livegen again",
    ),
    "only JACK, no server": (
        replace(
            facts(midi=NO_MIDI | {"failure": "JACK does not answer.", "sequencer": Access.MISSING}),
            settings=replace(DEFAULTS, backend="jack"),
        ),
        "midi-system",
        FAIL,
        "JACK does not answer.",
        "Start JACK or PipeWire",
    ),
    "JACK works, but ALSA is refused": (
        replace(facts(midi={"sequencer": Access.REFUSED}), user=OUTSIDER),
        "sequencer",
        WARN,
        "/dev/snd/seq",
        "usermod",
    ),
    "a loop cannot be opened": (
        facts(midi={"loop": Loop(failure="no.")}),
        "midi-loop",
        FAIL,
        "no.",
        "Restart the machine",
    ),
    "nothing comes back": (
        facts(midi={"loop": Loop(3)}),
        "midi-loop",
        FAIL,
        "No message came back",
        "Restart the machine",
    ),
    "a message is lost in ALSA": (
        facts(midi={"loop": Loop(3, (0.1, 0.1))}),
        "midi-loop",
        FAIL,
        "1 of 3",
        "Restart the machine",
    ),
    "a message is lost in JACK": (facts(midi=JACK), "midi-loop", FAIL, "1 of 4 messages through JACK", "jackd -S"),
    "a slow loop": (facts(midi={"loop": Loop(1, (9.0,))}), "midi-loop", WARN, "9.00 ms", "End other"),
    "a slow loop through JACK": (facts(midi=JACK | {"loop": Loop(1, (9.0,))}), "midi-loop", WARN, "9.00", "smaller"),
    "no keyboard": (
        facts(midi={"systems": (Ports("ALSA", ("Midi Through 14:0",)),)}),
        "in",
        WARN,
        "Midi Through",
        "--in",
    ),
    "an input that is not there": (
        replace(FINE, settings=replace(DEFAULTS, inputs=("Klavier",))),
        "in",
        FAIL,
        'There is no port "Klavier".',
        "--wait on",
    ),
    "an input that cannot be": (
        replace(FINE, settings=replace(DEFAULTS, inputs=("song.wav",))),
        "in",
        FAIL,
        "audio input is not supported",
        "Change the setting in",
    ),
    "an input file that is not there": (
        replace(FINE, settings=replace(DEFAULTS, inputs=("/no/song.mid",))),
        "in",
        FAIL,
        "there is no such file",
        "Change the setting in",
    ),
    "an output that is not there": (
        replace(FINE, settings=replace(DEFAULTS, outputs=("Organ",))),
        "out",
        FAIL,
        'There is no port "Organ".',
        "--wait on",
    ),
    "a port is gone": (beside(inputs=[{"name": KEYBOARD, "state": "gone"}]), "in", FAIL, "gone", "Switch it on"),
    "a port has failed": (beside(outputs=[{"name": "Piano", "state": "failed"}]), "out", FAIL, "failed", "reload"),
    "it waits": (beside(waits_for="Organ"), "waits", FAIL, "livegen waits for Organ.", "Switch it on"),
    "it waits for the sound card that another program uses": (
        facts(beside(waits_for="FluidSynth"), sound={"driver": "", "holders": (Program("mpd", "mpd", 7),)}),
        "audio-driver",
        FAIL,
        "livegen waits for sound",
        "used by mpd (process 7, mpd)",
    ),
    "no FluidSynth": (facts(sound={"failure": "FluidSynth is not installed."}), "synth", FAIL, "installed", "--out"),
    "a silent SoundFont": (facts(sound={"peak": 2}), "synth", FAIL, "font.sf2 is silent", "--gain"),
    "no sound card": (
        facts(sound={"driver": "", "no_driver": "No sound card is found."}),
        "audio-driver",
        FAIL,
        "No sound card",
        "Connect a sound card",
    ),
    "a busy sound card": (
        facts(sound={"driver": "", "no_driver": "alsa does not start.", "holders": (Program("mpd", "mpd", 7),)}),
        "audio-driver",
        FAIL,
        "alsa does not start",
        "used by mpd (process 7, mpd)",
    ),
    "a driver that stands still": (facts(sound={"flows": False}), "audio-driver", FAIL, "takes no sound", "Restart"),
    "no real-time priority": (
        facts(machine={"realtime_refused": "no"}),
        "realtime",
        WARN,
        "not granted",
        "/etc/security/limits.d/95-livegen.conf",
    ),
    "no real-time priority for root": (
        replace(facts(machine={"realtime_refused": "no"}), user=ROOT),
        "realtime",
        WARN,
        "not granted",
        "CAP_SYS_NICE",
    ),
    "it runs without the priority": (
        replace(FINE, daemon=Daemon(STATUS, 0)),
        "realtime",
        WARN,
        "livegen plays without",
        "LimitRTPRIO",
    ),
    "it runs without, as this user would": (
        replace(facts(machine={"realtime_refused": "no"}), daemon=Daemon(STATUS, 0)),
        "realtime",
        WARN,
        "livegen plays without",
        "rtprio 95",
    ),
    "memory": (facts(machine={"memory_locked": False}), "memory", WARN, "cannot be locked", "memlock"),
    "memory of root": (
        replace(facts(machine={"memory_locked": False}), user=ROOT),
        "memory",
        WARN,
        "cannot be locked",
        "ulimit",
    ),
    "power saving": (facts(machine={"governors": {GOVERNOR: "powersave"}}), "processor", WARN, "powersave", "cpupower"),
    "a profile": (facts(machine={"profile": "low-power"}), "processor", WARN, "low-power", "powerprofilesctl"),
    "a busy machine": (facts(machine={"load": 3.2, "cores": 2}), "load", WARN, "3.2 processes", "top"),
    "a sound card that sleeps": (
        facts(machine={"codec_sleeps": Path("/sys/power_save")}),
        "sound-card",
        WARN,
        "sleeps",
        "Write 0 to /sys/power_save",
    ),
    "a keyboard that is switched off": (
        facts(machine={"usb": (UsbDevice("Keystation 49", True, CONTROL),)}),
        "usb",
        WARN,
        "Keystation 49",
        "USB_DENYLIST",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_found_with_its_remedy(case: str) -> None:
    where, check, state, what, remedy = CASES[case]
    (finding,) = found(where)[check]
    assert finding.state is state
    assert what in finding.what
    assert remedy in finding.remedy


@pytest.mark.parametrize("case", CASES)
def test_nothing_else_is_found(case: str) -> None:
    where, check, *_ = CASES[case]
    assert set(found(where)) == {check}


@pytest.mark.parametrize(
    ("case", "steps"),
    [
        (
            "no MIDI system",
            (Run(("modprobe", "snd-seq")), Write(Path("/etc/modules-load.d/livegen.conf"), "snd-seq\n")),
        ),
        ("no permission", (Run(("usermod", "-aG", "audio", "anna")),)),
        ("power saving", (Write(GOVERNOR, "performance\n"),)),
        ("a keyboard that is switched off", (Write(CONTROL, "on\n"),)),
        ("a sound card that sleeps", (Write(Path("/sys/power_save"), "0\n"),)),
        ("not logged in again", None),
        ("no real-time priority for root", None),
        ("JACK of another user", None),
    ],
)
def test_what_can_be_mended(case: str, steps: tuple[object, ...] | None) -> None:
    where, check, *_ = CASES[case]
    (finding,) = found(where)[check]
    assert (finding.fix and finding.fix.steps) == steps


def test_the_priority_is_allowed_together_with_the_group() -> None:
    (finding,) = found(replace(CASES["no real-time priority"][0], user=OUTSIDER))["realtime"]
    assert finding.fix is not None
    limits, join = finding.fix.steps
    assert isinstance(limits, Write)
    assert limits.text == "@audio - rtprio 95\n@audio - memlock unlimited\n"
    assert join == Run(("usermod", "-aG", "audio", "anna"))


@pytest.mark.parametrize(
    "where",
    [
        facts(sound={"used": False, "peak": 0}),
        facts(storage={"wanted": False, "refusal": "no"}),
        facts(machine={"governors": {GOVERNOR: "powersave"}, "scaling_driver": "intel_pstate"}),
        replace(facts(machine={"realtime_refused": "no"}), settings=replace(DEFAULTS, realtime="off")),
        replace(FINE, settings=replace(DEFAULTS, inputs=("Keystation",), outputs=("Piano", "x.wav", "FluidSynth"))),
        replace(FINE, settings=replace(DEFAULTS, inputs=("demo",), virtual=True)),
    ],
    ids=["no synth", "no recording", "a processor that scales", "real time is off", "named ports", "demo"],
)
def test_what_is_not_wanted_is_not_missed(where: Facts) -> None:
    assert found(where) == {}


def test_another_livegen_is_named() -> None:
    texts = [each.what for each in findings(replace(FINE, others=("left", "right")))["livegen"]]
    assert any(text.endswith("Others run: left, right (livegen --name left doctor).") for text in texts)


def test_every_check_is_in_an_area_once() -> None:
    checks = [check for several in AREAS.values() for check in several]
    assert len(checks) == len(set(checks))
