"""Answers a call as the daemon does with --fast: the same session, loop and improviser, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence

from mido import Message

from livegen.config.settings import Settings
from livegen.engine.improviser import Improviser
from livegen.io.inbox import VirtualInbox
from livegen.io.output import opened
from livegen.io.publisher import Published, Publisher
from livegen.live.daemon import stage_settings
from livegen.live.loop import Loop, Outputs
from livegen.live.model import ModelAtOnce
from livegen.note import MonotonicTime, SoundedNote
from livegen.stage.effects import NoteEnded, Send
from livegen.stage.events import InputClosed, InputOpened, Part, PortId, Received
from livegen.stage.session import Session

CALL, RESPONSE = PortId("call"), PortId("response")


class _Heard:
    """A listener that keeps the notes of the response."""

    def __init__(self) -> None:
        self.notes: list[SoundedNote] = []

    def take(self, item: Published) -> None:
        if isinstance(item, NoteEnded) and item.part is Part.RESPONSE:
            self.notes.append(item.note)


class Unheard:
    """An output that plays to nobody: a session without one does not respond."""

    port, name, instrument = RESPONSE, "response", ""
    returns = records = False
    attached = True

    def send(self, send: Send) -> None:
        pass

    def close(self) -> None:
        pass


def answer(call: Sequence[SoundedNote], improviser: Improviser, settings: Settings, seed: int) -> list[SoundedNote]:
    """The response to a call, in order, on the clock of the call. A response in a rest of the call does not count."""
    heard = _Heard()
    publisher = Publisher(heard)
    inbox = VirtualInbox(events(call))
    session = Session(stage_settings(settings))
    output, model = Unheard(), ModelAtOnce(improviser, inbox.put, seed=seed)
    loop = Loop(session, inbox, Outputs((output,), publisher), model.ask, publisher)
    loop.open([InputOpened(CALL, live=False), opened(output)])
    loop.run()
    over = max(note.onset for note in call)
    return sorted((note for note in heard.notes if note.onset > over), key=lambda note: note.order)


def events(call: Sequence[SoundedNote]) -> list[Received | InputClosed]:
    """The messages of a call. At the same time, notes end before others begin."""
    strokes = [(note.onset, 1, Message("note_on", note=note.pitch, velocity=note.velocity)) for note in call]
    strokes += [(note.end, 0, Message("note_off", note=note.pitch)) for note in call]
    strokes.sort(key=lambda stroke: stroke[:2])
    received: list[Received | InputClosed] = [Received(message, at, CALL) for at, _, message in strokes]
    return [*received, InputClosed(CALL, MonotonicTime(strokes[-1][0]))]
