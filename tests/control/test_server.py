"""The server of the control socket, with real sockets, and clients that are slow, dead or hostile."""

from __future__ import annotations

import json
import queue
import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mido import Message

from livegen.config.settings import DEFAULTS
from livegen.control import place, server
from livegen.control.client import Client
from livegen.control.protocol import LONGEST
from livegen.control.server import Server
from livegen.errors import ConfigError, PortError
from livegen.io.publisher import Line, SettingsApplied
from livegen.note import MonotonicTime
from livegen.stage.effects import NoteStarted, Send, TurnChanged
from livegen.stage.events import Command, Part, PortId, Received, Turn

AT = MonotonicTime(0.0)
PATIENCE = 20.0  # s


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.005)


class Serving:
    """A server, and a thread in the place of the main one, which answers."""

    def __init__(self, environ: dict[str, str], listener: socket.socket) -> None:
        self.environ = environ
        self.inbox: queue.SimpleQueue[Command | None] = queue.SimpleQueue()
        self.commands: list[Command] = []
        self.server = Server(listener, self.inbox.put, {"livegen": "1.2", "name": "livegen", "pid": 5})
        self._main = threading.Thread(target=self._answer)
        self._main.start()

    def _answer(self) -> None:
        while (command := self.inbox.get()) is not None:
            self.commands.append(command)
            if command.name == "get":
                command.answer({"value": command.arguments.get("name")})
            elif command.name == "reload":
                command.answer(ConfigError("silence must be 0.1 to 10 s, not 99."))
            elif command.name == "keep":
                command.answer(ValueError("oh"))
            elif command.name != "stop":
                command.answer({})

    def close(self) -> None:
        self.inbox.put(None)
        self._main.join()
        self.server.close()

    def client(self) -> Client:
        return Client("livegen", self.environ)

    def raw(self) -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        made.connect(str(place.folder(self.environ) / "livegen.sock"))  # waits, while many others connect
        made.settimeout(PATIENCE)
        return made

    def says(self, sent: bytes) -> list[dict[str, Any]]:
        """All answers to bytes, after which the client has nothing more to say."""
        with self.raw() as channel:
            channel.sendall(sent)
            channel.shutdown(socket.SHUT_WR)
            return everything(channel)

    @property
    def clients(self) -> int:
        return len(self.server._clients)


def everything(channel: socket.socket) -> list[dict[str, Any]]:
    data = b""
    while part := channel.recv(65536):
        data += part
    return [json.loads(line) for line in data.splitlines()]


@pytest.fixture
def serving() -> Iterator[Serving]:
    with tempfile.TemporaryDirectory(prefix="lg-") as folder:
        environ = {"XDG_RUNTIME_DIR": folder}
        with place.listening("livegen", environ) as listener:
            made = Serving(environ, listener)
            try:
                yield made
            finally:
                made.close()


def test_hello_tells_the_version(serving):
    with serving.client() as client:
        assert client.ask("hello") == {"protocol": 1, "livegen": "1.2", "name": "livegen", "pid": 5}
    assert not serving.commands


def test_a_request_goes_to_the_main_thread_and_its_answer_back(serving):
    with serving.client() as client:
        assert client.ask("get", name="silence") == {"value": "silence"}
        assert client.ask("panic") == {}
    assert [(command.name, dict(command.arguments)) for command in serving.commands] == [
        ("get", {"name": "silence"}),
        ("panic", {}),
    ]


def test_what_is_refused_is_an_error_of_its_kind(serving):
    with serving.client() as client:
        with pytest.raises(ConfigError, match=r"0\.1 to 10 s, not 99"):
            client.ask("reload")
        with pytest.raises(PortError, match=r"This is a bug, please report it \(ValueError: oh\)"):
            client.ask("keep")
        with pytest.raises(PortError, match="There is no command foo"):
            client.ask("foo")
        assert client.ask("hello")["protocol"] == 1


