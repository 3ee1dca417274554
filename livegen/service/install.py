"""Installs livegen as a service, and removes it: which files go where, and which commands follow."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from livegen.config.commented import commented
from livegen.errors import ConfigError, PortError
from livegen.service import state
from livegen.service.steps import Link, Remove, Run, Step, Try, Write

HIDDEN = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108  (folders that the unit hides)
"""Folders that the unit of the machine hides (ProtectHome, PrivateTmp)."""

PACKAGED = Path("/usr/lib/livegen/bin")
"""The folder of the program in the Debian package, which also has the unit, the manual and the completions."""

SHIPPED_PATH = "PATH=/opt/livegen/.venv/bin:/usr/bin:/bin"
"""The assignment in the units that livegen ships, with the folder of the program."""


MANUAL = "man/man1/livegen.1"
"""The page of `man livegen`, below share/."""

COMPLETIONS = {
    "bash": "bash-completion/completions/livegen",
    "fish": "fish/vendor_completions.d/livegen.fish",
    "zsh": "zsh/site-functions/_livegen",
}
"""The completions of each shell, below share/."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of a service are."""

    user: bool
    units: Path
    config: Path
    state: Path  # recordings
    data: Path  # the manual, completions
    bin: Path | None  # a link to the program
    fixes: tuple[Path, ...] = ()  # what `livegen doctor --fix` may have written

    @classmethod
    def of_machine(cls) -> Place:
        return cls(
            user=False,
            units=Path("/etc/systemd/system"),
            config=Path("/etc/livegen"),
            state=Path("/var/lib"),
            data=Path("/usr/local/share"),
            bin=Path("/usr/local/bin"),
            fixes=(Path("/etc/modules-load.d/livegen.conf"), Path("/etc/security/limits.d/95-livegen.conf")),
        )

    @classmethod
    def of_user(cls, environ: Mapping[str, str]) -> Place:
        config = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        local = Path.home() / ".local"
        return cls(
            user=True,
            units=config / "systemd/user",
            config=config / "livegen",
            state=Path(environ.get("XDG_STATE_HOME") or local / "state"),
            data=Path(environ.get("XDG_DATA_HOME") or local / "share"),
            bin=None,
        )

    @property
    def systemctl(self) -> tuple[str, ...]:
        return ("systemctl", "--user") if self.user else ("systemctl",)

    @property
    def shared(self) -> dict[str, Path]:
        """Where the manual and the completions belong, by their path below share/. zsh has no folder for a user's."""
        paths = (MANUAL, *(path for shell, path in COMPLETIONS.items() if not (self.user and shell == "zsh")))
        return {path: self.data / path for path in paths}


def program() -> Path:
    """The folder of the program `livegen` that runs.

    Raises:
        ConfigError: there is none.
    """
    started = Path(sys.argv[0])
    folder = started.resolve().parent if started.name == "livegen" else Path(sys.prefix) / "bin"
    if not os.access(folder / "livegen", os.X_OK):
        raise ConfigError(f"There is no program livegen in {folder}. Install livegen first: pipx install livegen.")
    return folder


def check(place: Place, name: str, folder: Path) -> None:
    """Check that a service can be installed. What a drop-in of the admin opens or closes is not known here.

    Raises:
        PortError: there is no systemd.
        ConfigError: this user may not do it, or the service could not read the program.
    """
    if not state.manager(user=place.user):
        if place.user and state.manager(user=False):
            raise PortError(
                "The systemd of your session does not answer. Log in as the user, not with su or sudo; for a user "
                "who is not logged in: sudo loginctl enable-linger USER."
            )
        raise PortError("systemd does not run here, so there are no services. Start livegen by hand: livegen.")
    if ".cache" in folder.parts:
        raise ConfigError(f"livegen runs from a cache ({folder}). Install it first: uv tool install livegen.")
    if place.user:
        return
    if os.geteuid() != 0:
        raise ConfigError(
            f"Only root can install a service for the machine: sudo {folder / 'livegen'} service install. "
            "For your own session: livegen service install --user."
        )
    if (place.units / f"{_file(name)}.d").exists():
        return
    for needed in (folder, Path(sys.base_prefix)):
        hidden = next((each for each in HIDDEN if needed.is_relative_to(each)), None) or _closed(needed)
        if hidden is not None:
            raise ConfigError(
                f"livegen is installed in {needed}, and a service cannot read {hidden}. Install it elsewhere: "
                "sudo ./scripts/install in a checkout, or sudo PIPX_HOME=/opt/pipx pipx install livegen. "
                "For your own session: livegen service install --user."
            )


