"""The service of the machine with ALSA, real-time priority and locked memory, under all guards of the unit.

For root on a machine with systemd, snd-virmidi as card 1 and amidi, on which no livegen is installed: see
scripts/test-vm. What a container cannot grant is granted there. The clock is set back an hour. Prints what it measured;
leaves nothing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
LIVEGEN = Path("/opt/livegen/.venv/bin/livegen")
PATIENCE = 200.0  # s: an emulated machine is slow
HEARD = Path("/run/heard")

PROGRAM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from livegen.__main__ import main
if __name__ == "__main__":  # a process that it spawns imports this file
    sys.exit(main())
"""
SETTINGS = """in = "VirMIDI 1-0"
out = "VirMIDI 1-1"
backend = "alsa"
thru = "off"
response-min = 4
"""
# The checkout may be in a home folder, which the service does not see.
DROP_IN = f"""[Service]
ProtectHome=tmpfs
BindReadOnlyPaths={CHECKOUT} {sys.prefix} {sys.base_prefix}
Environment=PYTHONDONTWRITEBYTECODE=1
WatchdogSec=100
TimeoutStartSec=600
"""


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


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


def main_pid() -> int:
    return int(run("systemctl", "show", "--value", "--property=MainPID", "livegen"))


def active() -> bool:
    return run("systemctl", "show", "--value", "--property=ActiveState", "livegen").strip() == "active"


def policies(pid: int) -> list[tuple[int, int]]:
    """(scheduling policy, real-time priority) of each thread: fields 41 and 40 of proc(5)."""
    found = []
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        fields = stat.read_text().rpartition(")")[2].split()
        found.append((int(fields[38]), int(fields[37])))
    return found


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


def recordings() -> dict[str, dict[str, Any]]:
    """By id."""
    found = json.loads(run("env", "STATE_DIRECTORY=/var/lib/livegen", str(LIVEGEN), "recordings", "--json"))
    return {each["id"]: each for each in found}


def set_clock_back() -> None:
    """It records and answers on, and nothing is lost or overwritten."""
    pid, before = main_pid(), recordings()
    (playing,) = (id_ for id_, found in before.items() if found["file"].endswith(".journal"))
    run("date", "-s", f"@{time.time() - 3600:.0f}")
    play_call()
    until(sounding, "a response with the clock set back")
    until(lambda: not sounding(), "the response ends")
    check(main_pid() == pid, "it was restarted")
    later = recordings()
    grown = later[playing]["seconds"] - before[playing]["seconds"]
    check(list(later) == list(before) and grown > 1, f"the same recordings, one {grown} s longer: {before} {later}")
    run("systemctl", "restart", "livegen")
    play_call()
    until(sounding, "a response after the restart")
    until(lambda: len(recordings()) > len(before), "another recording")
    last = recordings()
    new, *others = last
    check(others == list(before) and last[playing]["seconds"] >= later[playing]["seconds"], f"{before} {last}")
    print(f"clock set back: recording {playing} has grown by {grown:.1f} s, and after a restart follows {new}")


def main() -> None:
    write(LIVEGEN, PROGRAM, 0o755)
    write(Path("/etc/livegen/livegen.toml"), SETTINGS)
    write(Path("/etc/systemd/system/livegen.service.d/checkout.conf"), DROP_IN)
    print(run(str(LIVEGEN), "service", "install"))
    pid = main_pid()
    fifo = sorted(priority for policy, priority in policies(pid) if policy & 0xFF == 1)
    check({50, 60} <= set(fifo), f"threads with SCHED_FIFO: {fifo}")
    locked = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmLck"))
    check(int(locked.split()[1]) > 10_000, locked)
    print(f"real-time priorities of the threads: {fifo}; {locked}")
    print(run("systemd-analyze", "security", "--no-pager", "livegen").splitlines()[-1])

    with HEARD.open("w") as stream:
        listening = subprocess.Popen(["amidi", "-d", "-p", "hw:1,1"], stdout=stream)
        play_call()
        until(sounding, "a response")
        os.kill(pid, signal.SIGKILL)
        ended = until(lambda: active() and main_pid() != pid and not sounding(), "the notes end after kill -9")
        print(f"after kill -9 ready, and the notes ended, within {ended:.1f} s")
        run(str(LIVEGEN), "panic")
        play_call()
        until(sounding, "a response after kill -9")
        set_clock_back()
        warned = run("journalctl", "-u", "livegen", "-p", "warning", "-o", "cat", "--no-pager")
        check(not [line for line in warned.splitlines() if "livegen.service" not in line], f"warnings: {warned}")
        start = time.monotonic()
        run("systemctl", "stop", "livegen")
        print(f"stopped within {time.monotonic() - start:.1f} s")
        listening.terminate()
    print(run(str(LIVEGEN), "service", "uninstall", "--purge"))
    check(run("find", "/etc", "/var/lib", "/run", "-name", "*livegen*").strip() == "", "something is left")


if __name__ == "__main__":
    main()
