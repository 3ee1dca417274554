"""The model card, model.json: a description, the training, the evaluation, and the checksums of the model's files.

Reading a card needs only the standard library. A file is checked when it is read.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import livegen
from livegen.config.values import expanded
from livegen.encoding import SCHEME
from livegen.engine.plain import build
from livegen.errors import ModelError, did_you_mean
from livegen.files import limited
from livegen.note import WINDOW

CARD = "model.json"
LARGEST_CARD, LARGEST = 1_000_000, 1_000_000_000  # bytes, of the card and of the model's other files
FORMAT = 2
LICENCE = "CC BY-NC-SA 4.0"
CREDIT = (
    "Trained on MAESTRO: Curtis Hawthorne, Andriy Stasyuk, Adam Roberts, Ian Simon, Cheng-Zhi Anna Huang, "
    "Sander Dieleman, Erich Elsen, Jesse Engel and Douglas Eck, Enabling Factorized Piano Music Modeling and "
    "Generation with the MAESTRO Dataset, ICLR 2019. The model is under MAESTRO's licence; "
    "the code of livegen is under Apache-2.0."
)


RESTORE = "Install livegen again, or restore the model's folder."
OTHER = "Choose another model (livegen models)."


@dataclass(frozen=True, slots=True)
class Training:
    data: str
    files: int
    hashes: str  # the first 16 digits of the SHA-256 of each file, sorted, separated by spaces
    notes: int  # number of notes in all training steps
    minutes: float
    date: str  # ISO
    recipe: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Loss in nats per note on windows of a validation split, measured with the LiteRT file."""

    windows: int
    pieces: int
    step: float
    pitch: float
    velocity: float
    duration: float
    total: float  # the sum of these four
    se: float  # standard error of `total`, by piece
    pedal: float  # not part of `total`
    contexts: dict[str, float] = field(default_factory=dict)  # total, by the number of notes before


@dataclass(frozen=True, slots=True)
class Checksum:
    sha256: str
    size: int  # bytes

    @classmethod
    def of(cls, content: bytes) -> Checksum:
        return cls(sha256(content).hexdigest(), len(content))


@dataclass(frozen=True, slots=True)
class Card:
    folder: Path = field(compare=False)  # of the model; not part of the file
    name: str
    title: str
    scheme: str  # the encoding, `encoding.SCHEME`
    window: int  # notes of context
    architecture: dict[str, Any]  # of the network, as in training
    memory: int  # size of the state that is passed from note to note
    training: Training
    figures: Figures | None  # on MAESTRO; None: not evaluated
    files: dict[str, Checksum]  # by path in the folder
    licence: str = LICENCE
    credit: str = CREDIT
    more_figures: dict[str, Figures] = field(default_factory=dict)  # on other data sets, by name
    format: int = FORMAT

    def read_file(self, name: str) -> bytes:
        """Read one of the model's files.

        Raises:
            ModelError: the file is missing, or its checksum differs from the card.
        """
        if name not in self.files:
            raise _refused(self.folder / CARD, f"does not list {name}", OTHER)
        path, checksum = self.folder / name, self.files[name]
        try:
            if path.stat().st_size != checksum.size:
                raise _refused(path, f"damaged or replaced: its size differs from {CARD}", RESTORE)
            content = limited(path, LARGEST)
        except OSError as error:
            raise _refused(path, f"cannot be read ({error.strerror})", RESTORE) from error
        if Checksum.of(content) != checksum:
            raise _refused(path, f"damaged or replaced: its checksum differs from {CARD}", RESTORE)
        return content

    def to_json(self) -> str:
        plain = asdict(self)
        del plain["folder"]
        return json.dumps(plain, indent=2) + "\n"


def _refused(path: Path, what: str, todo: str) -> ModelError:
    return ModelError(f"{path}: {what}. {todo}")


def read(folder: Path) -> Card:
    """Read the card of the model in a folder.

    Raises:
        ModelError: there is no card, it is damaged, or this livegen cannot play the model.
    """
    path = folder / CARD
    try:
        plain = json.loads(limited(path, LARGEST_CARD))
    except FileNotFoundError:
        raise _refused(folder, f"not a model, {CARD} is missing", "To list the models: livegen models") from None
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror})", RESTORE) from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"not JSON ({error})", RESTORE) from error
    if not isinstance(plain, dict) or "format" not in plain:
        raise _refused(path, "not the card of a livegen model", OTHER)
    if plain["format"] != FORMAT:
        what = f"has format {plain['format']}, but this livegen reads format {FORMAT}"
        raise _refused(path, what, f"Update livegen. Or: {OTHER}")
    plain.setdefault("more_figures", {})  # older cards do not have it
    try:
        card = build(Card, plain, folder=folder)
    except ValueError as error:
        raise _refused(path, str(error), RESTORE) from error
    if card.scheme != SCHEME:
        raise _refused(path, f"needs the encoding {card.scheme}, but this livegen has {SCHEME}", OTHER)
    if card.window != WINDOW:
        raise _refused(path, f"needs {card.window} notes of context, but this livegen gives {WINDOW}", OTHER)
    return card


def folders() -> dict[str, Path]:
    """The folders of the models that livegen includes, by name: in the package, or next to it in a checkout."""
    package = Path(livegen.__file__).parent
    shelves = (package.parent / "models", package / "models")
    return {card.parent.name: card.parent for shelf in shelves for card in sorted(shelf.glob(f"*/{CARD}"))}


def find(model: str) -> Card:
    """Read the card of a model, given by its name or its folder.

    Raises:
        ModelError: there is no such model, or its card cannot be used.
    """
    known = folders()
    folder = known.get(model, Path(expanded(model)))
    if os.path.isdir(folder):  # noqa: PTH112  (Path's raises, for instance if a name is too long)
        return read(folder)
    hint = f"{did_you_mean(model, known)} Models: {', '.join(known) or 'none'}."
    raise ModelError(f"There is no model {model!r}: it is neither a name nor a folder.{hint}")
