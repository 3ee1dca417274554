"""`livegen play`: a MIDI file in real time, by the daemon's own inbox, ports and synth, and without its model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from mido import Message

from livegen.config.settings import Settings
from livegen.errors import PortError
from livegen.io.file_player import from_file
from livegen.io.inbox import Inbox, LiveInbox, VirtualInbox
from livegen.io.reporter import Reporter
from livegen.io.wiring import Wiring, wire
from livegen.live.process import deliver, let_arrive, punctual, reporting, signals
from livegen.note import MonotonicTime
from livegen.stage.events import Ended, Lost, Panic, Part, Received, Send, Stop
from livegen.stage.voice import Voice

TELL_EVERY = 10.0  # s
FADE = 2.0  # s that the synth rings on after the last note


def run(settings: Settings, file: Path) -> int:
    """Play a file on the outputs of the settings, to its end or until told to stop. Returns the exit status.

    Raises:
        LivegenError: it could not start, or every output broke.
    """
    live = LiveInbox()
    timeline = from_file(file, MonotonicTime(0.0))  # first: of what cannot be played nothing is written
    with ExitStack() as stack:
        reporter = stack.enter_context(reporting(settings))
        stack.enter_context(signals(live))
        wiring = stack.enter_context(wire(settings, live, reporter, timeline))
        playing = _Playing(wiring, reporter)
        reporter.say(f"playing {file}, {_clock(playing.length)}. Ctrl-C ends it.")
        inbox: Inbox = VirtualInbox(wiring.events, live) if settings.fast else live
        if not settings.fast:
            stack.enter_context(punctual(settings, reporter))
        wiring.start()
        try:
            playing.play(inbox, TELL_EVERY if not settings.fast else None)
        finally:
            playing.leave(inbox)
    return 0


class _Playing:
    def __init__(self, wiring: Wiring, reporter: Reporter) -> None:
        self._wiring = wiring
        self._reporter = reporter
        self._voices = dict(enumerate(Voice(thru=True, channel=0) for _ in wiring.outputs))  # of those that work
        events = list(wiring.events)
        self._begin = events[0].at
        self.length = events[-1].at - self._begin  # s

    def play(self, inbox: Inbox, tell_every: float | None) -> None:
        """Until the file's end, or a Stop. Tells how far it is every so many seconds."""
        told = 0.0
        while self._voices:
            event = inbox.get(None if tell_every is None else MonotonicTime(self._begin + told + tell_every))
            match event:
                case Received(message, at):
                    self._send(partial(Voice.pass_on, message=message, port=0), at)
                case Panic(at):
                    self._send(Voice.close, at)
                case Ended(at):
                    self._send(Voice.close, at)
                    self._fade(inbox)
                    return
                case Lost(why):
                    raise PortError(why)
                case Stop():
                    self._reporter.say(f"stopped at {_clock(inbox.now() - self._begin)} of {_clock(self.length)}")
                    return
                case None:
                    told += tell_every or 0.0
                    self._reporter.say(f"{_clock(told)} of {_clock(self.length)}")
        raise PortError("Every output is broken. Connect one and start again.")

    def leave(self, inbox: Inbox) -> None:
        """Release whatever was sounded, on whatever way out."""
        try:
            self._wiring.stop_listening()
        finally:
            self._send(Voice.close, inbox.now())
        let_arrive(self._wiring.outputs)

    def _fade(self, inbox: Inbox) -> None:
        """Let the synth in this process ring on: closed, it is silent at once."""
        if any(not output.real and not output.keeps_call for output in self._wiring.outputs):
            inbox.get(MonotonicTime(inbox.now() + FADE))  # all that may still come, a Stop or a Panic, ends that

    def _send(self, messages: Callable[[Voice], list[Message]], at: MonotonicTime) -> None:
        for output, voice in list(self._voices.items()):
            for message in messages(voice):
                if not deliver(Send(output, message, Part.CALL, at), self._wiring.outputs, self._reporter):
                    del self._voices[output]
                    break


def _clock(seconds: float) -> str:
    """72.3 is 1:12."""
    return "{}:{:02}".format(*divmod(max(0, int(seconds)), 60))
