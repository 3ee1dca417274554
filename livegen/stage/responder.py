"""Plays a response, from its first note to its last, or until a key of the player ends it."""

from __future__ import annotations

from livegen.note import MonotonicTime, NoteWindow
from livegen.stage.control import PEDALS
from livegen.stage.conversation import Ready
from livegen.stage.effects import Effects, NoteEnded, NoteStarted, PedalMoved, ResponseEnded, ResponseStarted
from livegen.stage.events import Part
from livegen.stage.mixer import Mixer
from livegen.stage.scheduler import Scheduler, Stroke


class Responder:
    """Plays one response at a time.

    Args:
        mixer: gets the notes.
        window: gets the notes that the model reads next.
        effects: collects the notices.
    """

    def __init__(self, mixer: Mixer, window: NoteWindow, effects: Effects) -> None:
        self._mixer, self._window, self._effects = mixer, window, effects
        self._scheduler = Scheduler()
        self._last_stroke = MonotonicTime(float("-inf"))
        self._played: list[tuple[Stroke, float]] = []  # with how late they were, s; `record` comes next
        self.responses = 0
        """Number of responses that have begun."""

    @property
    def playing(self) -> bool:
        return self._scheduler.playing

    @property
    def next_due(self) -> MonotonicTime | None:
        return self._scheduler.next_due

    def begin(self, ready: Ready, patience: float = 1.0) -> None:
        """Start a response of at least one note. `patience`: that livegen had, as a factor of the setting."""
        notes = ready.predicted.notes
        self._effects.publish(
            ResponseStarted(
                notes=len(notes),
                seconds=max(note.offset + note.duration for note in notes),
                waited=ready.due - ready.silence.last_up,
                computed=ready.predicted.seconds,
                late=ready.due - ready.plan.start,
                at=ready.due,
                grid=ready.plan.grid,
                patience=patience,
            )
        )
        self.responses += 1
        self._mixer.begin()
        self._scheduler.play(ready.strokes)

    def play(self, now: MonotonicTime) -> MonotonicTime:
        """Perform everything that is due. Returns the time of the last stroke.

        `record` must follow when the messages are sent: music does not wait for notices.
        """
        last = now
        for stroke in self._scheduler.due(now):
            last = self._last_stroke = stroke.at
            if stroke.note is None:
                self._mixer.move_pedal(stroke.at, down=stroke.down)
            elif stroke.down:
                self._mixer.start(stroke.note.pitch, stroke.note.velocity, stroke.at)
            else:
                self._mixer.stop(stroke.note.pitch, stroke.at)
            self._played.append((stroke, now - stroke.at))
        return last

    def record(self, *, remember: bool) -> None:
        """Publish what was played, and add it to the window if `remember`."""
        for stroke, late in self._played:
            note = stroke.note
            if note is None:
                self._effects.publish(PedalMoved(Part.RESPONSE, PEDALS["sustain"], stroke.down, stroke.at))
            elif stroke.down:
                self._effects.publish(NoteStarted(Part.RESPONSE, note.pitch, note.velocity, stroke.at, late=late))
                if remember:
                    self._window.begin(note)
            else:
                self._window.end(note, stroke.at)
                self._effects.publish(NoteEnded(Part.RESPONSE, note.ended(stroke.at)))
        self._played.clear()

    def end(self, at: MonotonicTime, *, interrupted: bool, by_player: bool = False) -> None:
        """End the response, after its last note or because it is interrupted."""
        at = max(at, self._last_stroke)  # the time of the interrupting key may be before that of the last stroke
        for note in self._scheduler.cancel():
            self._window.end(note, at)
            self._effects.publish(NoteEnded(Part.RESPONSE, note.ended(at)))
        if interrupted:
            self._mixer.silence(at)
        else:
            self._mixer.move_pedal(at, down=False)
        self._effects.publish(
            ResponseEnded(self._scheduler.played, self._scheduler.dropped, interrupted, at, by_player)
        )