def test_requests_that_come_together_are_answered_one_after_another(serving):
    lines = b"".join(b'{"id": %d, "command": "get", "name": "x"}\n' % i for i in range(20))
    assert [answer["id"] for answer in serving.says(lines)] == list(range(20))


def test_a_request_in_pieces_and_the_last_one_without_an_end(serving):
    with serving.raw() as channel:
        for byte in b'{"command": "hello"}\n{"command":':
            channel.send(bytes([byte]))
        channel.shutdown(socket.SHUT_WR)
        assert len(everything(channel)) == 1


def test_a_line_without_end_is_refused_and_ends_the_connection(serving):
    with serving.raw() as channel:
        channel.sendall(b"x" * (LONGEST + 4096))
        (answer,) = everything(channel)
    assert answer == {"ok": False, "error": f"A line has at most {LONGEST} bytes.", "status": 69}


def test_a_client_that_is_gone_before_its_answer(serving):
    with serving.raw() as channel:
        channel.sendall(b'{"command": "stop"}\n')  # which nobody answers here
        until(lambda: serving.commands, "the command")
    serving.commands[0].answer({})
    until(lambda: serving.clients == 0, "the client is forgotten")
    with serving.client() as client:
        assert client.ask("hello")


def test_too_many_clients_are_refused(serving):
    many = [serving.raw() for _ in range(server.MOST_CLIENTS)]
    until(lambda: serving.clients == server.MOST_CLIENTS, "all of them")
    with serving.raw() as one_more:
        (answer,) = everything(one_more)
    assert "at most 32 clients" in answer["error"]
    for channel in many:
        channel.close()
    until(lambda: serving.clients == 0, "they are forgotten")
    with serving.client() as client:
        assert client.ask("hello")


def test_an_end_tells_the_clients(serving):
    with serving.client() as client:
        client.subscribe()
        serving.server.close()
        assert client.pending(PATIENCE) is None
        with pytest.raises(PortError, match="ended before it answered"):
            client.ask("status")


def test_the_answer_before_an_end_arrives(serving):
    with serving.raw() as channel:
        channel.sendall(b'{"command": "stop"}\n')
        until(lambda: serving.commands, "the command")
        serving.commands[0].answer({})
        serving.server.close()
        assert everything(channel) == [{"ok": True}]


# Listeners.


