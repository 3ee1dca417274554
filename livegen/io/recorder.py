"""Outputs that record to a MIDI or WAV file. The file is written when the output is closed."""

from __future__ import annotations

import os
import wave
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import BinaryIO

from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

from livegen.config.settings import DEFAULTS
from livegen.errors import ConfigError, PortError, StorageError
from livegen.files import drafted, try_out
from livegen.io.fluid import Fluid
from livegen.io.synth import loaded
from livegen.stage.effects import Send
from livegen.stage.events import Part, PortId
from livegen.stage.pedals import HOLDING

TEMPO = 120  # quarter notes per minute
TICKS_PER_BEAT = 960
LONGEST = 2**28 - 1  # ticks between two events of a file: 39 hours
TICKS_PER_SECOND = TICKS_PER_BEAT * TEMPO / 60

WAV_RATE = 44_100  # Hz
WAV_TAIL = 2.0  # s after the last message, for the sound to fade
WAV_BLOCK = 4_096  # frames written at once
WAV_MOST_FRAMES = (2**32 - 64) // 4  # a WAV file counts its bytes in 32 bits
WAV_LONGEST = WAV_MOST_FRAMES / WAV_RATE  # s: 6:45:47


def too_long(seconds: float) -> str:
    """The reason to refuse a recording that lasts longer than `WAV_LONGEST`."""
    gigabytes = seconds * WAV_RATE * 4 / 1e9
    return f"the sound would last {_clock(seconds)} ({gigabytes:.1f} GB), but a WAV file holds {_clock(WAV_LONGEST)}"


def _clock(seconds: float) -> str:
    """24347.3 is 6:45:47."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


def real(path: Path) -> Path:
    """The path with its links resolved as far as possible: Path.resolve raises if they form a circle."""
    return Path(os.path.realpath(path))


def unused(path: Path) -> Path:
    """The path, or if it exists, the first of jam-2.wav, jam-3.wav... that does not exist."""
    names = (path if i == 1 else path.with_stem(f"{path.stem}-{i}") for i in count(1))
    return next(name for name in names if not os.path.lexists(name))  # Path.exists raises if the folder cannot be read


def releases(messages: Iterable[Message]) -> list[Message]:
    """The messages that end `messages`: a note_off for each sounding note, and pedals up that hold notes."""
    sounding: Counter[tuple[int, int]] = Counter()
    pedals: dict[tuple[int, int], int] = {}
    for message in messages:
        if message.type == "control_change" and message.control in HOLDING:
            pedals[message.channel, message.control] = message.value
        elif message.type == "note_on" and message.velocity > 0:
            sounding[message.channel, message.note] += 1
        elif message.type in ("note_on", "note_off") and sounding[message.channel, message.note] > 0:
            sounding[message.channel, message.note] -= 1
    return [
        *(Message("note_off", channel=channel, note=note) for channel, note in sounding.elements()),
        *(Message("control_change", channel=c, control=n, value=0) for (c, n), value in pedals.items() if value),
    ]


class _Recorder(ABC):
    """Keeps all messages, and writes a file on `close`. Without messages it writes no file.

    Raises:
        ConfigError: the file cannot be written.
    """

    instrument = ""
    returns = False
    records = True

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.port = PortId(self.name)
        self._path = real(path)
        self._sends: list[Send] = []
        self._closed = False
        try:
            try_out(self._path)
        except OSError as error:
            raise ConfigError(f"{self.name} cannot be written: {error.strerror}. Name another file.") from error

    @property
    def empty(self) -> bool:
        """Whether nothing was sent. Then no file is written."""
        return not self._sends

    def send(self, send: Send) -> None:
        if self._closed:
            raise PortError(f"{self.name} is already written.")
        if hasattr(send.message, "channel") or send.message.type == "sysex":  # a file cannot contain clock messages
            self._sends.append(send)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self.empty:
            return
        try:
            with drafted(self._path) as draft, draft.open("wb") as file:
                self._write(file)
        except OSError as error:
            raise StorageError(f"{self.name} could not be written: {error.strerror}.") from error

    @abstractmethod
    def _write(self, file: BinaryIO) -> None:
        """Write everything that was sent."""

    def _played(self) -> list[Send]:
        """All messages by time. Notes that still sound are released at the end."""
        sends = list(_with_owners(sorted(self._sends, key=lambda send: send.at)))
        for part in Part:
            for message in releases(send.message for send in sends if send.part is part):
                sends.append(Send(sends[0].output, message, part, sends[-1].at))
        return sends


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

    def _write(self, file: BinaryIO) -> None:
        sends = self._played()
        midi = MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
        midi.tracks.append(MidiTrack([MetaMessage("set_tempo", tempo=bpm2tempo(TEMPO))]))
        for part in Part:
            midi.tracks.append(_track(part, sends))
        midi.save(file=file)


def _track(part: Part, sends: Sequence[Send]) -> MidiTrack:
    track = MidiTrack([MetaMessage("track_name", name=part.value)])
    now = 0  # ticks
    for send in sends:
        message = send.message
        if send.part is part:
            tick = round((send.at - sends[0].at) * TICKS_PER_SECOND)
            while tick - now > LONGEST:
                track.append(MetaMessage("text", time=LONGEST))
                now += LONGEST
            track.append(message.copy(time=tick - now))
            now = tick
    return track


class WavRecorder(_Recorder):
    """A WAV file, 16-bit stereo, rendered by FluidSynth. Messages are exact to 64 frames.

    Args:
        soundfont: a file, or "" for the first that is found.
        gain: 0..10.

    Raises:
        ConfigError: the file cannot be written.
        PortError: FluidSynth is missing, or there is no usable SoundFont.
    """

    def __init__(self, path: Path, *, soundfont: str = "", gain: float = DEFAULTS.gain) -> None:
        super().__init__(path)
        self._fluid, _ = loaded(soundfont, gain, WAV_RATE, {})

    @property
    def seconds(self) -> float:
        """The length of the recording. Only the first `WAV_LONGEST` seconds are written."""
        times = [send.at for send in self._sends]
        return max(times) - min(times) + WAV_TAIL if times else 0.0

    def close(self) -> None:
        if not self._closed:
            try:
                super().close()
            finally:
                self._fluid.close()

    def _write(self, file: BinaryIO) -> None:
        with wave.open(file, "wb") as wav:
            wav.setnchannels(2)
            wav.setsampwidth(2)
            wav.setframerate(WAV_RATE)
            for block in sound(self._fluid, self._played()):
                wav.writeframesraw(block)


def sound(fluid: Fluid, sends: Sequence[Send]) -> Iterator[bytes]:
    """Render messages, sorted by time: blocks of 16-bit stereo at WAV_RATE, until WAV_TAIL after the last."""
    done = 0
    for send in sends:
        frame = round((send.at - sends[0].at) * WAV_RATE)
        yield from _rendered(fluid, done, frame)
        done = frame
        fluid.play(send.message)
    yield from _rendered(fluid, done, done + round(WAV_TAIL * WAV_RATE))


def _rendered(fluid: Fluid, start: int, end: int) -> Iterator[bytes]:
    end = min(end, WAV_MOST_FRAMES)
    for first in range(start, end, WAV_BLOCK):
        yield fluid.render(min(WAV_BLOCK, end - first))
