"""Whose turn it is. The one place where call, silence and response meet. Pure: values in, values out.

    IDLE --key down--> CALL --all keys up, silence--> RESPONSE --its end--> IDLE
                         ^                              |
                         +---------key down-------------+   (what is pending is dropped, what sounds is released)

Rules:
- A call is over when all keys are up and it has been silent for `silence`; a pedal that holds notes delays that to
  `pedal_silence`, and no longer.
- A pedal that is let go later than `silence` hands over, a BREATH later.
- The response is asked for up to LEAD ahead, for the very moment at which the silence will have been long enough; when
  anything changes that moment, it is asked for anew, and an answer to an older request counts for nothing.
- The player's first key ends a response at once. Panic ends a response or a call.
- A call that cannot be answered is dropped, and the next one is listened to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import inf

from mido import Message

from livegen.note import WINDOW, MonotonicTime, NoteWindow, SoundedNote
from livegen.stage.control import Control
from livegen.stage.echo import Echo
from livegen.stage.events import (
    CallEnded,
    Ended,
    Event,
    Failed,
    NoResponse,
    NoteStarted,
    Notice,
    Panic,
    Part,
    Predicted,
    Received,
    Request,
    ResponseEnded,
    ResponseStarted,
    Send,
    Silenced,
    Unheard,
)
from livegen.stage.listener import Heard, Listener
from livegen.stage.scheduler import Player, Stroke, scheduled
from livegen.stage.voice import Voice

LEAD = 0.35
"""s ahead that a response is asked for: ten times what the shipped model needs, and seldom in vain."""


BREATH = 0.1
"""s from a pedal let go in a long silence to the response: nobody can ask ahead for what a foot will do."""


class Turn(Enum):
    IDLE = auto()
    CALL = auto()
    RESPONSE = auto()


@dataclass(frozen=True, slots=True)
class Manners:
    """How livegen behaves in company. Times in seconds."""

    silence: float = 0.7
    pedal_silence: float = 2.0
    response_min: float = 1.0
    response_max: float = 8.0
    window: int = WINDOW
    window_of_both: bool = True  # or of the player alone
    channel: int | None = None  # heard: 0..15, or all but the drums'
    panic: Control | None = None


class Performance:
    """One player, one conversation.

    Args:
        voices: one for each output, in the order that `Send.output` counts.
        inputs: how many there are; when all of them have `Ended`, the performance can finish.
        echoes: whether what is sent may come back in (real ports on both sides).
    """

    def __init__(self, manners: Manners, voices: Sequence[Voice], *, inputs: int = 1, echoes: bool = False) -> None:
        self._manners = manners
        self._voices = dict(enumerate(voices))
        self._listener = Listener(manners.channel)
        self._player = Player()
        self._echo = Echo() if echoes else None
        self._window = NoteWindow(manners.window)
        self._open_inputs = inputs
        self._turn = Turn.IDLE
        self._call: list[SoundedNote] = []
        self._last_key_up: MonotonicTime | None = None
        self._hand_over: MonotonicTime | None = None  # when the silence will have been long enough
        self._asked: Request | None = None
        self._answer: tuple[Predicted, MonotonicTime, list[Stroke]] | None = None  # with its start
        self._requests = self._responses = self._played = 0
        self._last_stroke = MonotonicTime(-inf)
        self._unheard: set[int] = set()  # channels
        self._sends: list[Send] = []
        self._notices: list[Notice] = []
        self._to_ask: Request | None = None

    @property
    def turn(self) -> Turn:
        return self._turn

    @property
    def outputs(self) -> Collection[int]:
        """Those that are not left out."""
        return self._voices.keys()

    @property
    def finished(self) -> bool:
        """Nothing more can happen: all inputs have ended, and so has the last response."""
        return self._open_inputs <= 0 and self._turn is Turn.IDLE

    @property
    def next_due(self) -> MonotonicTime | None:
        """When `due` must be called next, if nothing happens before."""
        if self._turn is Turn.RESPONSE:
            return self._player.next_due
        if self._hand_over is None:
            return None
        if self._asked is None:
            return self._ask_at
        return self._hand_over if self._answer is not None else None

    def handle(self, event: Event, now: MonotonicTime) -> None:
        """Take an event in. What it leads to is told by `due`, `take_request` and `take_notices`."""
        match event:
            case Received():
                self._receive(event)
            case Predicted():
                if self._asked is not None and event.request == self._asked.id:
                    assert self._hand_over is not None
                    start = MonotonicTime(max(self._hand_over, now))
                    self._answer = event, start, scheduled(event.notes, start)  # the first note must not wait
            case Failed():
                if self._asked is not None and event.request == self._asked.id:
                    self._no_response(event.error, now)
            case Panic():
                self._panic(event.at)
            case Ended():
                self._open_inputs -= 1
                self._act(self._listener.release_all(event.at, event.port), event.at)

    def due(self, now: MonotonicTime) -> list[Send]:
        """What has to be sent by now, in order."""
        if self._turn is Turn.CALL and self._hand_over is not None:
            if self._asked is None and now >= self._ask_at:
                self._ask()
            if self._answer is not None and now >= self._hand_over:
                self._start_response(*self._answer)
        if self._turn is Turn.RESPONSE:
            self._play(now)
        sends, self._sends = self._sends, []
        return sends

    def sent(self, send: Send, now: MonotonicTime) -> None:
        """A message has left by a port from which it may come back."""
        if self._echo is not None:
            self._echo.sent(send.message, now, ours=send.part is Part.RESPONSE)

    def leave_out(self, output: int, now: MonotonicTime) -> list[Send]:
        """Go on without an output that is broken. Returns the last that it should get, if it can."""
        voice = self._voices.pop(output)
        return [Send(output, message, Part.RESPONSE, now) for message in voice.close()]

    def take_request(self) -> Request | None:
        """What to ask the model, once."""
        request, self._to_ask = self._to_ask, None
        return request

    def take_notices(self) -> list[Notice]:
        notices, self._notices = self._notices, []
        return notices

    def close(self, now: MonotonicTime) -> list[Send]:
        """The end, on whatever way out: everything that was sounded is released."""
        if self._turn is Turn.RESPONSE:
            self._end_response(now, interrupted=True)
        for output, voice in self._voices.items():
            self._send(output, voice.close(), Part.RESPONSE, now)
        sends, self._sends = self._sends, []
        return sends

    # The call.

    def _receive(self, event: Received) -> None:
        message, at = event.message, event.at
        if self._echo is not None and self._echo.heard(message, at, event.port):
            return
        panic = self._manners.panic
        if panic is not None and panic.mine(message):
            if panic.pressed(message):
                self._panic(at)
            return
        for output, voice in self._voices.items():
            self._send(output, voice.pass_on(message, event.port), Part.CALL, at)
        heard = self._listener.hear(message, at, event.port)
        if heard is Heard.KEY_DOWN:
            self._notices.append(NoteStarted(Part.CALL, message.note, message.velocity, at))
        elif message.type == "note_on" and message.velocity > 0 and message.channel not in self._unheard:
            self._unheard.add(message.channel)
            self._notices.append(Unheard(message.channel, at))
        self._act(heard, at)

    def _act(self, heard: Heard, at: MonotonicTime) -> None:
        if heard in (Heard.KEY_UP, Heard.PEDAL):  # a foot may have left a pedal that we share
            for output, voice in self._voices.items():
                self._send(output, voice.settle(self._listener), Part.RESPONSE, at)
        for note in self._listener.finished():
            self._window.add(note)
            self._call.append(note)
        if heard is Heard.KEY_DOWN:
            if self._turn is Turn.RESPONSE:
                self._end_response(at, interrupted=True)
            if self._turn is Turn.IDLE:
                self._turn = Turn.CALL
                self._call.clear()
            self._withdraw()
        elif self._turn is Turn.CALL and heard in (Heard.KEY_UP, Heard.PEDAL):
            if heard is Heard.KEY_UP:
                self._last_key_up = at
            self._plan(at)

    def _plan(self, at: MonotonicTime) -> None:
        """Fix the moment at which the call will be over, if nothing else happens."""
        if self._listener.keys_down or self._last_key_up is None or not self._call:
            return
        manners = self._manners
        wait = max(manners.silence, manners.pedal_silence) if self._listener.pedal_down else manners.silence
        soonest = at if at == self._last_key_up else at + BREATH
        hand_over = MonotonicTime(max(self._last_key_up + wait, soonest))
        if hand_over != self._hand_over:
            self._withdraw()
            self._hand_over = hand_over

    def _withdraw(self) -> None:
        self._hand_over = self._asked = self._answer = self._to_ask = None

    # The question.

    @property
    def _ask_at(self) -> MonotonicTime:
        assert self._hand_over is not None and self._last_key_up is not None
        return MonotonicTime(max(self._last_key_up, self._hand_over - LEAD))

    def _ask(self) -> None:
        assert self._hand_over is not None and self._window.last_onset is not None
        begin, end = self._call[0].onset, max(note.end for note in self._call)
        self._requests += 1
        self._to_ask = self._asked = Request(
            id=self._requests,
            context=self._window.notes(),
            gap=self._hand_over - self._window.last_onset,
            length=min(max(end - begin, self._manners.response_min), self._manners.response_max),
            response=self._responses,
        )

    def _no_response(self, why: str, at: MonotonicTime) -> None:
        self._withdraw()
        self._turn = Turn.IDLE
        self._notices.append(NoResponse(why, at))

    # The response.

    def _start_response(self, answer: Predicted, start: MonotonicTime, strokes: Sequence[Stroke]) -> None:
        assert self._hand_over is not None and self._last_key_up is not None
        meant = self._hand_over
        self._notices.append(CallEnded(tuple(self._call), meant))
        if not answer.notes:
            return self._no_response("the model had nothing to say", start)
        self._notices.append(
            ResponseStarted(
                notes=len(answer.notes),
                seconds=max(note.offset + note.duration for note in answer.notes),
                waited=start - self._last_key_up,
                thought=answer.seconds,
                late=start - meant,
                at=start,
            )
        )
        self._withdraw()
        self._turn = Turn.RESPONSE
        self._responses += 1
        self._played = 0
        for voice in self._voices.values():
            voice.begin()
        self._player.play(strokes)
        return None

    def _play(self, now: MonotonicTime) -> None:
        last = now
        for stroke in self._player.due(now):
            last = self._last_stroke = stroke.at
            note = stroke.note
            if note is None:
                self._move_pedal(stroke.at, down=stroke.down)
                continue
            if stroke.down:
                self._played += 1
                self._notices.append(NoteStarted(Part.RESPONSE, note.pitch, note.velocity, stroke.at))
            else:
                self._sounded(note)
            for output, voice in self._voices.items():
                if stroke.down:
                    messages = voice.start(note.pitch, note.velocity)
                else:
                    messages = voice.stop(note.pitch, self._listener)
                self._send(output, messages, Part.RESPONSE, stroke.at)
        if not self._player.playing:
            self._end_response(last, interrupted=False)

    def _end_response(self, at: MonotonicTime, *, interrupted: bool) -> None:
        at = max(at, self._last_stroke)  # what ends it may be stamped before what was due until it was heard
        for note in self._player.cancel(at):
            self._sounded(note)
        self._turn = Turn.IDLE
        if interrupted:
            self._silence(at)
        else:
            self._move_pedal(at, down=False)
        self._notices.append(ResponseEnded(self._played, self._player.dropped, interrupted, at))

    def _move_pedal(self, at: MonotonicTime, *, down: bool) -> None:
        for output, voice in self._voices.items():
            self._send(output, voice.pedal(self._listener, down=down), Part.RESPONSE, at)

    def _sounded(self, note: SoundedNote) -> None:
        if self._manners.window_of_both:
            self._window.add(note)

    def _panic(self, at: MonotonicTime) -> None:
        if self._turn is Turn.RESPONSE:
            self._end_response(at, interrupted=True)
        else:
            self._silence(at)
        self._withdraw()
        self._turn = Turn.IDLE
        self._notices.append(Silenced(at))

    def _silence(self, at: MonotonicTime) -> None:
        for output, voice in self._voices.items():
            self._send(output, voice.silence(self._listener), Part.RESPONSE, at)

    def _send(self, output: int, messages: Sequence[Message], part: Part, at: MonotonicTime) -> None:
        self._sends += [Send(output, message, part, at) for message in messages]
