"""The inputs and outputs of livegen: what is open, and how the settings name it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from livegen.io.file_player import FilePlayer, Timeline
from livegen.io.keeper import Keeper
from livegen.io.links import IN, OUT, Link
from livegen.io.output import Output, opened
from livegen.stage.events import Event, InputClosed, PortId, Received

End = Link | FilePlayer | Output
"""What is open at livegen's end."""


@dataclass(slots=True, eq=False)
class Wire:
    """An input or an output.

    Attributes:
        wanted: what the settings name.
        direction: IN or OUT.
        end: what is open.
        remark: why it was chosen.
    """

    wanted: object
    direction: int
    end: End
    remark: str = ""


@dataclass(slots=True)
class Wiring:
    """All inputs and outputs. Some may be missing, and come later. The list is replaced, never changed."""

    wires: list[Wire] = field(default_factory=list)
    keeper: Keeper | None = None

    def add(self, wire: Wire) -> None:
        self.wires = [*self.wires, wire]

    def remove(self, wire: Wire) -> None:
        self.wires = [each for each in self.wires if each is not wire]

    @property
    def outputs(self) -> list[Output]:
        return [each.end for each in self.wires if each.direction == OUT and not isinstance(each.end, FilePlayer)]

    @property
    def listening(self) -> list[Link]:
        """The MIDI ports that are inputs."""
        return [each.end for each in self.wires if each.direction == IN and isinstance(each.end, Link)]

    @property
    def file_players(self) -> list[FilePlayer]:
        return [each.end for each in self.wires if isinstance(each.end, FilePlayer)]

    def identities(self, direction: int, but: Collection[Wire] = ()) -> list[PortId]:
        """The identities that are in use, for a direction; not those of `but`."""
        return [each.end.port for each in self.wires if each.direction == direction and each not in but]

    @property
    def opened(self) -> list[Event]:
        """The events that add to the stage what is there already."""
        return [
            *(link.opened() for link in self.listening if link.attached),
            *(player.opened() for player in self.file_players),
            *(opened(each) for each in self.outputs if each.port not in self.missing),
        ]

    @property
    def missing(self) -> set[PortId]:
        """The identities of the outputs that are not there now."""
        return {each.port for each in self.outputs if not each.attached}

    @property
    def timelines(self) -> list[Timeline]:
        """What the input files play."""
        return [player.timeline for player in self.file_players]

    @property
    def events(self) -> Iterator[Received | InputClosed]:
        """All events of the input files."""
        for timeline in self.timelines:
            yield from timeline.events

    @property
    def waits(self) -> bool:
        """Whether to play on without any output and without the MIDI server, until they are back."""
        return self.keeper is not None and self.keeper.waits

    @property
    def lasting(self) -> bool:
        """Whether an input is open or will come back, so that livegen must not end."""
        return any(link.lasting or self.waits for link in self.listening)

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The ports, and the synth, that are missing now."""
        return self.keeper.waiting_for if self.keeper is not None else ()

    def start(self) -> None:
        """Start the input files, and watch the ports."""
        for player in self.file_players:
            player.start()
        if self.keeper is not None:
            self.keeper.start()

    def stop_listening(self) -> None:
        if self.keeper is not None:
            self.keeper.stop()
        for player in self.file_players:
            player.stop()
        for link in self.listening:
            link.close()
