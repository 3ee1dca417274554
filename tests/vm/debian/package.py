"""The Debian package on a machine with systemd: install, upgrade, reboot, power cut, remove.

For root, by hand, through scripts/test-deb: package.py IMAGE OLD.deb NEW.deb. IMAGE is an ext4 file system with Debian,
with the packages that are needed in apt's cache; it is changed. Prints what it measured.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

EXT4_IOC_SHUTDOWN = 0x8004587D  # include/uapi/linux/ext4.h
NOLOGFLUSH = 2  # nothing more reaches the disk: what was not synchronised is lost, as in a power cut
PATIENCE = 120.0  # s: the machine may be busy
APT = (
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "apt-get",
    "-y",
    "-o",
    "Dpkg::Options::=--force-confold",
)
INSTALL = (*APT, "install", "--no-install-recommends", "--allow-downgrades")
SETTINGS = "/etc/livegen/livegen.toml"
OWN = """in = "/etc/livegen/long.mid"
out = "/var/lib/livegen/answers.mid"
"""
LONG = """
import mido
track = mido.MidiTrack()
for number in range(6000):
    for type, time in (("note_on", 240), ("note_off", 240)):
        track.append(mido.Message(type, note=60 + number % 12, velocity=64, time=time))
mido.MidiFile(tracks=[track]).save("/etc/livegen/long.mid")
"""  # four notes a second, for 50 minutes


class Machine:
    """A container whose whole file system is an image."""

    def __init__(self, image: Path) -> None:
        self._image, self.root = image, image.with_suffix(".mounted")
        self.root.mkdir(exist_ok=True)

    def boot(self) -> float:
        """Returns the seconds that it took."""
        start = time.monotonic()
        subprocess.run(["mount", "-o", "loop", self._image, self.root], check=True)
        command = ["systemd-nspawn", "-q", "--register=no", "--keep-unit", "--private-network", "--console=pipe"]
        self._nspawn = subprocess.Popen(
            [*command, f"--machine=deb{os.getpid()}", "-D", self.root, "-b"],
            env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            stdin=subprocess.DEVNULL,
            stdout=self._image.with_suffix(".console").open("wb"),
            stderr=subprocess.STDOUT,
        )
        until(
            self._booted,
            "systemd boots",
            self._image.with_suffix(".console").read_text,
        )
        return time.monotonic() - start

    def _booted(self) -> bool:
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        self._pid = children[0] if children else ""  # the first one lives for a moment only
        return self._pid != "" and self.ask("systemctl", "is-active", "multi-user.target").strip() == "active"

    def stop(self) -> None:
        """At once, whatever happened."""
        if self._nspawn.poll() is None:
            self._kill()
        until(lambda: subprocess.run(["umount", "-q", self.root], check=False).returncode != 0, "it is unmounted")

    def ask(self, *words: str) -> str:
        return self._inside(words).stdout

    def run(self, *words: str) -> str:
        done = self._inside(words)
        check(done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def _inside(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        command = ["nsenter", "-t", self._pid, "-a", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def shut_down(self) -> None:
        self._inside(("systemctl", "poweroff"))
        self._nspawn.wait(PATIENCE)
        subprocess.run(["umount", self.root], check=True)

    def cut_power(self) -> float:
        """Returns the time of the cut, in seconds since 1970."""
        folder = os.open(self.root, os.O_RDONLY)
        now = time.time()
        fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
        os.close(folder)
        self._kill()
        until(lambda: subprocess.run(["umount", "-q", self.root], check=False).returncode == 0, "it ends")
        until(lambda: not self._in_use(), "nothing keeps its file system")  # which would be the same one, without power
        return now

    def _in_use(self) -> bool:
        found = subprocess.run(["losetup", "-j", self._image], capture_output=True, check=True)
        return found.stdout != b""

    def _kill(self) -> None:
        """Kill all programs in the container: what is left of them would keep the file system."""
        if self._pid:
            os.kill(int(self._pid), signal.SIGKILL)  # with the first one go the others
        self._nspawn.kill()
        self._nspawn.wait(PATIENCE)

    # -- livegen --

    def state(self, unit: str = "livegen") -> tuple[str, str, str]:
        """(active, enabled, PID)"""
        shown = self.ask("systemctl", "show", "--property=ActiveState,UnitFileState,MainPID", unit)
        values = dict(line.split("=", 1) for line in shown.splitlines())
        return values["ActiveState"], values["UnitFileState"], values["MainPID"]

    def await_active(self, unit: str = "livegen", other_than: str = "0") -> str:
        """Returns its PID."""
        until(
            lambda: self.state(unit)[0] == "active" and self.state(unit)[2] != other_than,
            f"{unit} is up",
            lambda: self.ask("journalctl", "--no-pager", "-n", "30", "-u", unit),
        )
        return self.state(unit)[2]

    def recordings(self) -> list[dict[str, Any]]:
        found = json.loads(self.run("env", "STATE_DIRECTORY=/var/lib/livegen", "livegen", "recordings", "--json"))
        return list(found)

    def recording(self, wanted: object) -> dict[str, Any]:
        found = [each for each in self.recordings() if each["id"] == wanted]
        check(len(found) == 1, f"recording {wanted}: {self.recordings()}")
        return found[0]

    def unfinished(self) -> dict[str, Any]:
        """The recording that is being made."""

        def found() -> list[dict[str, Any]]:
            return [each for each in self.recordings() if each["file"].endswith(".journal")]

        until(found, "it records")
        return found()[0]

    def left(self) -> list[str]:
        """What has livegen in its name, except the recordings."""
        found = self.run("find", "/etc", "/usr", "/lib", "/var", "/run", "-xdev", "-name", "*livegen*").splitlines()
        return [path for path in found if not path.startswith(("/var/lib/private/livegen", "/var/log/journal"))]


def check(good: bool, what: str) -> None:
    if not good:
        raise SystemExit(f"FAILED: {what}")


def until(condition: Callable[[], object], what: str, more: Callable[[], str] = str) -> None:
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > PATIENCE:
            raise SystemExit(f"FAILED: {what}\n{more()}")
        time.sleep(0.05)


def say(text: str) -> None:
    print(text, flush=True)


def install(machine: Machine, old: str) -> None:
    start = time.monotonic()
    machine.run(*INSTALL, old)
    say(f"installed within {time.monotonic() - start:.0f} s: {machine.run('livegen', '--version').strip()}")
    check(machine.state() == ("inactive", "disabled", "0"), f"nothing starts by itself: {machine.state()}")
    libraries = machine.run(
        "sh", "-c", "find /usr/lib/livegen -name '*.so*' | xargs ldd 2>/dev/null | grep 'not found' || :"
    )
    check(libraries == "", f"libraries are missing: {libraries}")
    for path in ("man/man1/livegen.1.gz", "bash-completion/completions/livegen", "doc/livegen/copyright"):
        check((machine.root / "usr/share" / path).exists(), path)
    machine.run("systemd-analyze", "verify", "livegen.service")


def start(machine: Machine) -> None:
    machine.run("/usr/lib/livegen/bin/python", "-c", LONG)
    settings = machine.root / SETTINGS[1:]
    settings.write_text(settings.read_text().partition("out =")[0] + OWN)
    machine.run("systemctl", "enable", "--now", "livegen")
    machine.await_active()
    say(machine.run("livegen", "service", "install", "--name", "left").strip())
    machine.await_active("livegen@left")
    check(not list(machine.root.glob("etc/systemd/system/livegen*")), "a unit hides that of the package")
    say(machine.run("livegen", "service", "status").strip())


def kill_and_stop(machine: Machine) -> None:
    pid = machine.state()[2]
    start = time.monotonic()
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "livegen")
    machine.await_active(other_than=pid)
    back = time.monotonic() - start
    start = time.monotonic()
    machine.run("systemctl", "stop", "livegen")
    say(f"after kill -9 it is ready within {back:.1f} s; stopped within {time.monotonic() - start:.1f} s")
    machine.run("systemctl", "start", "livegen")
    machine.await_active()


def upgrade(machine: Machine, new: str) -> None:
    before = {unit: machine.state(unit)[2] for unit in ("livegen", "livegen@left")}
    start = time.monotonic()
    machine.run(*INSTALL, new)
    for unit, pid in before.items():
        machine.await_active(unit, other_than=pid)
    say(f"upgraded within {time.monotonic() - start:.0f} s, both instances run again")
    check(OWN in (machine.root / SETTINGS[1:]).read_text(), "the settings have changed")
    check(machine.state()[1] == "enabled", "it is not enabled")
    check(len(machine.recordings()) > 0, "the recording of the version before is lost")


def reboot(machine: Machine) -> None:
    recorded = len(machine.recordings())
    machine.shut_down()
    took = machine.boot()
    for unit in ("livegen", "livegen@left"):
        machine.await_active(unit)
    say(f"rebooted in {took:.1f} s, both instances run")
    until(lambda: len(machine.recordings()) > recorded, "it records again")


def power_cut(machine: Machine) -> None:
    until(lambda: machine.unfinished()["seconds"] > 15, "a recording of 15 s")
    playing = machine.unfinished()
    cut = machine.cut_power()
    machine.boot()
    machine.await_active()
    kept = machine.recording(playing["id"])
    check(kept["file"].endswith(".mid"), f"it is a MIDI file: {kept}")
    since = cut - datetime.fromisoformat(kept["start"]).timestamp()
    say(f"power cut {since:.1f} s after the first note: {kept['seconds']} s are kept, {kept['notes']}")
    check(since - kept["seconds"] < 3, "too much is lost")


def remove(machine: Machine) -> None:
    tapes = sorted(path.name for path in machine.root.glob("var/lib/private/livegen/recordings/*.mid"))
    machine.run(*APT, "remove", "livegen")
    check((machine.root / SETTINGS[1:]).exists(), "the settings are gone")
    check(machine.ask("pgrep", "-f", "livegen") == "", "something runs")
    check(not (machine.root / "usr/lib/livegen").exists(), f"left: {machine.left()}")
    (machine.root / "etc/livegen/long.mid").unlink()  # ours
    said = machine.run(*APT, "purge", "livegen")
    check("the recordings in /var/lib/private/livegen stay" in said, said)
    links = {"/var/lib/livegen", "/var/lib/livegen@left"}  # to what stays
    check(set(machine.left()) == links, f"left: {machine.left()}")
    stay = sorted(path.name for path in machine.root.glob("var/lib/private/livegen/recordings/*.mid"))
    check(set(tapes) <= set(stay) and len(tapes) > 0, f"recordings: {tapes} {stay}")
    say(f"removed and purged; {len(stay)} recordings stay")


def main() -> None:
    image, old, new = (Path(word) for word in sys.argv[1:])
    machine = Machine(image)
    say(f"booted in {machine.boot():.1f} s")
    try:
        tour(machine, old, new)
    finally:
        machine.stop()


def tour(machine: Machine, old: Path, new: Path) -> None:
    for deb in (old, new):
        (machine.root / "root" / deb.name).write_bytes(deb.read_bytes())
    install(machine, f"/root/{old.name}")
    start(machine)
    kill_and_stop(machine)
    upgrade(machine, f"/root/{new.name}")
    reboot(machine)
    power_cut(machine)
    for deb in (old, new):
        (machine.root / "root" / deb.name).unlink()
    remove(machine)


if __name__ == "__main__":
    main()
