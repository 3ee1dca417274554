"""Opens the inputs and outputs that the settings name, or chooses them and reports why."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from livegen.config.settings import Settings
from livegen.errors import ConfigError, PortError
from livegen.io import file_player, midi_system, output, ports, realtime, synth
from livegen.io.inbox import LiveInbox
from livegen.io.output import Output
from livegen.io.ports import Demo, MidiFile, Port, PortInput, Synth, WavFile
from livegen.io.publisher import PortOpened, Publisher
from livegen.io.recorder import MidiRecorder, WavRecorder, real, unused
from livegen.note import MonotonicTime
from livegen.stage.events import Event, InputClosed, InputOpened, PortId, Received, ServerLost

if TYPE_CHECKING:
    from mido import Message

T = TypeVar("T")

IN, OUT = 0, 1  # indices into what `MidiSystem.names` returns
LEAD_IN = 0.5  # s before a file begins to play


@dataclass(slots=True)
class Wiring:
    """The open inputs and outputs."""

    outputs: list[Output] = field(default_factory=list)
    listening: list[PortInput] = field(default_factory=list)
    timelines: list[file_player.Timeline] = field(default_factory=list)
    file_players: list[file_player.FilePlayer] = field(default_factory=list)

    @property
    def inputs(self) -> list[PortId]:
        return [*(port.port for port in self.listening), *(timeline.port for timeline in self.timelines)]

    @property
    def opened(self) -> list[Event]:
        """The events that add all of this to the stage."""
        return [
            *(InputOpened(each.port, live=True, instrument=each.instrument) for each in self.listening),
            *(InputOpened(each.port, live=False) for each in self.timelines),
            *(output.opened(each) for each in self.outputs),
        ]

    @property
    def events(self) -> Iterator[Received | InputClosed]:
        """All events of the input files."""
        for timeline in self.timelines:
            yield from timeline.events

    def start(self) -> None:
        """Start the input files."""
        for player in self.file_players:
            player.start()

    def stop_listening(self) -> None:
        for player in self.file_players:
            player.stop()
        for port in self.listening:
            port.close()


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

    @cached_property
    def _system(self) -> midi_system.MidiSystem:
        return midi_system.find(self._settings.backend)

    @cached_property
    def _names(self) -> tuple[list[str], list[str]]:
        """The names of the inputs and of the outputs, before livegen creates ports."""
        return self._system.names()

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
            self._listen("virtual port", lambda callback: ports.virtual_input(self._system, callback))
        if settings.virtual and not outputs:
            self._out(ports.virtual_output(self._system), "a port that other programs can listen to")
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
        if self._wiring.listening or any(each.returns for each in self._wiring.outputs):
            lost = ServerLost(self._system.gone)
            self._stack.enter_context(self._system.watched(partial(self._inbox.put, lost)))
        return self._wiring

    def _in_full(self, wanted: Sequence[T], direction: int) -> list[T | Port]:
        """Replace the names of ports by their full names."""
        full = [
            Port(ports.match(each.name, self._names[direction])) if isinstance(each, Port) else each for each in wanted
        ]
        for port in (each for each in full if isinstance(each, Port)):
            if full.count(port) > 1:
                raise ConfigError(f"The port {port.name} is named twice. Name it once.")
        return full

    def _open_output(self, wanted: Synth | MidiFile | WavFile | Port, *, replace: bool) -> None:
        settings = self._settings
        live, claim = not settings.fast, partial(realtime.claim, settings.realtime, realtime.RECORDER)
        if isinstance(wanted, MidiFile | WavFile) and not replace:
            wanted = type(wanted)(unused(wanted.path))
        match wanted:
            case Synth():
                with suppress(PortError):  # without a MIDI system there are no ports
                    remark = ports.synth_remark(wanted, self._system.outputs()) if not wanted.certain else ""
                    if remark:
                        self._publisher.say(remark)
                self._out(self._synth())
            case MidiFile(path):
                self._out(MidiRecorder(path, live=live, claim=claim), "written at the end")
            case WavFile(path):
                recorder = WavRecorder(path, soundfont=settings.soundfont, gain=settings.gain, live=live, claim=claim)
                self._out(recorder, "written at the end")
            case Port(name):
                self._out(ports.open_output(self._system, name))

    def _open_input(self, wanted: Demo | MidiFile | Port) -> None:
        match wanted:
            case Demo():
                self._play("demo", self._demo)
            case MidiFile(path):
                self._play(str(path), lambda start, port: file_player.from_file(path, start, port))
            case Port(name):
                self._listen("", lambda callback: ports.open_input(self._system, name, callback))

    def _choose_output(self) -> None:
        """Open FluidSynth if it can play, else a file."""
        found = synth.available(self._settings.soundfont, self._settings.audio_driver)
        if found.problem is not None:
            self._publisher.say(found.problem)
        self._open_output(ports.parse_output(found.choice), replace=False)

    def _choose_input(self) -> None:
        """Open the first keyboard, else the demo."""
        try:
            keyboard = ports.first_keyboard(self._system.inputs(), jack=self._system.api == midi_system.JACK)
            why = f"{self._system.name} has no keyboard: connect one and start livegen again, or name a port with --in"
        except PortError:
            keyboard, why = None, "no MIDI system is found: see `livegen ports`"
        if keyboard is None:
            self._play("demo", self._demo, why)
        else:
            self._listen("the first keyboard", lambda callback: ports.open_input(self._system, keyboard, callback))

    def _out(self, opened: Output, remark: str = "") -> None:
        if not isinstance(opened, MidiRecorder | WavRecorder):
            self._stack.callback(opened.close)
        opened.port = _distinct(opened.port, [each.port for each in self._wiring.outputs])
        self._wiring.outputs.append(opened)
        self._publisher.publish(PortOpened("out", opened.port, opened.name, remark))

    def _listen(self, remark: str, opener: Callable[[Callable[[Message], None]], PortInput]) -> None:
        inbox, claim = self._inbox, self._claim
        identity: PortId | None = None  # not known before it is open
        claimed = False

        def heard(message: Message) -> None:
            nonlocal claimed
            if identity is not None:
                inbox.put(Received(message, inbox.now(), identity))
            if not claimed:  # RtMidi's thread can only be reached from here
                claimed = True
                claim()

        port = opener(heard)
        self._stack.callback(port.close)
        port.port = identity = _distinct(port.port, self._wiring.inputs)
        self._wiring.listening.append(port)
        self._publisher.publish(PortOpened("in", port.port, port.name, remark))

    def _play(
        self, name: str, timeline: Callable[[MonotonicTime, PortId], file_player.Timeline], remark: str = ""
    ) -> None:
        port = _distinct(PortId(name), self._wiring.inputs)
        self._place(timeline(MonotonicTime(0.0), port))
        self._publisher.publish(PortOpened("in", port, name, remark))

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
            silence=settings.silence,
            shortest=settings.response_min,
            longest=settings.response_max,
        )

    def _synth(self) -> Output:
        settings = self._settings
        return synth.Synth(
            soundfont=settings.soundfont,
            gain=settings.gain,
            audio_driver=settings.audio_driver,
            audio_buffer=settings.audio_buffer,
            audio_buffers=settings.audio_buffers,
            realtime=settings.realtime != "off",
        )


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


def _distinct(port: PortId, taken: Collection[PortId]) -> PortId:
    """The identity of a port, with a number added if another port has the same one."""
    names = (port if i == 1 else PortId(f"{port} #{i}") for i in itertools.count(1))
    return next(name for name in names if name not in taken)
