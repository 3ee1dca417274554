"""`livegen play`: plays a MIDI file in real time, with the daemon's inbox, ports and synth but without a model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from mido import Message

from livegen.config.settings import Settings
from livegen.errors import PortError
from livegen.io.file_player import from_file
from livegen.io.inbox import Inbox, LiveInbox, VirtualInbox
from livegen.io.links import Attached, Detached
from livegen.io.publisher import PortGone, PortOpened, Publisher
from livegen.io.wires import Wiring
from livegen.io.wiring import wire
from livegen.live.loop import ALL_FAILED, Outputs
from livegen.live.process import real_time, reporting, signals
from livegen.note import MonotonicTime
from livegen.stage.effects import Send
from livegen.stage.events import InputClosed, Panic, Part, PortId, Received, ServerLost, Stop
from livegen.stage.hands import Hands
from livegen.stage.outputs import Output
from livegen.stage.settings import ALL

REPORT_EVERY = 10.0  # s
FADE = 2.0  # s for the synth to fade after the last note


def run(settings: Settings, file: Path) -> int:
    """Play a file on the outputs of the settings, until its end or a signal. Returns the exit status.

    Raises:
        LivegenError: the start failed, or all outputs failed.
    """
    live = LiveInbox()
    timeline = from_file(file, MonotonicTime(0.0), PortId(str(file)))  # first: if it cannot be read, nothing is written
    with ExitStack() as stack:
        publisher = stack.enter_context(reporting(settings))
        stack.enter_context(signals(live))
        wiring = stack.enter_context(wire(settings, live, publisher, timeline))
        playing = _Playing(wiring, publisher)
        publisher.say(f"Playing {file}, {_clock(playing.length)}. Stop with Ctrl-C.")
        inbox: Inbox = VirtualInbox(wiring.events, live) if settings.fast else live
        if not settings.fast:
            stack.enter_context(real_time(settings, publisher))
        wiring.start()
        try:
            playing.play(inbox, REPORT_EVERY if not settings.fast else None)
        finally:
            playing.leave(inbox)
    return 0


class _Playing:
    def __init__(self, wiring: Wiring, publisher: Publisher) -> None:
        self._wiring = wiring
        self._publisher = publisher
        self._hands = Hands(ALL)
        there = [each.port for each in wiring.outputs if each.port not in wiring.missing]
        self._sounding = {port: Output(port, channel=0, thru=True) for port in there}
        self._outputs = Outputs(wiring.outputs, publisher)
        events = list(wiring.events)
        self._begin = events[0].at
        self.length = events[-1].at - self._begin  # s

    def play(self, inbox: Inbox, report_every: float | None) -> None:
        """Play until the end of the file, or a Stop. Report the position every `report_every` seconds."""
        reported = 0.0
        while self._sounding or self._wiring.waiting_for:
            event = inbox.get(None if report_every is None else MonotonicTime(self._begin + reported + report_every))
            match event:
                case Received(message, at, port):
                    self._forward(message, at, port)
                case Panic(at):
                    self._hands.forget(at)
                    self._send(Output.panic, at)
                case Attached(_, name, output) if output is not None:
                    self._outputs.add(output, inbox.now())
                    self._sounding[output.port] = Output(output.port, channel=0, thru=True)
                    self._publisher.publish(PortOpened("out", output.port, name))
                case Detached(closed, name, released, _, quiet):
                    self._end(closed.port, at=inbox.now())
                    released.set()
                    self._publisher.publish(PortGone(closed.port, name, "out", quiet=quiet))
                case InputClosed(_, at):
                    self._send(Output.close, at)
                    self._fade(inbox)
                    return
                case ServerLost(why):
                    raise PortError(why)
                case Stop():
                    self._publisher.say(f"Stopped at {_clock(inbox.now() - self._begin)} of {_clock(self.length)}.")
                    return
                case None:
                    reported += report_every or 0.0
                    self._publisher.say(f"{_clock(reported)} of {_clock(self.length)}")
        raise PortError(ALL_FAILED)

    def leave(self, inbox: Inbox) -> None:
        """End all sound, for any reason of leaving."""
        try:
            self._wiring.stop_listening()
        finally:
            self._send(Output.close, inbox.now())
        self._outputs.let_arrive()

    def _forward(self, message: Message, at: MonotonicTime, port: PortId) -> None:
        change = self._hands.hear(message, at, port)
        self._send(lambda output: output.forward(message, change, self._hands), at)

    def _end(self, port: PortId, at: MonotonicTime) -> None:
        """An output is gone. What sounds there ends when it is back."""
        self._outputs.remove(port)
        output = self._sounding.pop(port, None)
        for message in output.close() if output is not None else []:
            self._outputs.send(Send(port, message, Part.CALL, at))

    def _fade(self, inbox: Inbox) -> None:
        """Let the built-in synth fade: closing it silences it at once."""
        if any(not output.returns and not output.records for output in self._wiring.outputs):
            inbox.get(MonotonicTime(inbox.now() + FADE))  # a Stop or a Panic ends the wait

    def _send(self, messages: Callable[[Output], list[Message]], at: MonotonicTime) -> None:
        for port, output in list(self._sounding.items()):
            for message in messages(output):
                if not self._outputs.send(Send(port, message, Part.CALL, at)):
                    del self._sounding[port]
                    break


def _clock(seconds: float) -> str:
    """72.3 is 1:12."""
    return "{}:{:02}".format(*divmod(max(0, int(seconds)), 60))
