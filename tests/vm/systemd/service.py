"""The service of the machine with ALSA, real-time priority and locked memory, under all guards of the unit.

For root on a machine with systemd, snd-virmidi as card 1 and amidi, on which no livegen is installed: see
scripts/test-vm. What a container cannot grant is granted there. Prints what it measured; leaves nothing.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
LIVEGEN = Path("/opt/livegen/.venv/bin/livegen")
PATIENCE = 200.0  # s: an emulated machine is slow
HEARD = Path("/run/heard")

PROGRAM = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from livegen.__main__ import main
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
    done = subprocess.run(words, capture_output=True, text=True, check=False)
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

    with HEARD.open("w") as stream, subprocess.Popen(["amidi", "-d", "-p", "hw:1,1"], stdout=stream) as listening:
        for message in ("90 3C 64", "90 40 64", "80 3C 00", "80 40 00"):
            run("amidi", "-p", "hw:1,0", "-S", message)
        until(sounding, "a response")
        run("kill", "-KILL", str(pid))
        ended = until(lambda: active() and main_pid() != pid and not sounding(), "the notes end after kill -9")
        print(f"after kill -9 ready, and the notes ended, within {ended:.1f} s")
        run("livegen", "panic")
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
