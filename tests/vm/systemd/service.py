"""The Debian package and its service on a machine with ALSA: installed, upgraded, disturbed, removed.

For root in the machine of scripts/test-vm, which has snd-virmidi as card 1: service.py OLD.deb NEW.deb, once after each
boot; a file says how far it is. Tried under all guards of the unit: real-time priority and locked memory, kill -9, a
hang, a reload, a keyboard and a synth that go and come back, a full disk, a clock that is set back, an upgrade, a
reboot, a power cut, and the removal. Prints what it measured.
"""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 300.0  # s: an emulated machine is slow
AGAIN = 42  # exit status: it goes on after a reboot
STAGE = Path("/test-vm.stage")
HEARD = Path("/run/heard")
CONFIG = Path("/etc/livegen/livegen.toml")
RECORDINGS = Path("/var/lib/private/livegen/recordings")
DRIVER = Path("/sys/bus/platform/drivers/snd_virmidi")
SETTINGS = """in = "VirMIDI 1-0"
out = "VirMIDI 1-1"
backend = "alsa"
thru = "off"
response-min = 4
"""
SLOW = "[Service]\nWatchdogSec=60\nTimeoutStartSec=600\n"
SYNTH = ("fluidsynth", "-is", "-a", "file", "-o", "audio.file.name=/dev/null", "-m", "alsa_seq", "-p", "Synth")


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PATIENCE)
    check(done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def check(good: bool, what: str) -> None:
    if not good:
        log = subprocess.run(["journalctl", "-u", "livegen", "--no-pager"], capture_output=True, text=True, check=False)
        raise SystemExit(f"FAILED: {what}\n{log.stdout}")


def until(condition: Callable[[], object], what: str) -> float:
    """Wait until a condition holds. Returns the seconds that this took."""
    start = time.monotonic()
    while not condition():
        check(time.monotonic() - start < PATIENCE, what)
        time.sleep(0.02)
    return time.monotonic() - start


def say(text: str) -> None:
    print(text, flush=True)


def property_(name: str) -> str:
    return run("systemctl", "show", "--value", f"--property={name}", "livegen").strip()


def active() -> bool:
    return property_("ActiveState") == "active"


def await_another(pid: str) -> float:
    """Wait until another process than this one plays. Returns the seconds that this took."""
    return until(lambda: active() and property_("MainPID") not in (pid, "0"), f"another process than {pid} plays")


def log(*more: str) -> str:
    return run("journalctl", "-u", "livegen", "-b", "-o", "cat", "--no-pager", *more)


def policies(pid: str) -> list[tuple[int, int]]:
    """(scheduling policy, real-time priority) of each thread: fields 41 and 40 of proc(5)."""
    found = []
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        fields = stat.read_text().rpartition(")")[2].split()
        found.append((int(fields[38]), int(fields[37])))
    return found


@contextmanager
def listening() -> Iterator[None]:
    """Inside, `sounding` knows what the instrument plays."""
    with HEARD.open("w") as stream:
        amidi = subprocess.Popen(["amidi", "-d", "-p", "hw:1,1"], stdout=stream)
        try:
            yield
        finally:
            amidi.terminate()
            amidi.wait()


def sounding() -> set[tuple[int, int]]:
    """What amidi has heard and has not ended, as (channel, key)."""
    notes: set[tuple[int, int]] = set()
    status, data = 0, b""
    text = "".join(HEARD.read_text().split())
    for byte in bytes.fromhex(text[: len(text) // 2 * 2]):
        status, data = (byte, b"") if byte >= 0x80 else (status, data + bytes([byte]))
        if len(data) == 2:
            if status & 0xF0 in (0x80, 0x90):
                key = status & 0x0F, data[0]
                (notes.add if status & 0xF0 == 0x90 and data[1] else notes.discard)(key)
            data = b""  # a running status may follow
    return notes


def play_call() -> None:
    for message in ("90 3C 64", "90 40 64", "80 3C 00", "80 40 00"):
        run("amidi", "-p", "hw:1,0", "-S", message)


def answered(what: str) -> None:
    """A phrase gets a response, which ends."""
    until(lambda: not sounding(), f"silence before {what}")
    play_call()
    until(sounding, f"a response {what}")
    until(lambda: not sounding(), f"the end of the response {what}")


def recordings() -> dict[str, dict[str, Any]]:
    """By id."""
    found = json.loads(run("env", "STATE_DIRECTORY=/var/lib/livegen", "livegen", "recordings", "--json"))
    return {each["id"]: each for each in found}


def playing() -> str:
    """The recording that is being made."""

    def found() -> list[str]:
        return [id_ for id_, each in recordings().items() if each["file"].endswith(".journal")]

    until(found, "it records")
    return found()[0]


# What is tried.


def install(package: str) -> None:
    run("dpkg", "-i", package)
    check((property_("ActiveState"), property_("UnitFileState")) == ("inactive", "disabled"), "it starts by itself")
    say(f"installed: {run('livegen', '--version').strip()}")
    CONFIG.write_text(SETTINGS)
    drop_in = Path("/etc/systemd/system/livegen.service.d/slow.conf")
    drop_in.parent.mkdir()
    drop_in.write_text(SLOW)
    run("systemctl", "daemon-reload")
    run("systemctl", "enable", "--now", "livegen")


def priorities_and_guards() -> None:
    pid = property_("MainPID")
    fifo = sorted(priority for policy, priority in policies(pid) if policy & 0xFF == 1)
    check({50, 60} <= set(fifo), f"threads with SCHED_FIFO: {fifo}")
    locked = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmLck"))
    check(int(locked.split()[1]) > 10_000, locked)
    say(f"real-time priorities of the threads: {fifo}; {locked}")
    say(run("systemd-analyze", "security", "--no-pager", "livegen").splitlines()[-1])


def kill() -> None:
    pid = property_("MainPID")
    play_call()
    until(sounding, "a response")
    os.kill(int(pid), signal.SIGKILL)
    back = await_another(pid)
    ended = back + until(lambda: not sounding(), "the notes end after kill -9")
    say(f"after kill -9 ready within {back:.1f} s, and the notes ended within {ended:.1f} s")
    run("livegen", "panic")
    answered("after kill -9")


def hang() -> None:
    pid = property_("MainPID")
    os.kill(int(pid), signal.SIGSTOP)
    say(f"one that hangs is replaced within {await_another(pid):.1f} s (WatchdogSec=60)")
    answered("after a hang")


def reload() -> None:
    pid = property_("MainPID")
    CONFIG.write_text(SETTINGS.replace("response-min = 4", "response-min = 2"))
    run("systemctl", "reload", "livegen")
    check(float(run("livegen", "get", "response-min")) == 2, "the new setting")
    CONFIG.write_text("response-min = none\n")
    refused = subprocess.run(["systemctl", "reload", "livegen"], capture_output=True, check=False)
    CONFIG.write_text(SETTINGS)
    check(refused.returncode != 0 and property_("MainPID") == pid, "a refused reload fails, and it runs on")
    say("reloaded; wrong settings are refused")


def full_disk() -> None:
    user = RECORDINGS.stat()
    run("systemctl", "stop", "livegen")
    options = f"size=400k,mode=0700,uid={user.st_uid},gid={user.st_gid}"
    run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(RECORDINGS))
    run("systemctl", "start", "livegen")
    fill = RECORDINGS / "fill"
    with suppress_full(), fill.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    answered("with a full disk")
    until(lambda: "cannot be written" in log("-p", "warning"), "the warning")
    fill.unlink()
    play_call()
    until(lambda: "can be written again" in log(), "it records again")
    until(lambda: not sounding(), "the end of a response")
    run("systemctl", "stop", "livegen")
    run("umount", str(RECORDINGS))
    run("systemctl", "start", "livegen")
    told = [line for line in log("-p", "warning").splitlines() if "cannot be written" in line]
    check(len(told) == 1, f"told once: {told}")
    say("a full disk is told once; it answers on, and records when it can")


@contextmanager
def suppress_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        check(error.errno == 28, str(error))


def set_clock_back() -> None:
    """It records and answers on, and nothing is lost or overwritten."""
    play_call()
    until(lambda: not sounding(), "silence")
    pid, id_, before = property_("MainPID"), playing(), recordings()
    run("date", "-s", f"@{time.time() - 3600:.0f}")
    answered("with the clock set back")
    check(property_("MainPID") == pid, "it was restarted")
    later = recordings()
    grown = later[id_]["seconds"] - before[id_]["seconds"]
    check(set(later) == set(before) and grown > 1, f"the same recordings, one {grown} s longer: {before} {later}")
    run("systemctl", "restart", "livegen")
    answered("after the restart")
    until(lambda: len(recordings()) > len(before), "another recording")
    last = recordings()
    check(set(before) < set(last) and last[id_]["seconds"] >= later[id_]["seconds"], f"{before} {last}")
    run("date", "-s", f"@{time.time() + 3600:.0f}")
    say(f"clock set back: recording {id_} has grown by {grown:.1f} s")


def synth_restarts() -> None:
    run("livegen", "set", "out", "VirMIDI 1-1;Synth")

    def times(what: str) -> int:
        return sum("Synth" in line and what in line for line in log().splitlines())

    for number in (1, 2):
        synth = subprocess.Popen(SYNTH, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took = until(lambda number=number: times("out: ") == number, "the synth is used")
        answered("on two instruments")
        synth.kill()
        synth.wait()
        gone = until(lambda number=number: times("is gone") == number, "it is gone")
    run("livegen", "set", "out", "VirMIDI 1-1")
    say(f"a synth that restarts: noticed within {gone:.2f} s, used within {took:.1f} s of its start (it starts slowly)")


def keyboard_is_unplugged() -> None:
    (DRIVER / "unbind").write_text("snd_virmidi.0")
    gone = until(lambda: "Waiting for" in property_("StatusText"), "the status line says what it waits for")
    check(active(), "it waits")
    (DRIVER / "bind").write_text("snd_virmidi.0")
    back = until(lambda: "Waiting" not in property_("StatusText"), "the keyboard is back")
    say(f"a keyboard is unplugged: noticed within {gone:.2f} s, back within {back:.2f} s")


def upgrade(package: str) -> None:
    pid, before = property_("MainPID"), recordings()
    run("dpkg", "--force-confold", "-i", package)
    took = await_another(pid)
    check(CONFIG.read_text() == SETTINGS and set(before) <= set(recordings()), "settings and recordings are kept")
    say(f"upgraded to {run('livegen', '--version').strip()}, ready {took:.1f} s later")
    with listening():
        answered("after the upgrade")


def first(old: str, new: str) -> None:
    install(old)
    until(active, "it runs")
    priorities_and_guards()
    with listening():
        kill()
        hang()
        reload()
        full_disk()
        set_clock_back()
        synth_restarts()
    keyboard_is_unplugged()
    upgrade(new)
    STAGE.write_text(f"second {len(recordings())}")
    say("test-vm: reboots")
    run("systemctl", "--no-block", "reboot")
    sys.exit(AGAIN)


def second(before: int) -> None:
    took = until(active, "it starts with the machine")
    check(len(recordings()) >= before, f"recordings are lost: {recordings()}")
    say(f"after a reboot it runs ({took:.0f} s later)")
    with listening():
        play_call()
        id_ = playing()
        answered("after a reboot")
        until(lambda: recordings()[id_]["seconds"] > 3, "a recording of 3 s")
        time.sleep(3)
        STAGE.write_text(f"third {id_} {recordings()[id_]['seconds']}")
        os.sync()
        play_call()
        until(sounding, "a response in the middle of which the power is cut")
        say("test-vm: cut the power")
        time.sleep(PATIENCE)


def third(id_: str, seconds: float) -> None:
    until(active, "it starts after a power cut")
    kept = recordings()[id_]
    check(kept["file"].endswith(".mid") and kept["seconds"] >= seconds - 1, f"{kept}, {seconds} s before the cut")
    say(f"after a power cut {kept['seconds']} s of the recording are kept; {seconds} s had been played before")
    with listening():
        answered("after a power cut")
    start = time.monotonic()
    run("systemctl", "stop", "livegen")
    say(f"stopped within {time.monotonic() - start:.1f} s")
    run("systemctl", "start", "livegen")
    run("dpkg", "-r", "livegen")
    check(CONFIG.exists(), "the settings are gone")
    check("livegen" not in [entry.pw_name for entry in pwd.getpwall()], "a user is left")
    run("dpkg", "-P", "livegen")
    left = run("find", "/etc", "/usr", "/run", "/var/lib", "-xdev", "-name", "*livegen*").splitlines()
    left = [path for path in left if not path.startswith("/var/lib/private/livegen")]
    check(left in ([], ["/var/lib/livegen"]), f"left: {left}")
    say("removed and purged: only the recordings stay")


def main(old: str, new: str) -> None:
    """Do what comes after this boot, and exit with 0 after the last one."""
    stage, *more = STAGE.read_text().split() if STAGE.exists() else ["first"]
    if stage == "first":
        first(old, new)
    elif stage == "second":
        second(int(more[0]))
    else:
        third(more[0], float(more[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
