"""Decodes the names of tracks. A MIDI file does not specify their encoding."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE

_COMMON = rb"[\x81-\x9f][\x40-\x7e\x80-\xfc]"  # kana and the common kanji; in Windows-1252 the first is punctuation
_DOUBLE = rb"[\x81-\x9f\xe0-\xef][\x40-\x7e\x80-\xfc]"
_JAPANESE = re.compile(_COMMON + _DOUBLE + rb"|\A" + _COMMON + rb"\Z|[\xa1-\xdf]{3}")  # at the end: half-width kana


def decoded(name: bytes) -> str:
    """A name as text, in UTF-16 if it has the mark, UTF-8, Shift JIS if it looks like that, or Windows-1252.

    Only printable characters are kept.
    """
    encodings = ["utf-8", *(["cp932"] if _JAPANESE.search(name) else []), "cp1252"]
    if name.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        encodings.insert(0, "utf-16")
    for encoding in encodings:
        try:
            text = name.decode(encoding)
            break
        except UnicodeDecodeError:
            pass
    else:
        text = name.decode("latin-1")
    return "".join(letter for letter in text if letter.isprintable()).strip()
