"""Records what is played, in a thread: always into the journal first, and a MIDI file for each session of playing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from livegen.config.settings import Settings
from livegen.errors import DataError
from livegen.io.backlog import Backlog
from livegen.io.publisher import KeepRequested, Published, Publisher, RecordingChanged, SettingsApplied
from livegen.record import folder
from livegen.record.entries import RECORDED, entry
from livegen.record.finish import recover
from livegen.record.journal import Entry
from livegen.record.take import Take
from livegen.stage.effects import Ignored
from livegen.stage.events import Received

GATHER = 0.4  # s between two writes: with the time of a write, what was heard more than 1 s ago is on the disk
RETRY = 10.0  # s between two attempts to write, after one has failed
LONGEST = 12 * 3600.0  # s of one recording; the next begins with the next note
MOST_WAITING = 100_000  # items for a disk that does not answer: an hour of dense playing, at most 40 MB
PATIENCE = 10.0  # s that the end waits for the disk
REMEDY = "Check the folder and its disk: livegen doctor."
UNHEARD = ("clock", "active_sensing")  # messages that come all the time, and say nothing
DEMO = "demo"  # the port of the demo pieces, which nobody plays


class SessionRecorder:
    """Records sessions of playing. A `Listener` of the publisher.

    A note of the player begins a recording. A silence of `--session-gap`, `--record off` or the end ends it.

    Args:
        place: the folder of recordings.
        settings: at the start.
        publisher: gets what there is to tell.
        claim: called in the thread first, to set its priority.
    """

    def __init__(
        self, place: Path, settings: Settings, publisher: Publisher, claim: Callable[[], object] = lambda: None
    ) -> None:
        self._place, self._settings, self._publisher, self._claim = place, settings, publisher, claim
        self._backlog: Backlog[Published] = Backlog(MOST_WAITING)
        self._lost = 0  # items of the backlog that are already told to be lost
        self._take: Take | None = None
        self._last: folder.Recording | None = None
        self._told: str | None = None  # the setting `record` that the log has
        self._ignored: Received | None = None
        self._ports: dict[tuple[str, str], Entry] = {}
        self._standing: dict[tuple[str, bytes], Entry] = {}  # the last value of each controller
        self._retry_at: float | None = None  # while the disk cannot be written
        self._failing = False  # the user has been told so
        self._thread = threading.Thread(target=self._run, name="livegen-record", daemon=True)

    def __enter__(self) -> Self:
        self._publisher.subscribe(self)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the recording."""
        self._publisher.unsubscribe(self)
        self._backlog.close()
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            lost = f"the end of the recording in {self._place} may be lost"
            self._publisher.warn(f"The disk does not answer: {lost}. Check the disk.")

    def take(self, item: Published) -> None:
        if isinstance(item, RECORDED) and not (isinstance(item, Received) and item.message.type in UNHEARD):
            self._backlog.put(item)  # also while recording is off: a change of that is among the items

    # All that follows is done by the thread.

    def _run(self) -> None:
        self._claim()
        for number, items in enumerate(self._batches()):
            if number == 0:  # not before: livegen was starting, which must be quick
                self._recover()
            for item in items:
                self._handle(item)
                time.sleep(0)  # whoever plays need not wait for the interpreter's lock
            self._count_lost()
            if self._take is not None and time.monotonic() - self._take.last_note >= self._settings.session_gap:
                self._end()
            else:
                self._try(Take.write)
        self._retry_at = None
        self._end()
        if self._take is not None:
            lost = f"{self._take.waiting} messages are lost." if self._take.waiting else "The next start finishes it."
            self._publisher.warn(f"The recording {self._take.id} could not be finished. {lost} {REMEDY}")
            self._take.close()

    def _batches(self) -> Iterator[list[Published]]:
        while (items := self._backlog.take(self._timeout(), self._gather)) is not None:
            yield items

    @property
    def _gather(self) -> float:
        """The log has the folder at once, before the first note."""
        return 0.0 if self._told is None and self._take is None else GATHER

    def _timeout(self) -> float | None:
        """How long nothing has to be done if nothing is published, in seconds."""
        if self._take is None:
            return None
        ends = self._take.last_note + self._settings.session_gap
        return max(0.0, (ends if self._retry_at is None else self._retry_at) - time.monotonic())

    def _recover(self) -> None:
        try:
            for found in recover(self._place):
                self._publisher.say(f"Recovered {found.file.name}, which a crash had left unfinished.")
        except (OSError, DataError) as error:
            self._publisher.warn(f"{self._place}: a recording could not be recovered ({_reason(error)}). {REMEDY}")
        self._prune()

    def _prune(self) -> None:
        try:
            gone = folder.prune(self._place, self._settings.recordings_max, self._settings.recordings_age)
        except DataError as error:
            self._publisher.debug(str(error))
        else:
            if gone:
                self._publisher.debug(f"Deleted {len(gone)} old recordings (--recordings-max, --recordings-age).")

    def _handle(self, item: Published) -> None:
        match item:
            case Ignored(received):
                self._ignored = received
                return
            case SettingsApplied(settings):
                self._apply(settings)
            case KeepRequested():
                self._keep()
        made = entry(item, time.monotonic())
        if made is None:
            return
        if made["kind"] == "port":
            self._ports[made["direction"], made["port"]] = made
        if isinstance(item, Received):
            self._hear(item, made)
        elif self._take is not None:
            self._take.add(made)

    def _hear(self, item: Received, made: Entry) -> None:
        message = item.message
        if self._settings.record == "off" or item.port == DEMO:
            return
        if item is self._ignored:
            made["ignored"] = True
        elif message.type == "note_on" and message.velocity > 0:
            if self._take is not None and item.at - self._take.start > LONGEST:
                self._end()
            self._take = self._take or self._begun(item.at)
            self._take.last_note = item.at
        elif message.type in ("control_change", "program_change", "pitchwheel"):
            self._standing[item.port, bytes(message.bytes())[: 2 if message.type == "control_change" else 1]] = made
        if self._take is not None:
            self._take.add(made)

    def _begun(self, at: float) -> Take:
        """A new recording, with what is in force."""
        take = Take(self._place, at)
        for each in (entry(SettingsApplied(self._settings), at), *self._ports.values(), *self._standing.values()):
            assert each is not None
            take.add(each | {"at": at})
        self._show("recording", take.id)
        return take

    def _apply(self, settings: Settings) -> None:
        self._settings = settings
        if settings.record == self._told:
            return
        self._told = settings.record
        self._standing.clear()
        self._end()
        off = settings.record == "off"
        self._publisher.say("Recording is off (--record)." if off else f"recordings: {self._place}")
        self._show("off" if off else "ready")

    def _keep(self) -> None:
        if self._settings.record == "off":
            self._publisher.say("Nothing is kept: recording is off (--record).")
        elif self._take is not None:
            self._publisher.say(f"The recording {self._take.id} will be kept.")
        elif self._last is None:
            self._publisher.say("Nothing is kept: nothing has been played yet.")
        else:
            try:
                self._last = folder.keep(self._last)
                self._publisher.say(f"The recording {self._last.id} is kept.")
            except OSError as error:
                self._publisher.warn(f"The recording {self._last.id} could not be kept ({_reason(error)}). {REMEDY}")

    def _count_lost(self) -> None:
        lost = self._backlog.lost - self._lost
        if lost:
            self._lost += lost
            self._publisher.warn(f"The disk is too slow: {lost} messages of the recording are lost. Use another disk.")
            if self._take is not None:
                self._take.add({"kind": "lost", "at": time.monotonic(), "messages": lost})

    def _end(self) -> None:
        """Finish the recording. If the disk cannot be written, it stays and is tried again."""
        if self._take is None:
            return
        take, written = self._take, self._try(lambda take: take.end() or True)
        if written:
            self._take = None
            if isinstance(written, Path):
                self._last = folder.Recording(take.id, written)
                self._publisher.debug(f"Recorded {written.name}.")
            self._show("off" if self._settings.record == "off" else "ready")
            self._prune()

    def _try(self, write: Callable[[Take], Path | bool | None]) -> Path | bool | None:
        """Write, unless that has just failed. The first failure in a row is told, and the next success."""
        take, now = self._take, time.monotonic()
        if take is None or (self._retry_at is not None and now < self._retry_at):
            return None
        try:
            written = write(take)
        except OSError as error:
            if not self._failing:
                self._publisher.warn(
                    f"{self._place} cannot be written ({_reason(error)}). "
                    f"The recording is kept in memory, and written when that is possible again. {REMEDY}"
                )
                self._show("failing", take.id, _reason(error))
            self._failing, self._retry_at = True, now + RETRY
            return None
        if self._failing:
            self._failing, self._retry_at = False, None
            lost, take.lost = take.lost, 0
            self._publisher.say(f"{self._place} can be written again; {lost or 'no'} messages were lost.")
            self._show("recording", take.id)
        return written

    def _show(self, state: str, id_: str = "", why: str = "") -> None:
        self._publisher.publish(RecordingChanged(state, id_, why))


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
