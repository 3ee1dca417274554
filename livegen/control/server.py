"""The server of the control socket: one thread for all connections.

It must never cost the music time. So it answers few requests a second, encodes one event at a time, never waits for a
client, and disconnects one that does not read. What a request does happens in the main thread, which it reaches as a
`Command` through the inbox; all that the main thread does for listeners is to append to a queue.
"""

from __future__ import annotations

import random
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from livegen.control import feed, protocol
from livegen.control.protocol import Lines, ProtocolError, Request, TooLongError
from livegen.errors import LivegenError
from livegen.io.publisher import Published
from livegen.stage.effects import Send
from livegen.stage.events import Command, Received

PACE = 0.005  # s between two rounds: at most 200 a second, whatever clients do
BATCH = 0.02  # s between two deliveries of events
MOST_CLIENTS = 32
MOST_REQUESTS = 4  # in a round
CHUNK = 4096  # bytes that are read from a client in a round
BACKLOG = 262_144  # bytes that a client has not read; with more, it is disconnected
MOST_WAITING = 10_000  # events in the queue; more are lost, and counted
PATIENCE = 2.0  # s that close() waits for the last answers

Answer = Mapping[str, Any] | Exception


@dataclass(eq=False, slots=True)
class _Client:
    channel: socket.socket
    lines: Lines = field(default_factory=Lines)
    out: bytearray = field(default_factory=bytearray)
    busy: bool = False  # its request is with the main thread
    ending: bool = False  # close it when it has read everything
    events: frozenset[str] = frozenset()

    @property
    def listens(self) -> bool:
        """Whether to read what it writes."""
        return not (self.busy or self.ending or self.lines.full)


