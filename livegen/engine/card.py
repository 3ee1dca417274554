"""A model's card, model.json: what it is, how it was trained, its figures, and the checksums of its files.

Reading a card needs nothing but the standard library. A file is checked when it is read.
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
from livegen.note import WINDOW

CARD = "model.json"
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
    hashes: str  # the first 16 digits of each file's SHA-256, sorted, by blanks
    notes: int  # seen, over all steps
    minutes: float
    date: str  # ISO
    recipe: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Nats a note on windows of MAESTRO's validation split, of the LiteRT file itself."""

    windows: int
    pieces: int
    step: float
    pitch: float
    velocity: float
    duration: float
    total: float  # of these four
    se: float  # standard error of `total`, by piece
    pedal: float  # beside them
    contexts: dict[str, float] = field(default_factory=dict)  # total, by how many notes came before


@dataclass(frozen=True, slots=True)
class Checksum:
    sha256: str
    size: int  # bytes

    @classmethod
    def of(cls, content: bytes) -> Checksum:
        return cls(sha256(content).hexdigest(), len(content))


@dataclass(frozen=True, slots=True)
class Card:
    folder: Path = field(compare=False)  # where the model lies; not written down
    name: str
    title: str
    scheme: str  # of the encoding, `encoding.SCHEME`
    window: int  # notes of context
    architecture: dict[str, Any]  # of the network, in the words of training
    memory: int  # numbers that come along from note to note
    training: Training
    figures: Figures | None  # of one that was not evaluated there are none
    files: dict[str, Checksum]  # by path below the folder
    licence: str = LICENCE
    credit: str = CREDIT
    format: int = FORMAT

    def read_file(self, name: str) -> bytes:
        """The content of one of the model's files.

        Raises:
            ModelError: it is missing, or not what the card says.
        """
        if name not in self.files:
            raise _refused(self.folder / CARD, f"lists no {name}", OTHER)
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _refused(path, f"cannot be read ({error.strerror})", RESTORE) from error
        if Checksum.of(content) != self.files[name]:
            raise _refused(path, f"damaged or replaced, its checksum is not the one in {CARD}", RESTORE)
        return content

    def to_json(self) -> str:
        plain = asdict(self)
        del plain["folder"]
        return json.dumps(plain, indent=2) + "\n"


def _refused(path: Path, what: str, todo: str) -> ModelError:
    return ModelError(f"{path}: {what}. {todo}")


def read(folder: Path) -> Card:
    """The card of the model in a folder.

    Raises:
        ModelError: there is none, it is damaged, or of a model that this livegen cannot play.
    """
    path = folder / CARD
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _refused(folder, f"no model here, {CARD} is missing", "See what there is with: livegen models") from None
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror})", RESTORE) from error
    except ValueError as error:
        raise _refused(path, f"not JSON ({error})", RESTORE) from error
    if not isinstance(plain, dict) or "format" not in plain:
        raise _refused(path, "not the card of a livegen model", OTHER)
    if plain["format"] != FORMAT:
        raise _refused(path, f"of format {plain['format']}, and this livegen reads {FORMAT}", f"Update it, or: {OTHER}")
    try:
        card = build(Card, plain, folder=folder)
    except ValueError as error:
        raise _refused(path, str(error), RESTORE) from error
    if card.scheme != SCHEME:
        raise _refused(path, f"made for the encoding {card.scheme}, and this livegen speaks {SCHEME}", OTHER)
    if card.window != WINDOW:
        raise _refused(path, f"made for {card.window} notes of context, and this livegen gives {WINDOW}", OTHER)
    return card


def folders() -> dict[str, Path]:
    """Folders of the models that came with livegen, by name: in the package, or beside it in a checkout."""
    package = Path(livegen.__file__).parent
    shelves = (package.parent / "models", package / "models")
    return {card.parent.name: card.parent for shelf in shelves for card in sorted(shelf.glob(f"*/{CARD}"))}


def find(model: str) -> Card:
    """The card of a model by its name or its folder.

    Raises:
        ModelError: there is no such model, or its card is not in order.
    """
    known = folders()
    folder = known.get(model, Path(expanded(model)))
    if os.path.isdir(folder):  # noqa: PTH112  (Path's raises, for instance where a name is too long)
        return read(folder)
    hint = f"{did_you_mean(model, known)} Known: {', '.join(known) or 'none'}."
    raise ModelError(f"No model {model!r}, neither a name nor a folder.{hint}")
