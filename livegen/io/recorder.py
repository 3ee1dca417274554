"""Outputs that are files: what was played, as MIDI or as sound, written when they are closed."""

from __future__ import annotations

import os
import wave
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import BinaryIO

from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

from livegen.errors import ConfigError, PortError
from livegen.files import drafted, try_out
from livegen.io.fluid import Fluid
from livegen.io.output import releases
from livegen.io.synth import loaded
from livegen.stage.events import Part, Send

TEMPO = 120  # quarter notes in a minute
TICKS_PER_BEAT = 960
LONGEST = 2**28 - 1  # ticks from one event of a file to the next: 39 hours
TICKS_PER_SECOND = TICKS_PER_BEAT * TEMPO / 60

WAV_RATE = 44_100  # Hz
WAV_TAIL = 2.0  # s after the last message, for strings and room to fade
WAV_BLOCK = 4_096  # frames written at once
WAV_MOST_FRAMES = (2**32 - 64) // 4  # a WAV file counts its bytes in 32 bits
WAV_LONGEST = WAV_MOST_FRAMES / WAV_RATE  # s: 6:45:47


def too_long(seconds: float) -> str:
    """Of what lasts longer than `WAV_LONGEST`."""
    gigabytes = seconds * WAV_RATE * 4 / 1e9
    return f"it would sound for {_clock(seconds)} and take {gigabytes:.1f} GB; a WAV file holds {_clock(WAV_LONGEST)}"


def _clock(seconds: float) -> str:
    """24347.3 is 6:45:47."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{second:02}"


def real(path: Path) -> Path:
    """The path without links, as far as they lead anywhere: Path.resolve raises where they go in circles."""
    return Path(os.path.realpath(path))


def unused(path: Path) -> Path:
    """The path, or where there is something already the first that is free of jam-2.wav, jam-3.wav..."""
    names = (path if i == 1 else path.with_stem(f"{path.stem}-{i}") for i in count(1))
    return next(name for name in names if not os.path.lexists(name))  # Path.exists raises in a sealed folder


class _Recorder(ABC):
    """Remembers what is sent, and writes it once; where nothing was, nothing. The name is that of the file.

    Raises:
        ConfigError: no file can be written there.
    """

    shares_synth = True
    real = False
    keeps_call = True

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = real(path)
        self._sends: list[Send] = []
        self._closed = False
        try:
            try_out(self._path)
        except OSError as error:
            raise ConfigError(f"{self.name} cannot be written: {error.strerror}. Name another file.") from error

    @property
    def empty(self) -> bool:
        """Nothing was sent, and nothing will be written."""
        return not self._sends

    def send(self, send: Send) -> None:
        if self._closed:
            raise PortError(f"{self.name} is already written.")
        if hasattr(send.message, "channel") or send.message.type == "sysex":  # what a file may hold: no clock
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
            raise PortError(f"{self.name} could not be written: {error.strerror}.") from error

    @abstractmethod
    def _write(self, file: BinaryIO) -> None:
        """Write all that was sent."""

    def _played(self) -> list[Send]:
        """All messages by time; at the end, what still sounds is ended."""
        sends = list(_by_striker(sorted(self._sends, key=lambda send: send.at)))
        for part in Part:
            for message in releases(send.message for send in sends if send.part is part):
                sends.append(Send(sends[0].output, message, part, sends[-1].at))
        return sends


def _by_striker(sends: Iterable[Send]) -> Iterator[Send]:
    """Each key let go by the part that struck it last. Where call and response share a channel it may be the other."""
    strikers: dict[tuple[int, int], Part] = {}
    for send in sends:
        message = send.message
        if message.type in ("note_on", "note_off"):
            key = message.channel, message.note
            before = strikers.pop(key, send.part)
            if message.type == "note_off" or message.velocity == 0:
                yield replace(send, part=before)
                continue
            if before is not send.part:
                yield replace(send, message=Message("note_off", channel=key[0], note=key[1]), part=before)
            strikers[key] = send.part
        yield send


class MidiRecorder(_Recorder):
    """A MIDI file with the call and the response on a track each; time begins at the first message."""

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
    """A WAV file, 16 bit stereo, rendered by FluidSynth: each message is exact to its 64 frames.

    Args:
        soundfont: a file, or "" for the first that is found.
        gain: 0..10.

    Raises:
        ConfigError: no file can be written there.
        PortError: no FluidSynth or no usable soundfont.
    """

    def __init__(self, path: Path, *, soundfont: str = "", gain: float = 0.6) -> None:
        super().__init__(path)
        self._fluid, _ = loaded(soundfont, gain, WAV_RATE, {})

    @property
    def seconds(self) -> float:
        """How long it will sound, beyond `WAV_LONGEST` too, which is all that is written."""
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
    """What messages, by time, sound like: blocks of 16 bit stereo at WAV_RATE, until WAV_TAIL after the last."""
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