def _closed(path: Path) -> Path | None:
    """The first folder on the way that not everybody may enter."""
    return next((each for each in (*reversed(path.parents), path) if not each.stat().st_mode & 0o001), None)


def unit_text(place: Place, folder: Path) -> str:
    """The unit, for a program in this folder."""
    name = "user.service" if place.user else "system.service"
    return (
        files("livegen.service")
        .joinpath(name)
        .read_text(encoding="utf-8")
        .replace(SHIPPED_PATH, _quoted(f"PATH={folder}:/usr/bin:/bin"))
    )


def _quoted(assignment: str) -> str:
    """An assignment in a unit: quoted if it has spaces. A % would be a specifier."""
    text = assignment.replace("%", "%%").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if " " in text or text != assignment else text


def config_text(place: Place, unit: str) -> str:
    """The settings file that is written if there is none."""
    control = " ".join(place.systemctl if place.user else ("sudo", *place.systemctl))
    head = (
        f"The settings of {unit}. To change one, remove the # before it, then: {control} reload {unit}\n"
        "The names of ports: livegen ports. Without `in`, the service waits for the first keyboard."
    )
    active: dict[str, object] = {"outputs": ["FluidSynth"]}
    if not place.user:  # no session, so no sound server: the sound card itself
        active["audio_driver"] = "alsa"
    return commented(active, head)


def installation(
    place: Place, name: str, folder: Path, texts: Mapping[Path, str], before: state.Service | None = None
) -> list[Step]:
    """The steps that install an instance, or install it again after an update.

    Args:
        place: where.
        name: of the instance.
        folder: of the program.
        texts: the manual and completions, by path.
        before: what is to be updated. If it does not start at boot, or does not run, it stays so.
    """
    unit = state.unit(name)
    config = place.config / f"{unit.removesuffix('.service')}.toml"
    packaged = folder == PACKAGED and not place.user
    steps: list[Step] = [] if packaged else [Write(place.units / _file(name), unit_text(place, folder))]
    if not config.exists():
        steps.append(Write(config, config_text(place, unit)))
    if not packaged:
        steps += [Try(Write(path, text)) for path, text in texts.items()]
    if place.bin is not None and not packaged and _free(place.bin / "livegen", folder / "livegen"):
        steps.append(Try(Link(place.bin / "livegen", folder / "livegen")))
    show = " ".join(state.journal(unit, user=place.user))
    steps.append(Run((*place.systemctl, "daemon-reload"), "Is systemd running?"))
    if before is None or before.enabled:
        steps.append(Run((*place.systemctl, "enable", "--quiet", unit), f"See {config}."))
    if before is None or before.active != "inactive":
        steps.append(Run((*place.systemctl, "restart", unit), f"Its log says why: {show}"))
    return steps


def removal(place: Place, name: str, *, purge: bool) -> list[Step]:
    """The steps that remove an instance. With `purge`, its recordings too."""
    unit = state.unit(name)
    stem = unit.removesuffix(".service")
    gone = [place.config / f"{stem}.toml", place.units / f"{unit}.d"]
    rest = [path for path in place.config.glob("*") if path not in gone]
    if not place.user:  # systemd 252 leaves a link to the folder of a dynamic user
        gone.append(Path("/run") / stem)
    if name == state.DEFAULT or not any(path.name.startswith("livegen@") for path in rest):
        gone += [place.units / _file(name), place.units / f"{_file(name)}.d"]
    if not rest:  # no other instance
        gone += [place.config, *place.shared.values(), *place.fixes]
        if place.bin is not None and (place.bin / "livegen").is_symlink():
            gone.append(place.bin / "livegen")
    if purge:
        gone += [place.state / stem] if place.user else [place.state / "private" / stem, place.state / stem]
    return [
        Run((*place.systemctl, "disable", "--quiet", "--now", unit)),
        *(Remove(path) for path in dict.fromkeys(gone) if path.exists() or path.is_symlink()),
        Run((*place.systemctl, "daemon-reload"), "Is systemd running?"),
        Run((*place.systemctl, "reset-failed", unit)),
    ]


def _file(name: str) -> str:
    """The unit file of an instance."""
    return "livegen.service" if name == state.DEFAULT else "livegen@.service"


def _free(link: Path, target: Path) -> bool:
    """Whether a link may be made: nothing is there, or a link of ours."""
    return link != target and (link.is_symlink() or not link.exists())
