"""A program: the pure core plays a conversation with nothing but the standard library and mido.

Arguments: a folder with the core and mido, and the settings of the stage as JSON. Prints the pitches that it heard and
answered. It is started with `python -I -S`, so that no installed package is found.
"""

from __future__ import annotations

import builtins
import importlib
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

FORBIDDEN = {"numpy", "threading", "time", "os", "pathlib", "io", "queue", "random", "asyncio", "socket", "subprocess"}

folder = Path(sys.argv[1])
sys.path.append(str(folder))
modules = [
    ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((folder / "livegen").rglob("*.py"))
]

import mido  # noqa: E402, F401  (what it imports is its own affair)

really_import = builtins.__import__


def guarded(name: str, variables: Any = None, *others: Any, **more: Any) -> Any:
    importer = (variables or {}).get("__name__", "")
    if importer.startswith("livegen") and name.split(".", maxsplit=1)[0] in FORBIDDEN:
        raise ImportError(f"{importer} imports {name}")
    return really_import(name, variables, *others, **more)


def refused(*_: object, **__: object) -> Any:
    raise RuntimeError("the pure core uses a file, a clock or a thread")


builtins.__import__ = guarded
for module in modules:
    importlib.import_module(module)

from mido import Message  # noqa: E402

from livegen import encoding  # noqa: E402
from livegen.stage.effects import Ask, MakePlan, NoteStarted, Send  # noqa: E402
from livegen.stage.events import InputOpened, OutputOpened, Part, Predicted, Received, ResponseNote  # noqa: E402
from livegen.stage.response import Sampled, compose  # noqa: E402
from livegen.stage.session import Session  # noqa: E402
from livegen.stage.settings import Sampling, StageSettings  # noqa: E402

builtins.open = refused
threading.Thread.start = refused  # type: ignore[method-assign]
for clock in ("time", "monotonic", "perf_counter", "sleep"):
    setattr(time, clock, refused)

given = json.loads(sys.argv[2])
session = Session(StageSettings(**{**given, "sampling": Sampling(**given["sampling"])}))
heard: list[int] = []
answered: list[int] = []
tokens: list[encoding.Token] = []


def step(event: Any, now: float) -> None:
    for effect in session.step(event, now):  # type: ignore[arg-type]
        if isinstance(effect, NoteStarted) and effect.part is Part.CALL:
            heard.append(effect.pitch)
        if isinstance(effect, Send) and effect.part is Part.RESPONSE and effect.message.type == "note_on":
            answered.append(effect.message.note)
        if isinstance(effect, MakePlan):
            step(effect.answer(), now)
        if isinstance(effect, Ask):
            tokens.extend(encoding.context(effect.context))
            notes = compose((Sampled(note, 0.0) for note in effect.context), effect.length, effect.longest)
            assert all(isinstance(note, ResponseNote) for note in notes)
            step(Predicted(effect.id, notes, 0.0), now)


step(InputOpened("keys", live=True), 0.0)  # type: ignore[arg-type]
step(OutputOpened("synth"), 0.0)  # type: ignore[arg-type]
for i, pitch in enumerate((60, 64, 67)):
    for kind, at in (("note_on", i * 0.5), ("note_off", i * 0.5 + 0.3)):
        step(Received(Message(kind, note=pitch), at, "keys"), at)  # type: ignore[arg-type]
while session.next_due is not None:
    step(None, session.next_due)
session.close(10.0)  # type: ignore[arg-type]
assert len(tokens) == 3
assert "numpy" not in sys.modules
sys.stdout.write(json.dumps({"heard": heard, "answered": answered, "modules": len(modules)}))
