"""The names of tracks: bytes whose encoding a file does not tell."""

from __future__ import annotations

import re

_COMMON = rb"[\x81-\x9f][\x40-\x7e\x80-\xfc]"  # kana and the common kanji; in Windows-1252 the first is punctuation
_DOUBLE = rb"[\x81-\x9f\xe0-\xef][\x40-\x7e\x80-\xfc]"
_JAPANESE = re.compile(_COMMON + _DOUBLE + rb"|\A" + _COMMON + rb"\Z|[\xa1-\xdf]{3}")  # the last: half-width kana


def decoded(name: bytes) -> str:
    """A name as text, without what cannot be printed: UTF-8, else Shift JIS where it looks so, else Windows-1252."""
    for encoding in ("utf-8", *(["cp932"] if _JAPANESE.search(name) else []), "cp1252"):
        try:
            text = name.decode(encoding)
            break
        except UnicodeDecodeError:
            pass
    else:
        text = name.decode("latin-1")
    return "".join(letter for letter in text if letter.isprintable()).strip()