class Server:
    """Serves the control socket. A `Listener` of the publisher.

    Args:
        listener: the socket, which does not block.
        put: gets the commands, and may be called from any thread.
        about: what `hello` answers, beside the version of the protocol.
        claim: called in the thread first, to set its priority.
    """

    def __init__(
        self,
        listener: socket.socket,
        put: Callable[[Command], None],
        about: Mapping[str, Any],
        claim: Callable[[], object] = lambda: None,
    ) -> None:
        self._listener, self._put, self._about, self._claim = listener, put, about, claim
        self._selector = selectors.DefaultSelector()
        self._clients: list[_Client] = []
        self._answers: SimpleQueue[tuple[_Client, Request, Answer]] = SimpleQueue()
        self._items: deque[Published] = deque()
        self._wanted: frozenset[str] = frozenset()  # events that somebody listens to
        self._lost = 0
        self._handled = 0  # requests in this round
        self._closing = False
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, self._awake)
        self._thread = Thread(target=self._run, name="livegen-control", daemon=True)
        self._thread.start()

    # Called from other threads.

    def take(self, item: Published) -> None:
        """Keep an item for the clients that listen, if there are any."""
        if not self._wanted or (isinstance(item, Send | Received) and "midi" not in self._wanted):
            return
        if len(self._items) >= MOST_WAITING:
            self._lost += 1
        else:
            self._items.append(item)

    def _answer(self, client: _Client, request: Request, answer: Answer) -> None:
        self._answers.put((client, request, answer))
        self._call()

    def _call(self) -> None:
        with suppress(OSError):  # it is awake already, or closed
            self._wake.send(b"!")

    def close(self) -> None:
        """Send the last answers, and disconnect everybody. A second call does nothing."""
        self._closing = True
        self._call()
        self._thread.join(PATIENCE)

    # The thread.

    def _run(self) -> None:
        self._claim()
        while not self._closing:
            # While somebody listens, events are collected: that costs the main thread nothing, not even a wake-up.
            ready = self._selector.select(0 if self._handled else BATCH if self._wanted else None)
            self._handled = 0
            for key, _ in ready:
                key.data()
            self._requests()
            self._deliver()
            if ready or self._handled:
                time.sleep(PACE)
        self._deliver()
        for client in list(self._clients):
            self._drop(client)
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def _awake(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _accept(self) -> None:
        try:
            channel, _ = self._listener.accept()
        except OSError:  # it has gone again, or there are no descriptors left
            return
        channel.setblocking(False)
        client = _Client(channel)
        self._clients.append(client)
        self._watch(client)
        if len(self._clients) > MOST_CLIENTS:
            self._end(client, f"livegen serves at most {MOST_CLIENTS} clients at a time. Close some.")

    def _serve(self, client: _Client) -> None:
        """Write what a client has not read yet, and read what it has written."""
        try:
            if client.out:
                self._flush(client)
            if client.listens and (data := client.channel.recv(CHUNK)):
                client.lines.add(data)
            elif client.listens:  # it has closed its side: answer what it has asked
                client.ending, client.events = True, frozenset()
                self._listeners_changed()
        except BlockingIOError:
            pass
        except OSError:
            self._drop(client)
        self._watch(client)

    def _requests(self) -> None:
        """Handle some requests, of clients in random order."""
        for client in random.sample(self._clients, len(self._clients)):
            if client.busy:
                continue
            try:
                line = client.lines.take()
            except TooLongError as error:
                self._end(client, str(error))
                continue
            if line is not None:
                self._handle(client, line)
                self._handled += 1
            if self._handled == MOST_REQUESTS:
                return

    def _handle(self, client: _Client, line: bytes) -> None:
        try:
            request = protocol.parse(line)
        except ProtocolError as error:
            self._write(client, protocol.refused(protocol.identity(line), str(error), protocol.USAGE))
            return
        if request.command == "hello":
            self._write(client, protocol.answered(request.id, {"protocol": protocol.VERSION, **self._about}))
        elif request.command == "subscribe":
            usual = [name for name in protocol.EVENTS if name not in protocol.UNUSUAL]
            client.events = frozenset(request.arguments.get("events", usual))
            self._listeners_changed()  # before the answer: from then on no event is missed
            self._write(client, protocol.answered(request.id, {"events": sorted(client.events)}))
        else:
            client.busy = True
            self._watch(client)
            self._put(Command(request.command, request.arguments, partial(self._answer, client, request)))

    def _deliver(self) -> None:
        """Write the answers and events that have come."""
        with suppress(Empty):
            while True:
                client, request, answer = self._answers.get_nowait()
                client.busy = False
                self._handled += 1  # the client may have sent more
                if client in self._clients:
                    self._write(client, _encoded(request, answer))
        if self._items:
            self._deliver_events()

    def _deliver_events(self) -> None:
        lines: list[tuple[str, bytes]] = []
        offset = time.time() - time.monotonic()
        for _ in range(len(self._items)):
            found = feed.event(self._items.popleft(), offset)
            if found is not None and found["event"] in self._wanted:
                lines.append((found["event"], protocol.encoded(found)))
            time.sleep(0)  # lets go of the interpreter's lock, which the main thread may need
        lost, self._lost = self._lost, 0
        if lost:
            lines.append(("lost", protocol.encoded({"event": "lost", "count": lost})))
        texts: dict[frozenset[str], bytes] = {}
        for client in [client for client in self._clients if client.events]:
            if client.events not in texts:
                wanted = client.events | {"lost"}
                texts[client.events] = b"".join(line for name, line in lines if name in wanted)
            self._write(client, texts[client.events])

    def _write(self, client: _Client, data: bytes) -> None:
        client.out += data
        try:
            self._flush(client)
        except OSError:
            self._drop(client)
            return
        if len(client.out) > BACKLOG:
            self._drop(client)

    def _flush(self, client: _Client) -> None:
        with suppress(BlockingIOError):
            while client.out:
                del client.out[: client.channel.send(client.out)]
        self._watch(client)

    def _watch(self, client: _Client) -> None:
        """Wait for what a client can do now: read what it has not read, or make a request. Or it is done."""
        if client not in self._clients:
            return
        if client.ending and not (client.out or client.busy or client.lines):
            self._drop(client)
            return
        events = (selectors.EVENT_WRITE if client.out else 0) | (selectors.EVENT_READ if client.listens else 0)
        try:
            registered = self._selector.get_key(client.channel).events
        except KeyError:
            registered = 0
        if events == registered:
            return
        if not events:
            self._selector.unregister(client.channel)
        elif not registered:
            self._selector.register(client.channel, events, partial(self._serve, client))
        else:
            self._selector.modify(client.channel, events, partial(self._serve, client))

    def _end(self, client: _Client, why: str) -> None:
        """Refuse to go on with a client."""
        client.ending, client.events = True, frozenset()
        client.lines.clear()
        self._write(client, protocol.refused(None, why, protocol.UNAVAILABLE))

    def _drop(self, client: _Client) -> None:
        if client in self._clients:
            self._clients.remove(client)
            with suppress(KeyError):
                self._selector.unregister(client.channel)
            client.channel.close()
            self._listeners_changed()

    def _listeners_changed(self) -> None:
        self._wanted = frozenset[str]().union(*(client.events for client in self._clients))
        if not self._wanted:
            self._items.clear()


def _encoded(request: Request, answer: Answer) -> bytes:
    if isinstance(answer, LivegenError):
        return protocol.refused(request.id, str(answer), answer.exit_code)
    if isinstance(answer, Exception):
        text = f"This is a bug, please report it ({type(answer).__name__}: {answer})."
        return protocol.refused(request.id, text, protocol.BUG)
    return protocol.answered(request.id, answer)
