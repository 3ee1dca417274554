"""Opens the inputs and outputs that the settings name, or chooses them and reports why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TypeVar

from livegen.config.settings import Settings
from livegen.errors import ConfigError, PortError
from livegen.io import file_player, output, ports, realtime, synth
from livegen.io.inbox import LiveInbox
from livegen.io.keeper import Keeper, waits
from livegen.io.links import IN, OUT, Link, distinct, hearing
from livegen.io.output import Output
from livegen.io.ports import Demo, MidiFile, Port, Synth, WavFile
from livegen.io.publisher import PortOpened, Publisher
from livegen.io.recorder import MidiRecorder, WavRecorder, real, unused
from livegen.note import MonotonicTime
from livegen.stage.events import Event, InputClosed, InputOpened, PortId, Received

T = TypeVar("T")

LEAD_IN = 0.5  # s before a file begins to play


@dataclass(slots=True)
class Wiring:
    """The inputs and outputs. Some may be missing, and come later."""

    outputs: list[Output] = field(default_factory=list)
    listening: list[Link] = field(default_factory=list)
    timelines: list[file_player.Timeline] = field(default_factory=list)
    file_players: list[file_player.FilePlayer] = field(default_factory=list)
    keeper: Keeper | None = None

    @property
    def inputs(self) -> list[PortId]:
        return [*(link.port for link in self.listening), *(timeline.port for timeline in self.timelines)]

    @property
    def opened(self) -> list[Event]:
        """The events that add to the stage what is there already."""
        return [
            *(link.opened() for link in self.listening if link.attached),
            *(InputOpened(each.port, live=False) for each in self.timelines),
            *(output.opened(each) for each in self.outputs if each.port not in self.missing),
        ]

    @property
    def missing(self) -> set[PortId]:
        """The identities of the outputs that are not there now."""
        return {each.port for each in self.outputs if isinstance(each, Link | synth.Synth) and not each.attached}

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


@contextmanager
def wire(
    settings: Settings,
    inbox: LiveInbox,
    publisher: Publisher,
    timeline: file_player.Timeline | None = None,
    *,
    replace: bool = True,
) -> Iterator[Wiring]:
    """Open all inputs and outputs, and close them at the end. Output files get their names then.

    Args:
        settings: name the inputs and outputs.
        inbox: gets all messages from the inputs.
        publisher: gets a report of each input and output.
        timeline: the only input; the inputs of the settings are ignored.
        replace: overwrite the files that the settings name as outputs. Otherwise they get a free name, as the default
            recording always does.

    Raises:
        ConfigError: a name is not valid, or --fast is used with something that needs real time.
        DataError: a file cannot be played.
        PortError: a port or the synth is not available.
    """
    with ExitStack() as stack:
        wiring = _Opener(settings, inbox, publisher, stack, replace=replace).open(timeline)
        for each in wiring.outputs:
            if isinstance(each, MidiRecorder | WavRecorder):  # only now: if opening fails, no file is written
                stack.callback(each.close)
                stack.callback(_report_writing, each, publisher)  # called before close, which may take a while
        yield wiring


class _Opener:
    def __init__(
        self, settings: Settings, inbox: LiveInbox, publisher: Publisher, stack: ExitStack, *, replace: bool
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._publisher = publisher
        self._stack = stack
        self._replace = replace
        self._wiring = Wiring()
        self._claim = partial(realtime.claim, settings.realtime, realtime.LISTENER)
        self._waits = waits(settings)
        self._told: set[str] = set()

    @cached_property
    def _keeper(self) -> Keeper:
        """What connects ports and the synth, and keeps them connected."""
        wiring, settings = self._wiring, self._settings
        wiring.keeper = Keeper(
            backend=settings.backend,
            waits=self._waits,
            put=self._inbox.put,
            now=self._inbox.now,
            publisher=self._publisher,
            taken=lambda direction: wiring.inputs if direction == IN else [each.port for each in wiring.outputs],
            claim=partial(realtime.claim, settings.realtime, realtime.KEEPER),
            name=settings.name,
        )
        self._stack.callback(wiring.keeper.close)
        return wiring.keeper

    @cached_property
    def _names(self) -> tuple[list[str], list[str]]:
        """The names of the inputs and of the outputs, before livegen creates ports. Raises PortError."""
        return self._keeper.names()

    def _present(self, direction: int) -> list[str]:
        """The names of the ports that are there."""
        try:
            return self._names[direction]
        except PortError:
            return []

    def _wait_for(self, error: PortError) -> None:
        """Something is missing: report it once and go on, or raise the error."""
        if not self._waits:
            raise error
        if str(error) not in self._told:
            self._told.add(str(error))
            self._publisher.warn(f"{error} Waiting for it.")

    def open(self, timeline: file_player.Timeline | None) -> Wiring:
        settings = self._settings
        inputs = [ports.parse_input(text) for text in settings.inputs if timeline is None]
        outputs = [ports.parse_output(text) for text in settings.outputs]
        if settings.fast and not ((inputs or timeline) and outputs and _without_real_time(inputs, outputs)):
            raise ConfigError(
                "--fast needs files as input and output: --in FILE.mid or demo, --out FILE.mid or FILE.wav."
            )
        files = [timeline] if timeline else [wanted for wanted in inputs if isinstance(wanted, MidiFile)]
        _refuse_one_file_twice(files, [wanted for wanted in outputs if isinstance(wanted, MidiFile | WavFile)])
        inputs, outputs = self._in_full(inputs, IN), self._in_full(outputs, OUT)
        if settings.virtual and not inputs and timeline is None:
            self._listen(Port(""), "virtual port", virtual=True)
        if settings.virtual and not outputs:
            self._link(Link(OUT, virtual=True), ports.OWN_NAME, "a port that other programs can listen to")
        elif not outputs:
            self._choose_output()
        for named in outputs:
            self._open_output(named, replace=self._replace)
        if timeline is not None:
            self._place(timeline)
        elif not inputs and not settings.virtual:
            self._choose_input()
        for wanted in inputs:
            self._open_input(wanted)
        return self._wiring

    def _in_full(self, wanted: Sequence[T], direction: int) -> list[T | Port]:
        """Replace the names of ports by their full names. A port that livegen waits for keeps the name as given."""
        full = [self._full(each, direction) if isinstance(each, Port) else each for each in wanted]
        for port in (each for each in full if isinstance(each, Port)):
            if full.count(port) > 1:
                raise ConfigError(f"The port {port.name} is named twice. Name it once.")
        return full

    def _full(self, wanted: Port, direction: int) -> Port:
        try:
            return Port(ports.match(wanted.name, self._names[direction]))
        except PortError as error:
            self._wait_for(error)
            return wanted

    def _open_output(self, wanted: Synth | MidiFile | WavFile | Port, *, replace: bool) -> None:
        settings = self._settings
        live, claim = not settings.fast, partial(realtime.claim, settings.realtime, realtime.RECORDER)
        if isinstance(wanted, MidiFile | WavFile) and not replace:
            wanted = type(wanted)(unused(wanted.path))
        match wanted:
            case Synth():
                with suppress(PortError):  # without a MIDI system there are no ports
                    remark = ports.synth_remark(wanted, self._names[OUT]) if not wanted.certain else ""
                    if remark:
                        self._publisher.say(remark)
                self._open_synth()
            case MidiFile(path):
                self._out(MidiRecorder(path, live=live, claim=claim), "written at the end")
            case WavFile(path):
                recorder = WavRecorder(path, soundfont=settings.soundfont, gain=settings.gain, live=live, claim=claim)
                self._out(recorder, "written at the end")
            case Port(name):
                self._link(Link(OUT, name), name)

    def _open_input(self, wanted: Demo | MidiFile | Port) -> None:
        match wanted:
            case Demo():
                self._play("demo", self._demo)
            case MidiFile(path):
                self._play(str(path), lambda start, port: file_player.from_file(path, start, port))
            case Port(name):
                self._listen(Port(name))

    def _choose_output(self) -> None:
        """Open FluidSynth if it can play, or wait until it can, else a file."""
        if self._waits:
            self._open_synth()
            return
        found = synth.available(self._settings.soundfont, self._settings.audio_driver)
        if found.problem is not None:
            self._publisher.say(found.problem)
        self._open_output(ports.parse_output(found.choice), replace=False)

    def _choose_input(self) -> None:
        """Open the first keyboard, or wait for it, else the demo."""
        keyboard = None
        try:
            keyboard = self._keeper.first_keyboard(self._names[IN])
            why = "no keyboard is found: connect one at any time, or name a port with --in"
        except PortError:
            why = "no MIDI system is found: see `livegen ports`"
        link = self._listen(Port(keyboard or ""), "the first keyboard", chosen=True)
        if keyboard is None and not self._waits:
            demo = self._play("demo", self._demo, why)
            link.stand_in = partial(_ended, self._wiring.file_players, demo, self._inbox)

    def _out(self, opened: Output, remark: str = "") -> None:
        opened.port = distinct(opened.port, [each.port for each in self._wiring.outputs])
        self._wiring.outputs.append(opened)
        self._publisher.publish(PortOpened("out", opened.port, opened.name, remark))

    def _listen(self, wanted: Port, remark: str = "", *, virtual: bool = False, chosen: bool = False) -> Link:
        link = Link(
            IN, "" if chosen else wanted.name, hearing(self._inbox.put, self._inbox.now, self._claim), virtual=virtual
        )
        self._link(link, ports.OWN_NAME if virtual else wanted.name, remark)
        return link

    def _link(self, link: Link, name: str, remark: str = "") -> None:
        """Open a MIDI port of ours, and connect it if the other port is there."""
        try:
            self._keeper.open(link, name if link.virtual or name in self._present(link.direction) else None)
        except PortError as error:
            if name:  # else there is no first keyboard yet
                self._wait_for(error)
        if link.direction == IN:
            self._wiring.listening.append(link)
        else:
            self._wiring.outputs.append(link)
        if link.attached:
            direction = "in" if link.direction == IN else "out"
            self._publisher.publish(PortOpened(direction, link.port, link.name, remark))

    def _play(
        self, name: str, timeline: Callable[[MonotonicTime, PortId], file_player.Timeline], remark: str = ""
    ) -> PortId:
        port = distinct(PortId(name), self._wiring.inputs)
        self._place(timeline(MonotonicTime(0.0), port))
        self._publisher.publish(PortOpened("in", port, name, remark))
        return port

    def _place(self, timeline: file_player.Timeline) -> None:
        for lost in timeline.dropped:
            self._publisher.warn(f"{timeline.path}: {lost}.")
        if not self._settings.fast:
            timeline = timeline.delayed(self._inbox.now() + LEAD_IN)  # now, because reading a long file takes longer
            player = file_player.FilePlayer(timeline, self._inbox.put, self._claim)
            self._stack.callback(player.stop)
            self._wiring.file_players.append(player)
        self._wiring.timelines.append(timeline)

    def _demo(self, start: MonotonicTime, port: PortId) -> file_player.Timeline:
        settings = self._settings
        return file_player.demo(
            start,
            port,
            silence=settings.silence_max if isinstance(settings.silence, str) else settings.silence,
            shortest=settings.response_min,
            longest=settings.response_max,
        )

    def _open_synth(self) -> None:
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
        self._stack.callback(opened.close)
        try:
            opened.start()
        except PortError as error:
            self._wait_for(error)
        self._keeper.synths.append(opened)
        if opened.attached:
            self._out(opened)
        else:
            self._wiring.outputs.append(opened)


def _ended(players: list[file_player.FilePlayer], port: PortId, inbox: LiveInbox) -> list[InputClosed]:
    """End the demo, if it still plays."""
    playing = [player for player in players if player.playing]
    for player in playing:
        player.stop()
    return [InputClosed(port, inbox.now()) for _ in playing]


def _report_writing(recorder: MidiRecorder | WavRecorder, publisher: Publisher) -> None:
    name = recorder.name
    publisher.say(f"Nothing was played: {name} is not written." if recorder.empty else f"Writing {name}")


def _refuse_one_file_twice(
    read: Sequence[file_player.Timeline | MidiFile], written: Sequence[MidiFile | WavFile]
) -> None:
    seen = {real(each.path) for each in read if each.path is not None}
    for each in written:
        if real(each.path) in seen:
            raise ConfigError(f"{each.path} is named twice and would be overwritten. Name another output file.")
        seen.add(real(each.path))


def _without_real_time(
    inputs: Sequence[Demo | MidiFile | Port], outputs: Sequence[Synth | MidiFile | WavFile | Port]
) -> bool:
    return all(isinstance(i, Demo | MidiFile) for i in inputs) and all(
        isinstance(o, MidiFile | WavFile) for o in outputs
    )
