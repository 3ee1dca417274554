"""The messages that the stage makes."""

from __future__ import annotations

from mido import Message


def note_on(channel: int, pitch: int, velocity: int) -> Message:
    return Message("note_on", channel=channel, note=pitch, velocity=velocity)


def note_off(channel: int, pitch: int) -> Message:
    return Message("note_off", channel=channel, note=pitch)


def control_change(channel: int, control: int, value: int = 0) -> Message:
    return Message("control_change", channel=channel, control=control, value=value)
