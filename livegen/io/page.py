"""The text of the log: at a terminal each phrase, note by note; in a file a line for each phrase; in a journal a line
for each recording. A warning, priority 4 of a journal, is what needs a person, and names its remedy.
"""

from __future__ import annotations

import shutil
from typing import TextIO

from livegen.io.ports import OWN_NAME
from livegen.io.publisher import (
    KeepRequested,
    Level,
    Line,
    PortFailed,
    PortGone,
    PortOpened,
    PortsMissing,
    Published,
    RecordingChanged,
    SettingsApplied,
    Started,
)
from livegen.io.tally import Tally
from livegen.note import MonotonicTime
from livegen.stage.effects import (
    CallEnded,
    KeyStuck,
    NoResponse,
    NoteStarted,
    Notice,
    PatienceChanged,
    PulseChanged,
    ResponseEnded,
    ResponseStarted,
    Send,
    Silenced,
    ThruChanged,
    TurnChanged,
    Unheard,
)
from livegen.stage.events import Part, Received
from livegen.stage.grid import Grid
from livegen.stage.pairing import DRUMS

CHORD = 0.030  # s; notes that begin within it are written as one chord
LABELS = {Part.CALL: "you      ", Part.RESPONSE: "livegen  "}
INDENT = " " * len(LABELS[Part.CALL])
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def note_name(pitch: int) -> str:
    """60 is C4."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


class Page:
    """Writes the log, and knows what the current line contains. Used by one thread.

    Args: as for `livegen.io.reporter.Reporter`.
    """

    def __init__(self, stream: TextIO, *, terminal: bool, verbose: int, journal: bool) -> None:
        self._stream = stream
        self._terminal = terminal
        self._verbose = verbose
        self._journal = journal
        self._writing: Part | None = None  # whose notes the current line shows
        self._column = 0
        self._chord = MonotonicTime(0.0)  # the time of the last chord
        self._response: ResponseStarted | None = None
        self._tally = Tally() if journal and not verbose else None

    def close(self) -> None:
        """Write what is left."""
        self.end_line()
        if self._tally is not None and (line := self._tally.line()):
            self._line(line)

    def write(self, item: Published) -> None:
        quiet = isinstance(item, PortGone) and item.quiet
        if not (quiet or self._counted(item)):
            self._write(item)

    def _counted(self, item: Published) -> bool:
        """Whether an item is counted instead of written."""
        if self._tally is None or not isinstance(item, RecordingChanged | CallEnded | ResponseEnded):
            return False
        if line := self._tally.take(item):
            self._line(line)
        return True

    def _write(self, item: Published) -> None:
        match item:
            case Line(text, level):
                self._line(text, level)
            case Send() | Received():
                self._line(str(item), Level.DEBUG)
            case PortOpened(direction, _, name, remark):
                self._line(f"{direction + ':':<5}{name}{f' ({remark})' if remark else ''}")
            case PortGone(_, name, direction, closed=True):
                self._line(f"{direction + ':':<5}{name} is closed")
            case PortGone(_, name):
                self._line(f"{name} is gone; it is used again when it is back")
            case PortFailed(_, name, why):
                text = f"Output {name} failed and is no longer used: {why} To use it again: livegen reload."
                self._line(text, Level.WARNING)
            case Started(seconds, listening, waiting_for):
                what = "Play a phrase, then pause." if listening else "Playing the input."
                if waiting_for:
                    what = f"Waiting for {' and '.join(waiting_for)}."
                self._line(f"Ready in {seconds:.2f} s. {what}{' Stop with Ctrl-C.' if self._terminal else ''}")
            case SettingsApplied() | RecordingChanged() | TurnChanged() | KeepRequested() | PortsMissing():
                pass
            case _:
                self._notice(item)

    def _notice(self, notice: Notice) -> None:
        match notice:
            case NoteStarted():
                self._note(notice)
            case CallEnded():
                if not self._terminal or self._verbose:
                    self._summary(f"heard {_heard(notice)}")
            case ResponseStarted():
                self._response = notice
            case ResponseEnded():
                self._summary(self._answered(notice))
            case ThruChanged(external=True):
                self._thru(notice)
            case PatienceChanged(factor) if self._verbose:
                self._summary(f"that was too early: more patient now, {factor:.1f} times as set (--patience)")
            case PulseChanged() if self._verbose:
                self._summary(_pulse_changed(notice))
            case Silenced() | Unheard() | KeyStuck() | NoResponse():
                self._summary(*_sentence(notice))

    def _thru(self, notice: ThruChanged) -> None:
        if notice.thru:
            self._line(f"{notice.output} also gets what you play; responses use channel {notice.channel + 1}")
        elif notice.own and notice.output != OWN_NAME:
            self._line(f"{notice.output} is your own instrument: your notes are not sent to it (--thru)")

    def _note(self, note: NoteStarted) -> None:
        name = note_name(note.pitch) + (f"({note.velocity})" if self._verbose else "")
        if note.part is not self._writing:
            self.end_line()
            self._writing = note.part
            text = LABELS[note.part] + name
        elif note.at - self._chord <= CHORD:
            text = "+" + name
        else:
            text = " " + name
        if not text.startswith("+"):
            self._chord = note.at
        if self._column + len(text) >= shutil.get_terminal_size().columns:
            text = f"\n{INDENT}{text.lstrip(' ')}"
            self._column = -1  # the line break does not take a column
        self._column += len(text)
        self._put(text)

    def _summary(self, text: str, level: Level = Level.INFO) -> None:
        self._line(INDENT + text if self._terminal else text, level)

    def _line(self, text: str, level: Level = Level.INFO) -> None:
        self.end_line()
        for line in text.splitlines():
            self._put(f"{f'<{level}>' if self._journal else ''}{line}\n")

    def _answered(self, end: ResponseEnded) -> str:
        start, self._response = self._response, None
        if start is None:
            return f"answered: {_count(end.played)}"
        of = f" of {start.notes}" if end.interrupted else ""
        seconds = end.at - start.at if end.interrupted else start.seconds
        text = (
            f"{end.played}{of} note{'s' if max(end.played, start.notes) != 1 else ''} in {seconds:.1f} s, "
            f"{'answered ' if self._terminal else ''}after {start.waited:.2f} s (computed in {start.computed:.2f} s)"
        )
        if start.grid is not None:
            text += f", {_pulse(start.grid)}"
        if end.interrupted:
            text += ", interrupted by you" if end.by_player else ", ended early"
        if end.dropped:
            text += f", {end.dropped} dropped as too late"
        if self._verbose:
            text += f", began {start.late * 1000:.1f} ms late"
        return text if self._terminal else f"answered: {text}"

    def end_line(self) -> None:
        if self._writing is not None:
            self._put("\n")
        self._writing = None
        self._column = 0

    def _put(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _pulse(grid: Grid) -> str:
    swing = "" if grid.swing is None else f", swing {_ratio(grid.swing)}"
    return f"pulse {grid.tempo:.0f} bpm, {grid.certainty:.2f}{swing}"


def _pulse_changed(pulse: PulseChanged) -> str:
    if pulse.tempo is None:
        return "no pulse"
    bar = f", {pulse.bar} beats in a bar" if pulse.bar else ""
    return f"pulse {pulse.tempo:.0f} bpm, {pulse.certainty:.2f}{bar}"


def _ratio(swing: float) -> str:
    """2:1, 3:2, or a number to 1."""
    return next((name for name, ratio in (("2:1", 2.0), ("3:2", 1.5)) if abs(swing - ratio) < 0.2), f"{swing:.1f}:1")


def _heard(call: CallEnded) -> str:
    if not call.notes:
        return "nothing"
    lowest, highest = (f([n.pitch for n in call.notes]) for f in (min, max))
    length = max(n.end for n in call.notes) - min(n.onset for n in call.notes)
    span = note_name(lowest) if lowest == highest else f"{note_name(lowest)} to {note_name(highest)}"
    return f"{_count(len(call.notes))} in {length:.1f} s, {span}"


def _count(notes: int) -> str:
    return f"{notes} note{'' if notes == 1 else 's'}"


def _sentence(notice: Silenced | Unheard | KeyStuck | NoResponse) -> tuple[str, Level]:
    match notice:
        case Silenced():
            return "silenced", Level.INFO
        case Unheard(channel):
            drums = ", the drums' channel," if channel == DRUMS else ""
            return f"channel {channel + 1}{drums} is not listened to (--channel)", Level.INFO
        case KeyStuck(port, _, pitch, seconds):
            what = f"{note_name(pitch)} on {port} has been down for {seconds:.0f} s"
            return f"{what}: it no longer delays the response (if it still sounds: livegen panic)", Level.INFO
        case NoResponse(why):
            return f"no response: {why} (if this happens again: livegen doctor)", Level.WARNING
