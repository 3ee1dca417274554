"""The MIDI ports that the settings ask for, and livegen's end of each connection."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from livegen.errors import PortError
from livegen.io.output import Output, opened
from livegen.io.ports import PortInput, PortOutput
from livegen.note import MonotonicTime
from livegen.stage.events import InputClosed, InputOpened, OutputClosed, OutputOpened, PortId, Received

if TYPE_CHECKING:
    from mido import Message

    from livegen.stage.effects import Send

IN, OUT = 0, 1  # indices into what `MidiSystem.names` returns

Hear = Callable[[PortId, "Message"], None]


class Attached(NamedTuple):
    """An input or an output can be used from now on."""

    opened: InputOpened | OutputOpened
    name: str  # to show
    output: Output | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Detached:
    """An input or an output is gone."""

    closed: InputClosed | OutputClosed
    name: str  # to show; "": it was reported that it failed
    released: threading.Event = field(default_factory=threading.Event)  # to be set when nothing is sent to it any more
    there: bool = False  # it is there, but livegen closes it: it still gets its note_offs
    quiet: bool = False  # the log has said why


class Link:
    """An input or an output of livegen. What it is connected to may go and come back; `keeper` decides.

    Implements `livegen.io.output.Output`.

    Args:
        direction: IN or OUT.
        wanted: part of a port's name; "": the first keyboard.
        hear: gets the messages of an input, on RtMidi's thread.
        virtual: other programs connect to it.
    """

    returns = True
    records = False

    def __init__(self, direction: int, wanted: str = "", hear: Hear | None = None, *, virtual: bool = False) -> None:
        self.direction = direction
        self.wanted = wanted
        self.virtual = virtual
        self.port = PortId("")  # given at the first connection, then kept
        self.name = ""  # of the other port
        self.instrument = ""
        self.attached = False
        self.failed = False  # a message could not be sent
        self.token = ""  # tells the other port from one that had its name before
        self.address = ""  # the full name of our own port, if it stays open
        self.stand_in: Callable[[], list[InputClosed]] = list  # ends what plays until the first keyboard is there
        self._hear = hear
        self._end: PortInput | PortOutput | None = None

    @property
    def what(self) -> str:
        """What it waits for, to show."""
        return self.port or self.wanted or "a keyboard"

    @property
    def lasting(self) -> bool:
        """Whether its port will come back, so that livegen must not end when it goes."""
        return bool(self.wanted or self.port or self.virtual)

    def heard(self, message: Message) -> None:
        """The callback of an input."""
        if self.port and self._hear is not None:
            self._hear(self.port, message)

    @property
    def listening(self) -> PortInput | None:
        """Our end of an open input."""
        return self._end if isinstance(self._end, PortInput) else None

    def use(self, end: PortInput | PortOutput | None) -> None:
        """Use another open port, or none, as our end."""
        before, self._end = self._end, end
        if before is not None:
            before.close()

    def begin(self, name: str, instrument: str) -> None:
        """It is connected to a port."""
        self.name, self.instrument = name, instrument
        self.attached, self.failed = True, False

    def opened(self) -> InputOpened | OutputOpened:
        """The event that adds it to the stage."""
        return InputOpened(self.port, live=True, instrument=self.instrument) if self.direction == IN else opened(self)

    def closed(self, at: MonotonicTime) -> InputClosed | OutputClosed:
        """The event that removes it from the stage."""
        return InputClosed(self.port, at) if self.direction == IN else OutputClosed(self.port, at)

    def send(self, send: Send) -> None:
        end = self._end
        if isinstance(end, PortOutput):
            try:
                end.send(send)
            except PortError:
                self.failed = True
                raise

    def close(self) -> None:
        self.use(None)


def distinct(port: PortId, taken: Collection[PortId]) -> PortId:
    """The identity of a port, with a number added if another port has the same one."""
    names = (port if i == 1 else PortId(f"{port} #{i}") for i in itertools.count(1))
    return next(name for name in names if name not in taken)


def hearing(put: Callable[[Received], None], now: Callable[[], MonotonicTime], claim: Callable[[], object]) -> Hear:
    """What an input does with its messages: it stamps the time and puts them into the inbox."""
    claimed = False

    def hear(port: PortId, message: Message) -> None:
        nonlocal claimed
        put(Received(message, now(), port))
        if not claimed:  # RtMidi's thread can only be reached from here
            claimed = True
            claim()

    return hear
