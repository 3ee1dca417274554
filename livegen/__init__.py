"""livegen: a daemon that jams with a pianist, and a small library for notebooks (docs/library.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "SoundedNote",
    "distributions",
    "evaluate",
    "generate",
    "note_table",
    "piano_roll",
    "read_notes",
    "render",
    "write_midi",
]

if TYPE_CHECKING:
    from livegen.library import (
        distributions,
        evaluate,
        generate,
        note_table,
        piano_roll,
        read_notes,
        render,
        write_midi,
    )
    from livegen.note import SoundedNote
else:

    def __getattr__(name: str) -> object:
        """Import the names of `__all__` when they are used. The daemon does not need them."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from livegen import library

        return getattr(library, name)

    def __dir__() -> list[str]:
        return [*globals(), *__all__]
