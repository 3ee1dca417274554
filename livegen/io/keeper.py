"""Keeps the ports and the synth connected while livegen plays: they may go and come back, and so may the MIDI server.

A thread of its own waits for changes, connects and disconnects, and tells the main thread by `Attached` and `Detached`.
The main thread never waits for a port.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from livegen.config.settings import Settings
from livegen.errors import PortError
from livegen.io import midi_system, notify, patchbay, ports
from livegen.io.file_player import FilePlayer
from livegen.io.links import IN, Attached, Detached, Link, distinct
from livegen.io.midi_system import MidiSystem
from livegen.io.output import Output
from livegen.io.patchbay import Patchbay
from livegen.io.publisher import PortsMissing, Publisher
from livegen.io.synth import Synth
from livegen.note import MonotonicTime
from livegen.stage.events import Incoming, OutputClosed, PortId, ServerLost

CHECK = 0.25  # s between two looks at the synth, and at ports that could not be connected
RETRY = 0.5  # s between two attempts to find a MIDI system
PATIENCE = 5.0  # s that the main thread may need to stop using a port, and this thread to end

Put = Callable[[Incoming | Attached | Detached], None]


@dataclass
class Keeper:
    """Owns the links while livegen plays: only its thread uses them from `start` to `stop`.

    Args:
        backend: the setting.
        waits: go on without ports that are missing, and without the server.
        put: puts an event into the inbox.
        now: the time.
        publisher: gets what does not concern a single port.
        taken: the identities that are in use, for a direction.
        claim: called in the thread first, to set its priority.
        name: of this livegen.
    """

    backend: str
    waits: bool
    put: Put
    now: Callable[[], MonotonicTime]
    publisher: Publisher
    taken: Callable[[int], Collection[PortId]]
    claim: Callable[[], object]
    name: str = ports.OWN_NAME
    system: MidiSystem | None = None  # None: none is found yet
    links: list[Link] = field(default_factory=list)
    synths: list[Synth] = field(default_factory=list)
    _patchbay: Patchbay | None = None
    _left: tuple[str, MidiSystem | None, Patchbay | None, list[Link]] | None = None  # before `move`
    _jobs: SimpleQueue[Callable[[], None]] = field(default_factory=SimpleQueue)
    _retry: bool = False  # a port is there but could not be connected
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """What is missing, to show."""
        return tuple(
            [link.what for link in self.links if not link.attached]
            + [synth.port for synth in self.synths if not synth.attached]
        )

    # For whoever opens and closes links: the main thread before `start`, a job later.

    def names(self) -> tuple[list[str], list[str]]:
        """The names of the inputs and of the outputs. Raises PortError."""
        return self.ready().names()

    def first_keyboard(self, names: Sequence[str]) -> str | None:
        """The first of these inputs that looks like a keyboard, or None."""
        return ports.first_keyboard(names, jack=self.system is not None and self.system.api == midi_system.JACK)

    def open(self, link: Link, name: str | None) -> None:
        """Add a link, and connect it if a name is given.

        Raises:
            PortError: our port cannot be opened, or not be connected.
        """
        try:
            board = self.ready()
        finally:
            self.links = [*self.links, link]  # if the server is not there, its ports are opened later
        board.open(link)
        if name is not None:
            self._connect(board, link, name)

    def forget(self, end: Link | FilePlayer | Output) -> None:
        """An input or an output is about to be closed."""
        if isinstance(end, Link) and self._patchbay is not None:
            self._patchbay.forget(end)
        self.links = [each for each in self.links if each is not end]
        self.synths = [each for each in self.synths if each is not end]

    def move(self, backend: str) -> bool:
        """Open links in another MIDI system from now on. Returns whether it is another. Raises PortError."""
        found = midi_system.find(backend)
        if found == self.system:
            return False
        self._left = self.backend, self.system, self._patchbay, self.links
        self.backend, self.system, self._patchbay, self.links = backend, found, None, []
        return True

    def stay(self) -> None:
        """Undo `move`."""
        if self._left is not None:
            if self._patchbay is not None:
                self._patchbay.close()
            (self.backend, self.system, self._patchbay, self.links), self._left = self._left, None

    def settle(self) -> None:
        """What has to be open is open. A client that nothing needs would not notice the end of its server."""
        boards = []
        if self._left is not None:
            boards.append(self._left[2])
            self._left = None
        if not self.links:
            boards.append(self._patchbay)
            self._patchbay = None
        for board in boards:
            if board is not None:
                board.close()

    def start(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._run, name="livegen-ports", daemon=True)
        self._thread.start()

    def do(self, job: Callable[[], None]) -> None:
        """Call a function in the thread, soon."""
        self._jobs.put(job)
        if self._patchbay is not None:
            self._patchbay.wake()

    def stop(self) -> None:
        """End the thread. A second call does nothing."""
        self._stopping.set()
        if self._patchbay is not None:
            self._patchbay.wake()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def close(self) -> None:
        """Close all links. A second call does nothing."""
        self.stop()
        for link in self.links:
            if self._patchbay is not None:
                self._patchbay.forget(link)
            else:
                link.close()
        if self._patchbay is not None:
            self._patchbay.close()

    # The thread.

    def _run(self) -> None:
        self.claim()
        self.report()
        while not self._stopping.is_set():
            self._do_jobs()
            try:
                self._watch()
            except PortError as error:
                if self._patchbay is not None and not self._lose_system(str(error)):
                    return
                self._stopping.wait(RETRY)
            if not self._stopping.is_set():
                self._check_synths()

    def _do_jobs(self) -> None:
        with suppress(Empty):
            while True:
                self._jobs.get_nowait()()

    def _watch(self) -> None:
        """Wait a little for a change, and follow it. Raises PortError if the system does not answer."""
        if not self.links:
            self._stopping.wait(CHECK)
            return
        gone = self.ready().wait(CHECK)
        failed = self._retry or any(link.failed for link in self.links)
        if (gone is not None or failed) and not self._stopping.is_set():
            self._follow(gone or set())

    def ready(self) -> Patchbay:
        """The patchbay, with all links open. Raises PortError if the system does not answer."""
        if self._patchbay is None:
            lost = self.system
            self.system = self.system or midi_system.find(self.backend)
            found = patchbay.find(self.system, self.name)
            try:
                for link in self.links:
                    found.open(link)
            except PortError:
                self._release(found)
                raise
            self._patchbay = found
            if self.links:
                if lost is not None:
                    self.publisher.say(f"{self.system.name} is back.")
                self._follow(set())
        return self._patchbay

    def _follow(self, gone: set[str]) -> None:
        """Disconnect what is gone, and connect what is there.

        Raises:
            PortError: the system does not answer.
        """
        assert self._patchbay is not None
        names = self._patchbay.names()
        before = self.waiting_for
        for link in self._outputs_first:
            lost = link.name not in names[link.direction] or self._is_another(link, gone)
            if link.attached and not link.virtual and (lost or link.failed):
                self.detach(link, "" if link.failed else link.what)
                self._patchbay.release(link)
            if lost:
                link.failed = False
        self._retry = False
        for link, name in self._found(names):
            self._attach(self._patchbay, link, name)
        if self.waiting_for != before:
            self.report()

    @property
    def _outputs_first(self) -> list[Link]:
        """The links, in the order to detach them: the note_offs of a lost input must not be sent to a lost output."""
        return sorted(self.links, key=lambda link: link.direction, reverse=True)

    def _is_another(self, link: Link, gone: set[str]) -> bool:
        """Whether the port that has the name of a link's port now is not the one that it was connected to."""
        assert self._patchbay is not None
        if any(link.name.endswith(end) for end in gone):
            return True
        return link.token != "" and self._patchbay.token(link.name) not in ("", link.token)

    def _found(self, names: tuple[Sequence[str], Sequence[str]]) -> Iterable[tuple[Link, str]]:
        """The links that can be connected now, each with the name of a port."""
        waiting = [link for link in self.links if not link.attached and not link.failed]
        for how in (self._same_name, self._same_identity, self._as_wanted):
            for link in [each for each in waiting if not each.attached]:
                taken = {each.name for each in self.links if each.attached and each.direction == link.direction}
                free = [name for name in names[link.direction] if name not in taken]
                name = ports.OWN_NAME if link.virtual else how(link, free)
                if name is not None:
                    yield link, name

    def _same_name(self, link: Link, names: Sequence[str]) -> str | None:
        return link.name if link.port and link.name in names else None

    def _same_identity(self, link: Link, names: Sequence[str]) -> str | None:
        wanted = self._identity(link.name) if link.port else None
        return next((name for name in names if self._identity(name) == wanted), None)

    def _as_wanted(self, link: Link, names: Sequence[str]) -> str | None:
        if not link.wanted:
            return self.first_keyboard(names)
        try:  # but once it was connected, it waits for that port
            return None if link.port else ports.match(link.wanted, names)
        except PortError:
            return None

    def _attach(self, board: Patchbay, link: Link, name: str) -> None:
        try:
            self._connect(board, link, name)
        except PortError:
            self._retry = True
            return
        for closed in link.stand_in():
            self.put(Detached(closed, closed.port, there=True, quiet=True))
        output = None if link.direction == IN else link
        self.put(Attached(link.opened(), link.name, output))

    def _connect(self, board: Patchbay, link: Link, name: str) -> None:
        """Raises PortError."""
        if not link.virtual:
            link.token = board.token(name)
            board.connect(link, name)
        identity = self._identity(name)
        if not link.port or self._identity(link.name) != identity:  # the first keyboard may be another one now
            link.port = distinct(identity, self.taken(link.direction))
        link.begin(name, ports.instrument(name, windows=self._windows and not link.virtual))

    @property
    def _windows(self) -> bool:
        return self.system is not None and self.system.is_windows

    def _identity(self, name: str) -> PortId:
        return ports.identity(name, windows=self._windows)

    def detach(self, end: Link | FilePlayer | Output, name: str, *, there: bool = False, quiet: bool = False) -> None:
        """Take an input or an output from the main thread.

        Args:
            end: which.
            name: to show; "": it was reported that it failed.
            there: it is there, so that it still gets its note_offs.
            quiet: the log has said why.
        """
        closed = (
            OutputClosed(end.port, self.now()) if not isinstance(end, Link | FilePlayer) else end.closed(self.now())
        )
        end.attached = False
        detached = Detached(closed, name, there=there, quiet=quiet)
        self.put(detached)
        waited = 0.0
        while not detached.released.wait(CHECK) and not self._stopping.is_set() and waited < PATIENCE:
            waited += CHECK

    def _lose_system(self, why: str) -> bool:
        """The server has ended. Returns whether to wait for it."""
        if not self.waits:
            self.put(ServerLost(why))
            return False
        assert self.system is not None and self._patchbay is not None
        self.publisher.warn(f"Lost connection to {self.system.name}. Waiting for it: start it again if it has ended.")
        lost, self._patchbay = self._patchbay, None
        for link in self._outputs_first:
            if link.attached:
                self.detach(link, link.what, quiet=True)
        for synth in self.synths:
            if synth.attached and synth.on_jack:
                self.detach(synth, synth.what, quiet=True)
                synth.stop()
        self._release(lost)
        gc.collect()  # the collector is off while livegen plays, and now nothing does
        self.report()
        return True

    def _release(self, board: Patchbay) -> None:
        """Close every client of the server, else a new server is not found."""
        for link in self.links:
            link.close()
        board.close()

    def _check_synths(self) -> None:
        for synth in self.synths:
            if synth.attached and synth.silent():
                self.detach(synth, synth.what)
                synth.stop()
                self.report()
            elif not synth.attached and synth.try_again():
                self.put(Attached(synth.opened(), synth.name, synth))
                self.report()

    def report(self) -> None:
        """Report what is missing."""
        self.publisher.publish(PortsMissing(self.waiting_for))


def waits(settings: Settings, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether to start without ports that are missing, and to wait for them."""
    return settings.wait == "on" or (settings.wait == "auto" and notify.managed(environ))
