"""What is connected to what: opens the inputs and outputs that the settings name, or chooses them, and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from livegen.config.settings import Settings
from livegen.errors import ConfigError, DataError, PortError
from livegen.io import file_player, midi_system, ports, realtime, synth
from livegen.io.inbox import LiveInbox
from livegen.io.output import Output
from livegen.io.ports import Demo, MidiFile, Port, PortInput, Synth, WavFile
from livegen.io.recorder import WAV_LONGEST, WAV_TAIL, MidiRecorder, WavRecorder, real, too_long, unused
from livegen.io.reporter import Reporter
from livegen.note import MonotonicTime
from livegen.stage.events import Ended, Lost, Received

if TYPE_CHECKING:
    from mido import Message

T = TypeVar("T")

HEARD, PLAYED_TO = 0, 1  # the ways of ports, as a system names them
UPBEAT = 0.5  # s before a file begins to play


@dataclass(slots=True)
class Wiring:
    """What is open. The order of the outputs is that of `Send.output`."""

    outputs: list[Output] = field(default_factory=list)
    listening: list[PortInput] = field(default_factory=list)
    timelines: list[file_player.Timeline] = field(default_factory=list)
    players: list[file_player.FilePlayer] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return len(self.listening) + len(self.timelines)

    @property
    def echoes(self) -> bool:
        """Whether what goes out may come back in."""
        return bool(self.listening) and any(output.real for output in self.outputs)

    @property
    def events(self) -> Iterator[Received | Ended]:
        """All that the files among the inputs will play."""
        for timeline in self.timelines:
            yield from timeline.events

    def start(self) -> None:
        """Let the files begin."""
        for player in self.players:
            player.start()

    def stop_listening(self) -> None:
        for player in self.players:
            player.stop()
        for port in self.listening:
            port.close()


@contextmanager
def wire(
    settings: Settings,
    inbox: LiveInbox,
    reporter: Reporter,
    timeline: file_player.Timeline | None = None,
    *,
    replace: bool = True,
) -> Iterator[Wiring]:
    """Open everything, and close it in the end; files are written then.

    Args:
        settings: what is wanted.
        inbox: where the inputs put what they hear.
        reporter: told what was chosen.
        timeline: the only input, whatever the settings name.
        replace: files that the settings name as outputs; else they get names of their own, as those always do that
            nobody named.

    Raises:
        ConfigError: a name that means nothing, or --fast with something that needs real time.
        DataError: a file that cannot be played.
        PortError: a port, or the synth, that is not there.
    """
    with ExitStack() as stack:
        wiring = _Opener(settings, inbox, reporter, stack, replace=replace).open(timeline)
        for tape in wiring.outputs:
            if isinstance(tape, MidiRecorder | WavRecorder):  # where something could not be opened, no file is touched
                stack.callback(tape.close)
                stack.callback(_tell_writing, tape, reporter)  # first, since sound takes a moment
        yield wiring


class _Opener:
    def __init__(
        self, settings: Settings, inbox: LiveInbox, reporter: Reporter, stack: ExitStack, *, replace: bool
    ) -> None:
        self._settings = settings
        self._inbox = inbox
        self._reporter = reporter
        self._stack = stack
        self._replace = replace
        self._wiring = Wiring()
        self._claim = partial(realtime.claim, settings.realtime, realtime.LISTENER)

    @cached_property
    def _system(self) -> midi_system.MidiSystem:
        return midi_system.find(self._settings.backend)

    @cached_property
    def _names(self) -> tuple[list[str], list[str]]:
        """Of the ports that can be listened to and played to, before there are any of our own."""
        return self._system.names()

    def open(self, timeline: file_player.Timeline | None) -> Wiring:
        settings = self._settings
        inputs = [ports.parse_input(text) for text in settings.inputs if timeline is None]
        outputs = [ports.parse_output(text) for text in settings.outputs]
        if settings.fast and not ((inputs or timeline) and outputs and _without_real_time(inputs, outputs)):
            raise ConfigError("--fast needs files on both sides: --in FILE.mid or demo, --out FILE.mid or FILE.wav.")
        files = [timeline] if timeline else [wanted for wanted in inputs if isinstance(wanted, MidiFile)]
        _refuse_one_file_twice(files, [wanted for wanted in outputs if isinstance(wanted, MidiFile | WavFile)])
        inputs, outputs = self._in_full(inputs, HEARD), self._in_full(outputs, PLAYED_TO)
        if settings.virtual and not inputs and timeline is None:
            self._listen("virtual port", lambda callback: ports.virtual_input(self._system, callback))
        if settings.virtual and not outputs:
            self._out(ports.virtual_output(self._system), "a port that other programs can listen to")
        elif not outputs:
            self._choose_output()
        for output in outputs:
            self._open_output(output, replace=self._replace)
        if timeline is not None:
            self._place(timeline)
        elif not inputs and not settings.virtual:
            self._choose_input()
        for wanted in inputs:
            self._open_input(wanted)
        self._refuse_too_long()
        if self._wiring.listening or any(output.real for output in self._wiring.outputs):
            lost = Lost(self._system.gone)
            self._stack.enter_context(self._system.watched(partial(self._inbox.put, lost)))
        self._tell_instruments_apart()
        return self._wiring

    def _refuse_too_long(self) -> None:
        """A WAV file has to hold all that the files among the inputs play."""
        for timeline in self._wiring.timelines:
            if timeline.seconds + WAV_TAIL > WAV_LONGEST:
                for output in self._wiring.outputs:
                    if isinstance(output, WavRecorder):
                        raise DataError(
                            f"{timeline.path}, written to {output.name}: {too_long(timeline.seconds + WAV_TAIL)}."
                            " Name a .mid file to write."
                        )

    def _tell_instruments_apart(self) -> None:
        """A player hears themselves from their own; from another only what is passed on to it."""
        theirs = {ports.instrument(port.name) for port in self._wiring.listening}
        for output in self._wiring.outputs:
            if isinstance(output, ports.PortOutput):
                output.shares_synth = ports.instrument(output.name) not in theirs

    def _in_full(self, wanted: Sequence[T], way: int) -> list[T | Port]:
        """The same, with the full names of the ports among them."""
        full = [Port(ports.match(each.name, self._names[way])) if isinstance(each, Port) else each for each in wanted]
        for port in (each for each in full if isinstance(each, Port)):
            if full.count(port) > 1:
                raise ConfigError(f"The port {port.name} is named twice: name it once.")
        return full

    def _open_output(self, wanted: Synth | MidiFile | WavFile | Port, *, replace: bool) -> None:
        if isinstance(wanted, MidiFile | WavFile) and not replace:
            wanted = type(wanted)(unused(wanted.path))
        match wanted:
            case Synth():
                with suppress(PortError):  # without a MIDI system no port can be meant
                    remark = ports.synth_remark(wanted, self._system.outputs()) if not wanted.certain else ""
                    if remark:
                        self._reporter.say(remark)
                self._out(self._synth())
            case MidiFile(path):
                self._out(MidiRecorder(path), "written at the end")
            case WavFile(path):
                settings = self._settings
                tape = WavRecorder(path, soundfont=settings.soundfont, gain=settings.gain)
                self._out(tape, "written at the end")
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
        """FluidSynth where it can sound, else a file."""
        found = synth.available(self._settings.soundfont, self._settings.audio_driver)
        if found.problem is not None:
            self._reporter.say(found.problem)
        self._open_output(ports.parse_output(found.choice), replace=False)

    def _choose_input(self) -> None:
        """The first keyboard there is, else the demo."""
        try:
            keyboard = ports.first_keyboard(self._system.inputs(), jack=self._system.api == midi_system.JACK)
            why = f"{self._system.name} shows no keyboard: connect one and start again, or name a port with --in"
        except PortError:
            keyboard, why = None, "no MIDI system is found, `livegen ports` says more"
        if keyboard is None:
            self._play("demo", self._demo, why)
        else:
            self._listen("the first keyboard", lambda callback: ports.open_input(self._system, keyboard, callback))

    def _out(self, output: Output, remark: str = "") -> None:
        if not isinstance(output, MidiRecorder | WavRecorder):
            self._stack.callback(output.close)
        self._wiring.outputs.append(output)
        self._reporter.say(f"out: {output.name}{f' ({remark})' if remark else ''}")

    def _listen(self, remark: str, opener: Callable[[Callable[[Message], None]], PortInput]) -> None:
        index, inbox, claim = self._wiring.inputs, self._inbox, self._claim
        claimed = False

        def heard(message: Message) -> None:
            nonlocal claimed
            inbox.put(Received(message, inbox.now(), index))
            if not claimed:  # on RtMidi's own thread, which can only be reached here
                claimed = True
                claim()

        port = opener(heard)
        self._stack.callback(port.close)
        self._wiring.listening.append(port)
        self._reporter.say(f"in:  {port.name}{f' ({remark})' if remark else ''}")

    def _play(
        self, name: str, timeline: Callable[[MonotonicTime, int], file_player.Timeline], remark: str = ""
    ) -> None:
        self._place(timeline(MonotonicTime(0.0), self._wiring.inputs))
        self._reporter.say(f"in:  {name}{f' ({remark})' if remark else ''}")

    def _place(self, timeline: file_player.Timeline) -> None:
        if not self._settings.fast:
            timeline = timeline.delayed(self._inbox.now() + UPBEAT)  # now: to read a long file takes longer than that
            player = file_player.FilePlayer(timeline, self._inbox.put, self._claim)
            self._stack.callback(player.stop)
            self._wiring.players.append(player)
        self._wiring.timelines.append(timeline)
        for lost in timeline.dropped:
            self._reporter.warn(f"{timeline.path}: {lost}.")

    def _demo(self, start: MonotonicTime, port: int) -> file_player.Timeline:
        settings = self._settings
        return file_player.demo(
            start, port, silence=settings.silence, shortest=settings.response_min, longest=settings.response_max
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


def _tell_writing(tape: MidiRecorder | WavRecorder, reporter: Reporter) -> None:
    reporter.say(f"nothing was played: {tape.name} is not written" if tape.empty else f"writing {tape.name}")
    if isinstance(tape, WavRecorder) and tape.seconds > WAV_LONGEST:
        reporter.warn(f"{tape.name}: {too_long(tape.seconds)}. The rest is left out.")


def _refuse_one_file_twice(
    read: Sequence[file_player.Timeline | MidiFile], written: Sequence[MidiFile | WavFile]
) -> None:
    seen = {real(each.path) for each in read if each.path is not None}
    for each in written:
        if real(each.path) in seen:
            raise ConfigError(f"{each.path} is named twice, and would be written over. Name another file to write.")
        seen.add(real(each.path))


def _without_real_time(
    inputs: Sequence[Demo | MidiFile | Port], outputs: Sequence[Synth | MidiFile | WavFile | Port]
) -> bool:
    return all(isinstance(i, Demo | MidiFile) for i in inputs) and all(
        isinstance(o, MidiFile | WavFile) for o in outputs
    )
