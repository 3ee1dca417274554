"""Outputs that record to a MIDI or WAV file.

A thread writes the file as the messages come. The file gets its name when the output is closed.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO

from mido import Message, bpm2tempo

from livegen.config.settings import DEFAULTS
from livegen.errors import ConfigError, LivegenError, PortError, StorageError
from livegen.files import drafted, remove_drafts, try_out
from livegen.io.backlog import Backlog, Sorter
from livegen.io.fluid import Fluid
from livegen.io.synth import loaded
from livegen.io.wav import RATE, WavWriter
from livegen.smf.writing import SET_TEMPO, Sounding, TrackWriter, save
from livegen.stage.effects import Send
from livegen.stage.events import Part, PortId

TEMPO = 120  # quarter notes per minute
TICKS_PER_BEAT = 960
TICKS_PER_SECOND = TICKS_PER_BEAT * TEMPO / 60
BEAT = bpm2tempo(TEMPO).to_bytes(3)  # of a quarter note, as a file has it

HORIZON = 5.0  # s; messages that come later than this after younger ones are not put in order
GATHER = 0.2  # s between two turns of the thread
MOST_WAITING = 1_000_000  # messages for a disk that does not answer, about 0.2 GB

WAV_TAIL = 2.0  # s after the last message, for the sound to fade
WAV_BLOCK = 4_096  # frames rendered at once
WAV_FADE = 3.0  # s from the end of the last voice to the end of its reverberation


def real(path: Path) -> Path:
    """The path with its links resolved as far as possible: Path.resolve raises if they form a circle."""
    return Path(os.path.realpath(path))


def unused(path: Path) -> Path:
    """The path, or if it exists, the first of jam-2.wav, jam-3.wav... that does not exist."""
    names = (path if i == 1 else path.with_stem(f"{path.stem}-{i}") for i in count(1))
    return next(name for name in names if not os.path.lexists(name))  # Path.exists raises if the folder cannot be read


class _Stopped(Exception):  # noqa: N818  (not an error: nobody waits for the file any more)
    """The file is not wanted any more."""


class _Recorder(ABC):
    """Writes all messages to a file in a thread. Without messages it writes no file.

    Args:
        path: of the file. An existing file is replaced at the end.
        live: the music must not wait: if the disk does not answer for hours, messages are lost.
        claim: called in the thread first, to set its priority.

    Raises:
        ConfigError: the file cannot be written.
    """

    instrument = ""
    returns = False
    records = True
    attached = True

    def __init__(self, path: Path, *, live: bool = False, claim: Callable[[], object] = lambda: None) -> None:
        self.name = str(path)
        self.port = PortId(self.name)
        self.empty = True
        """Whether nothing was sent. Then no file is written."""
        self._path = real(path)
        self._gather = GATHER if live else 0.0
        self._backlog: Backlog[Send] = Backlog(MOST_WAITING if live else None)
        self._claim = claim
        self._thread = threading.Thread(target=self._run, name="livegen-file-out", daemon=True)
        self._closed = False
        self._stopped = False
        self._error: Exception | None = None
        try:
            try_out(self._path)
            remove_drafts(self._path)
        except OSError as error:
            raise ConfigError(f"{self.name} cannot be written: {error.strerror}. Name another file.") from error

    def send(self, send: Send) -> None:
        if self._closed:
            raise PortError(f"{self.name} is already written.")
        if self._error is not None:
            raise self._error
        if hasattr(send.message, "channel") or send.message.type == "sysex":  # a file cannot contain clock messages
            self._backlog.put(send)
            if self.empty:
                self.empty = False
                self._thread.start()

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self.empty:
            return
        self._backlog.close()
        try:
            self._thread.join()
        finally:
            self._stopped = True  # the wait was interrupted
            self._thread.join()
        if self._error is not None:
            raise self._error
        if self._backlog.lost:
            raise StorageError(f"{self.name} lacks {self._backlog.lost} messages: the disk was too slow.")

    def _run(self) -> None:
        self._claim()
        try:
            sends = self._played()
            first = next(sends)
            with drafted(self._path) as draft, draft.open("wb") as file:
                self._write(file, chain([first], sends), draft.parent)
        except _Stopped:
            pass
        except OSError as error:
            self._error = StorageError(f"{self.name} could not be written: {error.strerror}.")
        except Exception as error:  # noqa: BLE001  (the next `send` or `close` raises it)
            self._error = error if isinstance(error, LivegenError) else RuntimeError(f"{self.name}: {error!r}")

    @abstractmethod
    def _write(self, file: BinaryIO, sends: Iterator[Send], folder: Path) -> None:
        """Write everything that is sent. Temporary files belong into the folder."""

    def _played(self) -> Iterator[Send]:
        """All messages by time, as they come. Notes that still sound are released at the end."""
        sounding = {part: Sounding() for part in Part}
        last: Send | None = None
        for last in _with_owners(self._in_order()):
            if self._stopped:
                raise _Stopped
            sounding[last.part].hear(last.message)
            yield last
        if last is not None:
            for part, unfinished in sounding.items():
                for message in unfinished.releases():
                    yield Send(last.output, message, part, last.at)

    def _in_order(self) -> Iterator[Send]:
        sorter: Sorter[Send] = Sorter(HORIZON)
        while (sends := self._backlog.take(gather=self._gather)) is not None:
            for send in sends:
                yield from sorter.add(send.at, send)
        yield from sorter.rest()


def _with_owners(sends: Iterable[Send]) -> Iterator[Send]:
    """Each note_off belongs to the part whose note it ends. On a shared channel the other part may have sent it."""
    owners: dict[tuple[int, int], Part] = {}
    for send in sends:
        message = send.message
        if message.type in ("note_on", "note_off"):
            key = message.channel, message.note
            before = owners.pop(key, send.part)
            if message.type == "note_off" or message.velocity == 0:
                yield send._replace(part=before)
                continue
            if before is not send.part:
                yield send._replace(message=Message("note_off", channel=key[0], note=key[1]), part=before)
            owners[key] = send.part
        yield send


class MidiRecorder(_Recorder):
    """A MIDI file with one track for the call and one for the response. Time begins with the first message."""

    def _write(self, file: BinaryIO, sends: Iterator[Send], folder: Path) -> None:
        tempo = TrackWriter("", folder)
        tempo.meta(SET_TEMPO, BEAT, 0)
        tracks = {part: TrackWriter(part.value, folder) for part in Part}
        with closing(tempo), closing(tracks[Part.CALL]), closing(tracks[Part.RESPONSE]):
            first = next(sends)
            for send in chain([first], sends):
                tracks[send.part].add(bytes(send.message.bytes()), round((send.at - first.at) * TICKS_PER_SECOND))
            save([tempo, *tracks.values()], TICKS_PER_BEAT, file)


class WavRecorder(_Recorder):
    """A WAV file, 16-bit stereo, rendered by FluidSynth. Messages are exact to 64 frames.

    Args:
        soundfont: a file, or "" for the first that is found.
        gain: 0..10.
        live, claim: as for every recorder.

    Raises:
        ConfigError: the file cannot be written.
        PortError: FluidSynth is missing, or there is no usable SoundFont.
    """

    def __init__(
        self,
        path: Path,
        *,
        soundfont: str = "",
        gain: float = DEFAULTS.gain,
        live: bool = False,
        claim: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(path, live=live, claim=claim)
        self._fluid, _ = loaded(soundfont, gain, RATE, {})

    def set_gain(self, gain: float) -> None:
        """Change the volume, 0..10, of what is rendered from now on."""
        if not self._closed:
            self._fluid.set_gain(gain)

    def close(self) -> None:
        if not self._closed:
            try:
                super().close()
            finally:
                self._fluid.close()

    def _write(self, file: BinaryIO, sends: Iterator[Send], folder: Path) -> None:  # noqa: ARG002  (of every recorder)
        wav = WavWriter(file)
        for block in sound(self._fluid, sends):
            if self._stopped:
                raise _Stopped
            if block is SILENCE:
                wav.silence(WAV_BLOCK)
            else:
                wav.write(block)
        wav.finish()


SILENCE = bytes(WAV_BLOCK * 4)
"""A whole block in which nothing sounds."""


def sound(fluid: Fluid, sends: Iterable[Send]) -> Iterator[bytes]:
    """Render messages, sorted by time: blocks of 16-bit stereo at `RATE`, until WAV_TAIL after the last.

    Nothing is rendered while nothing sounds: the block is `SILENCE` then.
    """
    done, start = 0, None
    for send in sends:
        start = send.at if start is None else start
        frame = max(done, round((send.at - start) * RATE))
        yield from _rendered(fluid, frame - done)
        done = frame
        fluid.play(send.message)
    yield from _rendered(fluid, round(WAV_TAIL * RATE))


def _rendered(fluid: Fluid, frames: int) -> Iterator[bytes]:
    silent = 0  # frames since the last voice ended
    while frames > 0:
        if silent >= WAV_FADE * RATE and frames >= WAV_BLOCK:
            yield SILENCE
            frames -= WAV_BLOCK
            continue
        size = min(WAV_BLOCK, frames)
        yield fluid.render(size)
        frames -= size
        silent = 0 if fluid.voices else silent + size
