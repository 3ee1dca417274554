"""What livegen reads as bytes. Each function reads them as livegen does; any other exception is a bug."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zlib import crc32

import numpy as np
from mido import Message

from livegen.config import load
from livegen.config.commented import commented
from livegen.config.settings import SPECS, Settings
from livegen.control import protocol
from livegen.engine import card
from livegen.engine.choose import Chosen, warm_up
from livegen.engine.litert import LiteRt
from livegen.errors import LivegenError, PortError
from livegen.io import synth
from livegen.io.file_player import messages
from livegen.io.inbox import VirtualInbox
from livegen.io.publisher import Publisher
from livegen.live.daemon import stage_settings
from livegen.live.desk import Desk
from livegen.live.model import Model
from livegen.record.finish import rebuilt
from livegen.record.journal import HEAD, MAGIC
from livegen.smf.events import LONGEST, parse
from livegen.smf.notes import notes
from livegen.stage.events import Command
from tools.fuzz.stage import play

_folder = tempfile.TemporaryDirectory(prefix="livegen-fuzz-")
FOLDER = Path(_folder.name)
"""For the files of this process."""
EDIT = 5  # bytes: a place, and a value


class BugError(AssertionError):
    """What must hold does not."""


def hold(condition: object, what: str) -> None:
    if not condition:
        raise BugError(what)


def midi(data: bytes) -> None:
    """A MIDI file, as all commands read it."""
    try:
        events = parse(data)
    except ValueError as error:
        hold(str(error).startswith(("it ", "its ", "not ")), f"no sentence: {error}")
        return
    hold(len(events.seconds) <= len(data), "more events than bytes")
    hold(np.all(np.diff(events.seconds) >= 0), "not in order")
    hold(events.seconds.max(initial=0.0) <= events.end <= LONGEST, "too long")
    hold(events.data1.max(initial=0) <= 127, "not a data byte")
    found = notes(events, drums=True)
    hold(np.all(found.duration > 0), "a note without length")
    hold(all(a.time <= b.time for a, b in pairwise(messages(events))), "messages not in order")


def live(data: bytes) -> None:
    """What arrives at the ports, as the session gets it (`tools.fuzz.stage`)."""
    play(data, hold)


def toml(data: bytes) -> None:
    """A file of settings. What is read can be written, and is the same then."""
    path = FOLDER / "livegen.toml"
    path.write_bytes(data)
    try:
        settings = load.load({}, {}, path).settings
    except LivegenError as error:
        _is_sentence(error)
        return
    stage_settings(settings)
    active = {spec.field: value for spec in SPECS if (value := getattr(settings, spec.field)) != spec.default}
    path.write_text(commented(active), encoding="utf-8")
    hold(load.load({}, {}, path).settings == settings, "written settings are read as others")


def journal(data: bytes) -> None:
    """A journal that a crash left: lines that become whole records; after a byte 0 what follows them."""
    path = FOLDER / "a.journal"
    lines, _, rest = data.partition(b"\0")
    records = [HEAD.pack(len(line), crc32(line)) + line for line in lines.split(b"\n") if line]
    path.write_bytes(MAGIC + b"".join(records) + rest)
    recording = rebuilt(path, FOLDER)
    written = BytesIO()
    try:
        recording.save(written)
    finally:
        recording.close()
    parse(written.getvalue())


def socket(data: bytes) -> None:
    """What a client writes to the control socket."""
    desk = Desk(Settings(), Publisher(), None, lambda _: _chosen(), stage_settings)
    lines = protocol.Lines()
    with desk.using(VirtualInbox(()), cast("Model", SimpleNamespace(seed=None, replace=_nothing)), _chosen()):
        for start in range(0, len(data), protocol.LONGEST):
            lines.add(data[start : start + protocol.LONGEST])
            try:
                while (line := lines.take()) is not None:
                    _request(desk, line)
            except protocol.TooLongError:
                return


def _request(desk: Desk, line: bytes) -> None:
    try:
        request = protocol.parse(line)
    except protocol.ProtocolError as error:
        _is_sentence(error)
        protocol.refused(protocol.identity(line), str(error), protocol.USAGE)
        return
    if request.command in ("hello", "subscribe", "stop"):
        return

    def answered(outcome: Mapping[str, Any] | Exception) -> None:
        if isinstance(outcome, LivegenError):
            _is_sentence(outcome)
            protocol.refused(request.id, str(outcome), outcome.exit_code)
        elif isinstance(outcome, Exception):
            raise outcome
        else:
            protocol.answered(request.id, outcome)

    # A change of ports or of the model needs threads; `checked` says whether the value is valid.
    values = request.arguments.get("values", {})
    if not {"in", "out", "virtual", "backend", "soundfont", "model", "device"} & set(values):
        desk.obey(Command(request.command, request.arguments, answered))


def model(data: bytes) -> None:
    """The card of a model."""
    (FOLDER / card.CARD).write_bytes(data)
    try:
        card.read(FOLDER).read_file(card.CARD)
    except LivegenError as error:
        _is_sentence(error)


def weights(data: bytes) -> None:
    """The LiteRT file of a model: the shipped one, changed at places that `data` names."""
    try:
        warm_up(LiteRt(_edited(_shipped(), data), card.find("livegen").memory), 2)
    except (LivegenError, ValueError, RuntimeError):  # `choose` and the predictor turn these into a sentence
        return


def soundfont(data: bytes) -> None:
    """A SoundFont, as FluidSynth reads and plays it."""
    path = FOLDER / "a.sf2"
    path.write_bytes(data)
    try:
        player, _ = synth.loaded(str(path), 0.4, synth.SAMPLE_RATE, {})
    except PortError as error:
        _is_sentence(error)
        return
    for key in range(24, 108, 12):
        player.play(Message("note_on", note=key))
    player.render(synth.SAMPLE_RATE // 50)
    player.close()


PATHS: Mapping[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (midi, live, toml, journal, socket, model, weights, soundfont)
}


def _is_sentence(error: Exception) -> None:
    text = str(error)
    hold(text and text[-1] in ".?)" and len(text) < 2000 and "Traceback" not in text, f"no sentence: {text[:200]!r}")


def _nothing(*_: object) -> None:
    """Do nothing."""


def _chosen() -> Chosen:
    return Chosen(cast("Any", SimpleNamespace(name="none")), 0.1, "none")


def _shipped() -> bytes:
    return card.find("livegen").read_file("model.tflite")


def _edited(content: bytes, data: bytes) -> bytes:
    """`content` with other bytes: each EDIT bytes of `data` are a place and a value."""
    changed = bytearray(content)
    for start in range(0, len(data) - EDIT + 1, EDIT):
        place = int.from_bytes(data[start : start + 4]) % len(changed)
        changed[place] = data[start + 4]
    return bytes(changed)
