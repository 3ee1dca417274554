"""Who plays, and which programs run for whom."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from livegen.doctor.facts import Program, User

SERVERS = ("jackd", "jackdbus", "pipewire")


def user() -> User:
    """The user of this process."""
    if sys.platform == "win32":
        return User(os.environ.get("USERNAME", "this user"))
    import pwd

    number = os.geteuid()
    name = name_of(number)
    member: set[int] = set()
    with suppress(KeyError):
        member.update(os.getgrouplist(name, pwd.getpwuid(number).pw_gid))
    here = {os.getegid(), *os.getgroups()}
    return User(name, number == 0, _groups(here), _groups(member))


def name_of(number: int) -> str:
    """The name of a user, or the number if there is none, as in a container."""
    import pwd

    with suppress(KeyError):
        return pwd.getpwuid(number).pw_name
    return str(number)


def _groups(numbers: Iterable[int]) -> frozenset[str]:
    import grp

    names: set[str] = set()
    for number in numbers:
        with suppress(KeyError):
            names.add(grp.getgrgid(number).gr_name)
    return frozenset(names)


def programs(names: Iterable[str] = SERVERS, proc: Path = Path("/proc")) -> Iterator[Program]:
    """The processes of these names that this user can see."""
    wanted = set(names)
    for folder in proc.glob("[0-9]*"):
        found = program(int(folder.name), proc)
        if found is not None and found.name in wanted:
            yield found


def program(pid: int, proc: Path = Path("/proc")) -> Program | None:
    """A process, or None if it has ended."""
    folder = proc / str(pid)
    try:
        return Program((folder / "comm").read_text().strip(), name_of(folder.stat().st_uid), pid)
    except OSError:
        return None
