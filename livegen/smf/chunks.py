"""The chunks of a Standard MIDI File: the header, and the positions of the tracks."""

from __future__ import annotations

from typing import NamedTuple

from livegen.errors import NO_MIDI_FILE

HEADER, TRACK = b"MThd", b"MTrk"
HEAD = 8  # size of the head of a chunk: its name and its length
PREFIX = 128  # bytes that may precede the header, such as MacBinary's
MOST_TRACKS = 0xFFFF
DROP_FRAME, NTSC = 29, 30_000 / 1001  # the value in a division, and its frames per second


class Layout(NamedTuple):
    """The header of a file, and its tracks."""

    format: int  # 0: one track, 1: simultaneous tracks, 2: independent patterns
    beat: int  # ticks per quarter note; 0 if time is counted in frames
    frame_tick: float  # s per tick if time is counted in frames, else 0
    tracks: tuple[tuple[int, int], ...]  # first byte, and the byte after the last
    cut: bool  # the file ends before its last track does
    announced: int  # number of tracks in the header


def layout(data: bytes) -> Layout:
    """Find the header and the tracks. Foreign chunks and bytes between chunks are skipped.

    Raises:
        ValueError: it is not a MIDI file, or its division is 0.
    """
    # An RMID file holds a MIDI file in a RIFF container.
    at = data.find(HEADER, 0, len(data) if data[:4] == b"RIFF" and data[8:12] == b"RMID" else PREFIX + len(HEADER))
    length = int.from_bytes(data[at + 4 : at + HEAD])
    if at < 0 or length < 6 or len(data) < at + HEAD + 6:
        raise ValueError(NO_MIDI_FILE)
    kind, announced, division = (int.from_bytes(data[i : i + 2]) for i in range(at + HEAD, at + HEAD + 6, 2))
    frames, ticks = 256 - (division >> 8), division & 0xFF
    in_frames = division >= 0x8000
    if division == 0 or (in_frames and ticks == 0):
        raise ValueError("its time division is 0, so that its notes have no times")
    tracks, cut = _tracks(data, at + HEAD + length)
    if not tracks:
        raise ValueError(NO_MIDI_FILE)
    return Layout(
        format=kind,
        beat=0 if in_frames else division,
        frame_tick=1 / ((NTSC if frames == DROP_FRAME else frames) * ticks) if in_frames else 0.0,
        tracks=tuple(tracks),
        cut=cut,
        announced=announced,
    )


def _tracks(data: bytes, at: int) -> tuple[list[tuple[int, int]], bool]:
    """The positions of the tracks, and whether the file ends before the last track does."""
    found: list[tuple[int, int]] = []
    cut = False
    if not _is_chunk(data, at):
        at = data.find(TRACK)  # the header's length is wrong
    while 0 <= at <= len(data) - HEAD and len(found) < MOST_TRACKS:
        name, start = data[at : at + 4], at + HEAD
        end = start + int.from_bytes(data[at + 4 : start])
        following = end
        cut = False
        if end != len(data) and not _is_chunk(data, end):  # the length is wrong, or other data follows
            following = data.find(TRACK, start)
            if name == TRACK:
                cut = following < 0 and end > len(data)
                end = following if following >= 0 else len(data)
        if name == TRACK:
            found.append((start, end))
        at = following
    return found, cut


def _is_chunk(data: bytes, at: int) -> bool:
    name = data[at : at + 4]
    return name == TRACK or (
        name.isascii()
        and name.decode("ascii").isprintable()
        and len(data) >= at + HEAD
        and at + HEAD + int.from_bytes(data[at + 4 : at + HEAD]) <= len(data)
    )
