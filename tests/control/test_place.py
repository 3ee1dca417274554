"""Where the socket is, and who may use it."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from livegen.config.settings import DEFAULTS
from livegen.control import place
from livegen.control.client import Client
from livegen.errors import DataError, PortError
from livegen.io.publisher import Level, Line, Published, Publisher
from livegen.live.attendance import attended


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a short name: the path of a socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="lg-") as name:
        yield Path(name)


@pytest.fixture
def environ(folder: Path) -> dict[str, str]:
    return {"XDG_RUNTIME_DIR": str(folder)}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders():
    assert place.folder({"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/livegen")
    assert place.folder({"RUNTIME_DIRECTORY": "/run/livegen:/run/b", "XDG_RUNTIME_DIR": "/x"}) == Path("/run/livegen")
    assert place.folder({}) == Path(tempfile.gettempdir()) / f"livegen-{os.getuid()}"


def test_only_the_owner_may_use_it_and_it_is_gone_at_the_end(folder, environ):
    path = folder / "livegen" / "left.sock"
    with place.listening("left", environ):
        assert (mode(path.parent), mode(path)) == (0o700, 0o600)
    assert not path.exists()


def test_a_folder_that_others_can_read_is_closed_to_them(folder, environ):
    (folder / "livegen").mkdir(mode=0o755)
    with place.listening("a", environ):
        assert mode(folder / "livegen") == 0o700


def test_a_second_one_of_the_same_name_is_refused(environ):
    with place.listening("left", environ):
        with pytest.raises(PortError, match=r"A livegen named left is running already\..* --name NAME"):
            place.listening("left", environ).__enter__()
        with place.listening("right", environ):
            pass


def test_what_a_crash_left_is_replaced(folder, environ):
    (folder / "livegen").mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "livegen" / "a.sock"))
    with place.listening("a", environ) as made, socket.socket(socket.AF_UNIX) as client:
        client.connect(made.getsockname())


def test_what_is_no_socket_is_not_replaced(folder, environ):
    (folder / "livegen").mkdir()
    (folder / "livegen" / "a.sock").write_text("mine")
    with pytest.raises(OSError, match="is not a socket"):
        place.listening("a", environ).__enter__()
    assert (folder / "livegen" / "a.sock").read_text() == "mine"


def test_a_link_to_another_folder_is_not_followed(folder, environ):
    (folder / "elsewhere").mkdir()
    (folder / "livegen").symlink_to(folder / "elsewhere")
    with pytest.raises(OSError, match="belongs to somebody else"):
        place.listening("a", environ).__enter__()


def test_a_folder_that_cannot_be_created(folder):
    with pytest.raises(OSError, match="No such file"):
        place.listening("a", {"XDG_RUNTIME_DIR": str(folder / "missing")}).__enter__()


class Log:
    def __init__(self) -> None:
        self.items: list[Published] = []

    def take(self, item: Published) -> None:
        self.items.append(item)


def test_without_a_place_for_the_socket_livegen_plays_without_one(folder, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder / "missing"))
    log = Log()
    with attended(DEFAULTS, lambda _: None, Publisher(log)):
        assert log.items == [
            Line(
                "There is no control socket (No such file or directory): set XDG_RUNTIME_DIR to a folder of your own.",
                Level.WARNING,
            )
        ]


def test_in_virtual_time_there_is_no_socket(folder, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    with attended(replace(DEFAULTS, fast=True), lambda _: None, Publisher()):
        assert not list(folder.iterdir())


def test_a_livegen_that_is_attended_listens_and_then_no_more(folder, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    publisher = Publisher()
    with attended(replace(DEFAULTS, name="left"), lambda _: None, publisher), Client("left") as client:
        assert client.ask("hello")["name"] == "left"
        client.subscribe("log")
        publisher.say("hello")
        assert [event["text"] for event in client.pending(20.0) or []] == ["hello"]
    assert not (folder / "livegen" / "left.sock").exists()


def test_the_error_of_the_body_is_not_taken_for_a_refusal(environ):
    with pytest.raises(DataError, match="another"), place.listening("a", environ):
        raise DataError("another")


def test_without_a_livegen_the_client_says_which_ones_run(folder, environ):
    (folder / "livegen").mkdir()
    with socket.socket(socket.AF_UNIX) as left:  # by a crash
        left.bind(str(folder / "livegen" / "left.sock"))
    with pytest.raises(PortError, match=r"No livegen named left is running\. Start one: livegen\."):
        Client("left", environ)
    with place.listening("right", environ), pytest.raises(PortError, match="Running: right"):
        Client("left", environ)
