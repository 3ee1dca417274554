"""Opens the inputs and outputs that the settings name, or chooses them and reports why. What is open stays open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from livegen.config.settings import Settings
from livegen.errors import ConfigError, PortError
from livegen.io import file_player, ports, realtime, synth
from livegen.io.file_player import FilePlayer
from livegen.io.inbox import LiveInbox
from livegen.io.keeper import Keeper, waits
from livegen.io.links import IN, OUT, Link, distinct, hearing
from livegen.io.ports import Demo, MidiFile, Port, Synth, WavFile
from livegen.io.publisher import Publisher
from livegen.io.recorder import MidiRecorder, WavRecorder, real, unused
from livegen.io.wires import End, Wire, Wiring
from livegen.note import MonotonicTime
from livegen.stage.events import InputClosed, PortId

LEAD_IN = 0.5  # s before a file begins to play
SOUND = ("soundfont", "audio_driver", "audio_buffer", "audio_buffers")
"""The settings that a synth is opened with."""


@dataclass(frozen=True, slots=True)
class Virtual:
    """A port of livegen that other programs connect to."""


@dataclass(frozen=True, slots=True)
class FirstKeyboard:
    """The first keyboard, now or later."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """The demo, until there is a keyboard."""


class Timeline(NamedTuple):
    """A file that is read already."""

    timeline: file_player.Timeline


Wanted = Demo | MidiFile | WavFile | Port | Synth | Virtual | FirstKeyboard | StandIn | Timeline


class Opener:
    """Opens what the settings name and `wiring` does not have yet.

    Args:
        settings: name the inputs and outputs.
        wiring: gets what is opened.
        keeper: connects ports.
        inbox: gets all messages from the inputs.
        publisher: gets what is worth a line.
        before: the settings with which `wiring` was opened; None: at the start, when output files are overwritten.
            Later they get a free name, as the default recording always does, and whoever opens starts the synth.
        moved: the MIDI system is another one than before.
    """

    def __init__(
        self,
        settings: Settings,
        wiring: Wiring,
        keeper: Keeper,
        inbox: LiveInbox,
        publisher: Publisher,
        before: Settings | None = None,
        *,
        moved: bool = False,
    ) -> None:
        self._settings, self._wiring, self._keeper = settings, wiring, keeper
        self._inbox, self._publisher = inbox, publisher
        self._claim = partial(realtime.claim, settings.realtime, realtime.LISTENER)
        self._waits = waits(settings)
        self._told: set[str] = set()
        self._full_names: dict[tuple[int, Port], str] = {}
        self._names: tuple[list[str], list[str]] | None = None
        self._new_sound = before is not None and any(getattr(before, each) != getattr(settings, each) for each in SOUND)
        self._new_system, self._at_start = moved, before is None
        self._renamed: list[tuple[Wire, Wanted, Link, str]] = []
        self.unused = list(wiring.wires)
        """What was open and the settings do not name."""
        self.opened: list[Wire] = []
        """What was not open before."""

    def open(self, timeline: file_player.Timeline | None = None) -> None:
        """Open everything. `timeline`: the only input; the inputs of the settings are ignored.

        Raises:
            ConfigError: a name is not valid, or --fast is used with something that needs real time.
            DataError: a file cannot be played.
            PortError: a port or the synth is not available.
        """
        settings = self._settings
        inputs: list[Wanted] = [ports.parse_input(text) for text in settings.inputs if timeline is None]
        outputs: list[Wanted] = [ports.parse_output(text) for text in settings.outputs]
        if settings.fast and not ((inputs or timeline) and outputs and _without_real_time(inputs, outputs)):
            raise ConfigError(
                "--fast needs files as input and output: --in FILE.mid or demo, --out FILE.mid or FILE.wav."
            )
        files = [timeline] if timeline else [wanted for wanted in inputs if isinstance(wanted, MidiFile)]
        _refuse_one_file_twice(files, [wanted for wanted in outputs if isinstance(wanted, MidiFile | WavFile)])
        if timeline is not None:
            inputs = [Timeline(timeline)]
        elif not inputs:
            inputs = [Virtual() if settings.virtual else FirstKeyboard()]
        chosen = not outputs
        if not outputs:
            outputs = [Virtual() if settings.virtual else self._choice()]
        new_inputs, new_outputs = self._new(inputs, IN), self._new(outputs, OUT)
        for wanted in new_outputs:
            self._open_output(wanted, replace=self._at_start and not chosen)
        for wanted in new_inputs:
            self._open_input(wanted)

    def undo(self) -> None:
        """Close what was opened."""
        for wire in self.opened:
            self._wiring.remove(wire)
            self._keeper.forget(wire.end)
            wire.end.close()

    def keep(self) -> None:
        """Everything is open: what is kept under another name gets that name."""
        for wire, wanted, link, name in self._renamed:
            wire.wanted, link.wanted = wanted, name

    # What is open already.

    def _new(self, wanted: Sequence[Wanted], direction: int) -> list[Wanted]:
        """What is not open yet, with the full names of its ports."""
        new = [each for each in wanted if not self._take(each, direction)]
        kept = [wire.end for wire in self._wiring.wires if wire.direction == direction and wire not in self.unused]
        names = [link.name or link.wanted for link in kept if isinstance(link, Link)]
        for port in [each for each in new if isinstance(each, Port)]:
            name = self._full_name(port, direction)
            if name in names:
                raise ConfigError(f"The port {name} is named twice. Name it once.")
            names.append(name)
            if self._take_port(port, name, direction):
                new.remove(port)
        return new

    def _take(self, wanted: Wanted, direction: int) -> bool:
        """Keep what is open, if it is what is wanted."""
        for wire in self.unused:
            same = wire.wanted == wanted or (isinstance(wire.wanted, Synth) and isinstance(wanted, Synth))
            if wire.direction == direction and same and self._fits(wire):
                self.unused.remove(wire)
                if isinstance(wanted, FirstKeyboard):
                    self._take(StandIn(), direction)
                return True
        return False

    def _fits(self, wire: Wire) -> bool:
        return not (
            (isinstance(wire.end, synth.Synth) and self._new_sound) or (isinstance(wire.end, Link) and self._new_system)
        )

    def _take_port(self, wanted: Port | FirstKeyboard, name: str, direction: int) -> bool:
        """Keep a link that is connected to this port, under another name."""
        for wire in self.unused:
            link = wire.end
            if isinstance(link, Link) and link.attached and (link.direction, link.name) == (direction, name):
                if not self._fits(wire):
                    return False
                self.unused.remove(wire)
                self._renamed.append((wire, wanted, link, "" if isinstance(wanted, FirstKeyboard) else name))
                return True
        return False

    # Names.

    def _all_names(self) -> tuple[list[str], list[str]]:
        """The names of the inputs and of the outputs, before livegen creates ports. Raises PortError."""
        if self._names is None:
            self._names = self._keeper.names()
        return self._names

    def _present(self, direction: int) -> list[str]:
        """The names of the ports that are there."""
        try:
            return self._all_names()[direction]
        except PortError:
            return []

    def _full_name(self, wanted: Port, direction: int) -> str:
        """The full name of a port; as given if livegen waits for it. Raises PortError."""
        try:
            name = ports.match(wanted.name, self._all_names()[direction])
        except PortError as error:
            self._wait_for(error)
            name = wanted.name
        self._full_names[direction, wanted] = name
        return name

    def _wait_for(self, error: PortError) -> None:
        """Something is missing: report it once and go on, or raise the error."""
        if not self._waits:
            raise error
        if str(error) not in self._told:
            self._told.add(str(error))
            self._publisher.warn(f"{error} Waiting for it.")

    # Outputs.

    def _choice(self) -> Wanted:
        """FluidSynth if it can play or livegen waits until it can, else a file."""
        if self._waits or any(isinstance(wire.wanted, Synth) for wire in self.unused):
            return Synth(certain=True)
        found = synth.available(self._settings.soundfont, self._settings.audio_driver)
        if found.problem is not None:
            self._publisher.say(found.problem)
        return ports.parse_output(found.choice)

    def _open_output(self, wanted: Wanted, *, replace: bool) -> None:
        settings = self._settings
        live, claim = not settings.fast, partial(realtime.claim, settings.realtime, realtime.RECORDER)
        match wanted:
            case Synth():
                with suppress(PortError):  # without a MIDI system there are no ports
                    remark = ports.synth_remark(wanted, self._all_names()[OUT]) if not wanted.certain else ""
                    if remark:
                        self._publisher.say(remark)
                self._open_synth(wanted)
            case MidiFile(path):
                self._add(wanted, OUT, MidiRecorder(path if replace else unused(path), live=live, claim=claim))
            case WavFile(path):
                path = path if replace else unused(path)
                font, gain = settings.soundfont, settings.gain
                self._add(wanted, OUT, WavRecorder(path, soundfont=font, gain=gain, live=live, claim=claim))
            case Port():
                name = self._full_names[OUT, wanted]
                self._link(wanted, Link(OUT, name), name)
            case Virtual():
                self._link(wanted, Link(OUT, virtual=True), ports.OWN_NAME, "a port that other programs can listen to")

    def _open_synth(self, wanted: Synth) -> None:
        settings = self._settings
        opened = synth.Synth(
            soundfont=settings.soundfont,
            gain=settings.gain,
            audio_driver=settings.audio_driver,
            audio_buffer=settings.audio_buffer,
            audio_buffers=settings.audio_buffers,
            realtime=settings.realtime != "off",
            name=ports.client(settings.name),
        )
        self._add(wanted, OUT, opened)
        self._keeper.synths = [*self._keeper.synths, opened]
        if self._at_start:
            try:
                opened.start()
            except PortError as error:
                self._wait_for(error)

    # Inputs.

    def _open_input(self, wanted: Wanted) -> None:
        match wanted:
            case Demo():
                self._play(wanted, "demo", self._demo)
            case MidiFile(path):
                self._play(wanted, str(path), lambda start, port: file_player.from_file(path, start, port))
            case Timeline(timeline):
                self._place(wanted, timeline)
            case Port():
                name = self._full_names[IN, wanted]
                self._link(wanted, self._hearing(name), name)
            case Virtual():
                self._link(wanted, self._hearing(virtual=True), ports.OWN_NAME, "virtual port")
            case FirstKeyboard():
                self._open_first_keyboard(wanted)

    def _open_first_keyboard(self, wanted: FirstKeyboard) -> None:
        """Open the first keyboard, or wait for it, else the demo until there is one."""
        keyboard = None
        try:
            keyboard = self._keeper.first_keyboard(self._all_names()[IN])
            why = "no keyboard is found: connect one at any time, or name a port with --in"
        except PortError:
            why = "no MIDI system is found: see `livegen ports`"
        if keyboard is not None and self._take_port(wanted, keyboard, IN):
            return
        link = self._hearing()
        self._link(wanted, link, keyboard or "", "the first keyboard")
        if keyboard is None and not self._waits:
            demo = self._play(StandIn(), "demo", self._demo, why)
            link.stand_in = partial(_ended, demo, self._inbox)

    def _hearing(self, name: str = "", *, virtual: bool = False) -> Link:
        return Link(IN, name, hearing(self._inbox.put, self._inbox.now, self._claim), virtual=virtual)

    def _play(
        self,
        wanted: Wanted,
        name: str,
        timeline: Callable[[MonotonicTime, PortId], file_player.Timeline],
        why: str = "",
    ) -> FilePlayer:
        port = distinct(PortId(name), self._wiring.identities(IN))
        return self._place(wanted, timeline(MonotonicTime(0.0), port), name, why)

    def _place(self, wanted: Wanted, timeline: file_player.Timeline, name: str = "", why: str = "") -> FilePlayer:
        for lost in timeline.dropped:
            self._publisher.warn(f"{timeline.path}: {lost}. If notes are missing, get the file again from its source.")
        if not self._settings.fast:  # now, because reading a long file takes longer
            timeline = timeline.delayed(self._inbox.now() + LEAD_IN)
        player = FilePlayer(timeline, self._inbox.put, self._claim, name=name)
        self._add(wanted, IN, player, why)
        return player

    def _demo(self, start: MonotonicTime, port: PortId) -> file_player.Timeline:
        settings = self._settings
        return file_player.demo(
            start,
            port,
            silence=settings.silence_max if isinstance(settings.silence, str) else settings.silence,
            shortest=settings.response_min,
            longest=settings.response_max,
        )

    # All.

    def _link(self, wanted: Wanted, link: Link, name: str, remark: str = "") -> None:
        """Open a MIDI port of ours, and connect it if the other port is there."""
        self._add(wanted, link.direction, link, remark)
        there = link.virtual or name in self._present(link.direction)
        try:
            self._keeper.open(link, name if there else None)
        except PortError as error:
            if name:  # else there is no first keyboard yet
                self._wait_for(error)

    def _add(self, wanted: Wanted, direction: int, end: End, remark: str = "") -> None:
        if not isinstance(end, Link | FilePlayer):
            end.port = distinct(end.port, self._wiring.identities(OUT, but=self.unused))
        wire = Wire(wanted, direction, end, remark)
        self._wiring.add(wire)
        self.opened.append(wire)


def _ended(demo: FilePlayer, inbox: LiveInbox) -> list[InputClosed]:
    """End the demo, if it still plays."""
    if not demo.attached:
        return []
    demo.stop()
    return [InputClosed(demo.port, inbox.now())]


def _refuse_one_file_twice(
    read: Sequence[file_player.Timeline | MidiFile], written: Sequence[MidiFile | WavFile]
) -> None:
    seen = {real(each.path) for each in read if each.path is not None}
    for each in written:
        if real(each.path) in seen:
            raise ConfigError(f"{each.path} is named twice and would be overwritten. Name another output file.")
        seen.add(real(each.path))


def _without_real_time(inputs: Sequence[Wanted], outputs: Sequence[Wanted]) -> bool:
    return all(isinstance(i, Demo | MidiFile) for i in inputs) and all(
        isinstance(o, MidiFile | WavFile) for o in outputs
    )
