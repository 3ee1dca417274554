"""The interface of every output."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Protocol

from livegen.stage.effects import Send
from livegen.stage.events import OutputOpened, PortId

DRAIN = 0.05  # s: JACK sends once per period, of up to 43 ms; if ports are closed sooner, messages are lost


class Output(Protocol):
    """A MIDI port, the synth, a MIDI file or a WAV file."""

    port: PortId  # its identity
    name: str  # to show
    instrument: str  # of a MIDI port; "" for other outputs
    returns: bool  # a MIDI port: messages need a moment to arrive, and may come back
    records: bool  # a file: it gets the player's part too, whatever the setting `thru` is
    attached: bool  # it can be used; False: what it plays on is missing now

    def send(self, send: Send) -> None:
        """Send a message.

        Raises:
            PortError: the output is broken.
        """

    def close(self) -> None:
        """Close the output; a file is written now. A second call does nothing.

        Raises:
            LivegenError: the file could not be written.
        """


def opened(output: Output) -> OutputOpened:
    """The event that adds an output to the stage."""
    return OutputOpened(output.port, output.returns, output.records, output.instrument)


def let_arrive(outputs: Iterable[Output]) -> None:
    """Wait until all messages have left the MIDI ports among the outputs."""
    if any(output.returns for output in outputs):
        time.sleep(DRAIN)
