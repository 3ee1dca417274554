"""Looks at the MIDI systems, and sends messages through one. For a separate process: a server that hangs is no harm."""

from __future__ import annotations

import os
import sys
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from livegen.doctor.facts import Access, Loop, Midi, Ports
from livegen.doctor.probes import people
from livegen.errors import PortError
from livegen.io import midi_system, patchbay
from livegen.io.links import IN, OUT, Link
from livegen.io.midi_system import Listing, MidiSystem
from livegen.note import MonotonicTime
from livegen.stage.effects import Send
from livegen.stage.events import Part, PortId

if TYPE_CHECKING:
    from mido import Message

MESSAGES = 20
PAUSE = 0.005  # s between two messages
ARRIVE = 0.3  # s for a message to come back
FIRST = 5.0  # s for the first one, until the connection is there
NAME = "doctor"


def look(backend: str) -> Midi:
    """The MIDI systems, their ports, and a loop through the first.

    Args:
        backend: the setting.
    """
    failure = ""
    try:
        found = midi_system.listings(backend)
    except PortError as error:
        failure, found = str(error), midi_system.listings()
    loop = None if failure or not found else _loop(found[0].system)
    linux = sys.platform == "linux"
    servers = tuple(people.programs()) if linux else ()
    return Midi(linux, _sequencer(), tuple(map(_ports, found)), failure, servers, loop)


def _ports(found: Listing) -> Ports:
    jack = found.system.api == midi_system.JACK
    return Ports(found.system.name, tuple(found.inputs), tuple(found.outputs), jack)


def _sequencer() -> Access:
    if not midi_system.SEQUENCER.exists():
        return Access.MISSING
    return Access.GRANTED if os.access(midi_system.SEQUENCER, os.R_OK | os.W_OK) else Access.REFUSED


def _loop(system: MidiSystem) -> Loop | None:
    """Send messages from a port of ours to another. None if the system cannot connect two of our ports."""
    heard: SimpleQueue[tuple[Message, float]] = SimpleQueue()
    ear = Link(IN, hear=lambda _, message: heard.put((message, time.monotonic())))
    voice = Link(OUT)
    ear.port = PortId(NAME)
    try:
        board = patchbay.find(system, NAME)
        try:
            board.open(ear)
            board.open(voice)
            if not ear.address:
                return None
            board.connect(voice, ear.address)
            return _measured(voice, heard)
        finally:
            ear.close()
            voice.close()
            board.close()
    except PortError as error:
        return Loop(failure=str(error))


def _measured(voice: Link, heard: SimpleQueue[tuple[Message, float]]) -> Loop:
    from mido import Message

    sent: list[float] = []
    came: dict[int, float] = {}
    for number in range(MESSAGES):
        sent.append(time.monotonic())
        voice.send(Send(voice.port, Message("pitchwheel", pitch=number), Part.CALL, MonotonicTime(sent[-1])))
        try:
            message, at = heard.get(timeout=ARRIVE if number else FIRST)
        except Empty:
            continue
        came[message.pitch] = at
        time.sleep(PAUSE)
    return Loop(len(sent), tuple(1000 * (at - sent[number]) for number, at in sorted(came.items())))