def heard(client: Client, wanted: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    while len(events) < wanted:
        more = client.pending(PATIENCE)
        assert more, f"{len(events)} events of {wanted}"
        events += more
    return events


NOTE = NoteStarted(Part.CALL, 60, 64, MonotonicTime(5.0), PortId("keys"))
MIDI = Received(Message("note_on", note=60), AT, PortId("keys"))


def test_listeners_get_what_happens(serving):
    with serving.client() as client, serving.client() as turns:
        client.subscribe()
        turns.subscribe("turn")
        for item in (NOTE, MIDI, TurnChanged(Turn.LISTENING, AT), Line("a line")):
            serving.server.take(item)
        events = heard(client, 3)
        assert [event["event"] for event in events] == ["note_on", "turn", "log"]
        assert (events[0]["note"], events[0]["velocity"], events[0]["part"]) == (60, 64, "call")
        assert abs(events[0]["time"] - (5.0 + time.time() - time.monotonic())) < 1
        assert [event["turn"] for event in heard(turns, 1)] == ["listening"]


def test_midi_messages_are_only_sent_if_they_are_named(serving):
    with serving.client() as client:
        client.subscribe("midi")
        send = Send(PortId("out"), Message("note_off", note=61), Part.RESPONSE, AT)
        for item in (NOTE, MIDI, send):
            serving.server.take(item)
        events = heard(client, 2)
    assert [(event["direction"], event["bytes"]) for event in events] == [("in", [144, 60, 64]), ("out", [128, 61, 64])]


def test_settings_are_events(serving):
    with serving.client() as client:
        client.subscribe("settings")
        serving.server.take(SettingsApplied(DEFAULTS))
        (event,) = heard(client, 1)
    assert event["settings"]["response-max"] == 8.0


def test_a_listener_may_ask_too(serving):
    with serving.client() as client:
        client.subscribe()
        serving.server.take(NOTE)
        assert client.ask("get", name="x") == {"value": "x"}
        assert len(heard(client, 1)) == 1


def test_without_listeners_nothing_is_kept(serving):
    serving.server.take(NOTE)
    with serving.client() as client:
        client.subscribe()
    until(lambda: serving.clients == 0, "the client is forgotten")
    serving.server.take(NOTE)
    assert not serving.server._items


def test_a_listener_that_does_not_read_loses_its_place_and_the_others_nothing(serving):
    with serving.raw() as deaf, serving.client() as client:
        deaf.sendall(b'{"command": "subscribe"}\n')
        client.subscribe()
        until(lambda: sum(bool(each.events) for each in serving.server._clients) == 2, "two listeners")
        total, got = 12_000, 0
        line = Line("x" * 80)
        for i in range(total):
            serving.server.take(line)
            if i % 100 == 99:
                got += len(heard(client, 1))
        while got < total:
            got += len(heard(client, 1))
        until(lambda: serving.clients == 1, "the deaf one is disconnected")


def test_what_is_too_much_for_the_queue_is_counted(serving, monkeypatch):
    monkeypatch.setattr(server, "BATCH", 1.0)
    monkeypatch.setattr(server, "MOST_WAITING", 5)
    with serving.client() as client:
        client.subscribe("log")
        for _ in range(8):
            serving.server.take(Line("x"))
        events = heard(client, 6)
    assert events[-1]["event"] == "lost"
    assert len(events) + events[-1]["count"] - 1 == 8


def test_a_flood_of_requests_is_slowed_down(serving):
    """Whatever clients do, only some requests a second reach the main thread."""
    floods = [serving.raw() for _ in range(8)]
    try:
        for channel in floods:
            channel.sendall(b'{"command":"get"}\n' * 500)
        until(lambda: serving.commands, "the first request")
        start, before = time.monotonic(), len(serving.commands)
        with serving.client() as client:
            assert client.ask("hello")["protocol"] == 1  # the others are not locked out
        until(lambda: len(serving.commands) - before > 200, "two hundred requests")
        assert (len(serving.commands) - before) / (time.monotonic() - start) < 1.5 * server.MOST_REQUESTS / server.PACE
    finally:
        for channel in floods:
            channel.close()


PIECES = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [
            b'{"command": "get", "name": "x"}\n',
            b'{"command": "subscribe"}\n',
            b'{"command": "subscribe", "events": []}\n',
            b'{"command": "set", "values": {"silence": 1e999}}\n',
            b'{"command": "hello", "id": "\\ud800"}\n',
            b"\n" * 300,
            b"[" * 300 + b"\n",
            b"\xff" * 5000,
        ]
    ),
)


@given(st.lists(PIECES, max_size=6), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_a_client_sends_disturbs_the_others(serving, pieces, reads, ends):
    with serving.raw() as channel:
        with suppress(ConnectionError, OSError):  # it may have been disconnected already
            for piece in pieces:
                channel.sendall(piece)
            if ends:
                channel.shutdown(socket.SHUT_WR)
            if ends and reads:
                for answer in everything(channel):
                    assert "ok" in answer or "event" in answer
        serving.server.take(NOTE)
        with serving.client() as client:
            assert client.ask("get", name="y") == {"value": "y"}


def test_a_crowd_that_comes_and_goes_leaves_nothing(serving):
    for _ in range(60):
        with serving.raw() as channel:
            if random.random() < 0.5:
                channel.sendall(b'{"command": "subscribe"}\n')
    with serving.client() as client:
        assert client.ask("hello")
    until(lambda: serving.clients == 0, "they are forgotten")
