"""Bytes as what happens on the stage: messages, time that passes, ports that come and go, settings that change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from mido import Message

from livegen.note import MonotonicTime
from livegen.stage.events import InputClosed, InputOpened, OutputClosed, OutputOpened, Panic, Received
from tools.evening import KEYS, SYNTH, Evening, turned
from tools.pretended import Pretended

MOST = 300  # steps
REPEATED = 40  # messages of a flood
CONTROLS = ({"bind": ("key:A0 panic", "cc:20 temperature 0.5..1.5")}, {"panic": "cc:20"}, {"hand_over": "key:108"})

Hold = Callable[[object, str], None]


def play(data: bytes, hold: Hold) -> None:
    """Have it happen. At the end nothing may sound."""
    evening = Evening(Pretended(), seed=1)
    at = 0.0
    for step, (kind, values) in enumerate(_steps(data)):
        if step == MOST:
            break
        at += (values[0] / 64) ** 4 * (kind % 3)  # s, to 31: the least values are likely
        _do(evening, kind, values, at)
    at += 100.0
    evening.do(Panic(MonotonicTime(at)), at)
    hold(not evening.sounding, f"after panic these sound: {evening.sounding}")
    evening.close(at + 60)
    hold(not evening.sounding, f"at the end these sound: {evening.sounding}")


def _steps(data: bytes) -> Iterator[tuple[int, bytes]]:
    """A kind and four bytes."""
    for start in range(0, len(data) - 4, 5):
        yield data[start], data[start + 1 : start + 5]


def _do(evening: Evening, kind: int, values: bytes, at: float) -> None:
    match kind // 16:
        case 0 | 1 | 2 | 3 | 4:
            _change_ports(evening, kind // 16, at, odd=bool(values[1] & 1))
        case 5:
            which = values[1] % (2 * len(CONTROLS))
            evening.change(at, CONTROLS[which] if which < len(CONTROLS) else turned(Random(values[2])))
        case 6:
            _hear(evening, bytes([0xF0, *(value & 0x7F for value in values), 0xF7]), at)
        case 7:
            _hear(evening, values[1:], at)  # whatever it is
        case 8:
            for count in range(REPEATED):
                _hear(evening, bytes([values[1] | 0x80, (values[2] + count) & 0x7F, values[3] & 0x7F]), at)
        case _:
            _hear(evening, bytes([0x80 | values[1] & 0x3F, values[2] & 0x7F, values[3] & 0x7F]), at)


def _change_ports(evening: Evening, which: int, at: float, *, odd: bool) -> None:
    now = MonotonicTime(at)
    events = (
        Panic(now),
        InputClosed(KEYS, now),
        InputOpened(KEYS, live=odd, instrument="piano"),
        OutputClosed(SYNTH, now),
        OutputOpened(SYNTH, returns=odd),
    )
    evening.do(events[which], at)
    if isinstance(events[which], OutputClosed):
        evening.sounding.clear()  # it was switched off


def _hear(evening: Evening, data: bytes, at: float) -> None:
    try:
        message = Message.from_bytes(data)
    except ValueError:  # mido's ports drop it
        return
    evening.do(Received(message, MonotonicTime(at), KEYS), at)
