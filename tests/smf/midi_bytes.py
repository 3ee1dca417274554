"""MIDI files byte by byte, as no library would write them."""

from __future__ import annotations

TICKS = 500  # per quarter note of 0.5 s: 1000 a second
END = b"\x00\xff\x2f\x00"


def number(value: int) -> bytes:
    """Of variable length."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def event(delta: int, *data: int) -> bytes:
    return number(delta) + bytes(data)


def note(pitch: int, wait: int = 0, lasting: int = 250, channel: int = 0, velocity: int = 64) -> bytes:
    return event(wait, 0x90 | channel, pitch, velocity) + event(lasting, 0x80 | channel, pitch, 0)


def meta(kind: int, content: bytes, wait: int = 0) -> bytes:
    return event(wait, 0xFF, kind) + number(len(content)) + content


def chunk(name: bytes, content: bytes, length: int | None = None) -> bytes:
    return name + (len(content) if length is None else length).to_bytes(4) + content


def header(tracks: int, kind: int = 1, division: int = TICKS) -> bytes:
    return chunk(b"MThd", b"".join(value.to_bytes(2) for value in (kind, tracks, division)))


def midi(*tracks: bytes, kind: int = 1, division: int = TICKS) -> bytes:
    return header(len(tracks), kind, division) + b"".join(chunk(b"MTrk", track) for track in tracks)


SCALE = b"".join(note(pitch) for pitch in (60, 62, 64, 65, 67, 65, 64, 60))
"""Eight notes of 0.25 s, one after the other."""
