"""A machine of its own with systemd as its first process: this machine's /usr, and nothing else of it.

`systemd-nspawn --volatile=yes` gives it an empty /etc and /var in memory: there is nothing to build or to download,
and it boots in about a second.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

SYSTEMD = Path("/usr/lib/systemd/systemd")


class Machine:
    """A booted container.

    Args:
        shares: folders that are visible inside at the same place, read-only.
        folder: for its console's log; on Machine.folder for what is to be shared.

    Raises:
        RuntimeError: it did not boot; its console is in the text.
    """

    def __init__(self, shares: Collection[Path], folder: Path) -> None:
        self.folder = folder
        preset = folder / "none.preset"
        preset.write_text("disable *\n")  # of what is installed here, nothing is started there
        console = folder / "console.log"
        known = {Path("/usr"), *shares}
        shared = [path for path in shares if known.isdisjoint(path.parents)]
        command = [
            *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", f"--machine=livegen-{os.getpid()}"),
            *("--directory=/", "--volatile=yes", "--private-network", "--console=pipe"),
            f"--bind-ro={preset}:/etc/systemd/system-preset/00-none.preset",
            *(f"--bind-ro={path}" for path in shared),
            *("--boot", "systemd.firstboot=off", "systemd.unit=multi-user.target"),
        ]
        with console.open("wb") as stream:
            self._nspawn = subprocess.Popen(
                command,
                env=os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        deadline = time.monotonic() + 40
        while not self._booted():
            if self._nspawn.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"systemd did not boot:\n{console.read_text(errors='replace')}")
            time.sleep(0.05)
        try:
            for path in shared:  # a home folder may be closed to others, and the service is another
                self.run("chmod", "a+x", *map(str, path.parents))
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def missing() -> str | None:
        """What it needs and this machine lacks."""
        if sys.platform != "linux" or os.geteuid() != 0:
            return "root on Linux"
        if not SYSTEMD.exists():
            return "systemd"
        return None if shutil.which("systemd-nspawn") else "systemd-nspawn (apt install systemd-container)"

    @property
    def _pid(self) -> int | None:
        """Of its first process, as it is seen from outside."""
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children")
        found = children.read_text().split() if children.exists() else []
        return int(found[0]) if found else None

    def _booted(self) -> bool:
        return self._pid is not None and self.try_to("systemctl", "is-active", "multi-user.target").returncode == 0

    def inside(self, *words: str) -> list[str]:
        """The command line that runs a command line in it, where coverage cannot write."""
        unmeasured = (word for name in os.environ if name.startswith("COVERAGE_") for word in ("-u", name))
        return ["nsenter", "-t", str(self._pid), "-a", "env", *unmeasured, *words]

    def try_to(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.inside(*words), capture_output=True, text=True, check=False, timeout=60)

    def run(self, *words: str) -> str:
        """What a command prints; that it fails, or complains, is a failure here too."""
        done = self.try_to(*words)
        assert done.returncode == 0 and not done.stderr, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        outside = Path(f"/proc/{self._pid}/root{path}")
        outside.parent.mkdir(parents=True, exist_ok=True)
        outside.write_text(text)
        outside.chmod(mode)

    def stop(self) -> None:
        if self._nspawn.poll() is None and self._pid is not None:
            self.try_to("systemctl", "poweroff", "--force")
        try:
            self._nspawn.wait(10)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()
