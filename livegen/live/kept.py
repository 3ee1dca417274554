"""The memory between evenings: a file to which each call is appended, by a thread, so that a power cut costs little.

The file is a journal (`livegen.record.journal`): records of small numbers with checksums, each of which is checked when
it is read. Nothing in it is ever executed. It is at most LARGEST bytes long, and only its owner can read it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Self

from livegen.encoding import SCHEME
from livegen.engine.learning import Forget
from livegen.engine.passages import Call, Passage, Passages
from livegen.files import remove_drafts
from livegen.io.backlog import Backlog
from livegen.record import folder, journal

SUFFIX = ".memory"
LARGEST = 8_000_000  # bytes; 20,000 notes take half a million
PATIENCE = 10.0  # s that the end waits for the disk


def place(name: str, environ: Mapping[str, str]) -> Path:
    """The file of the livegen of this name, beside the folder of recordings."""
    return folder.folder(environ).with_name(f"{name}{SUFFIX}")


def read(path: Path) -> tuple[list[Passage], str]:
    """The passages in a file, and what is wrong with it, if anything: only those before the damage are returned.

    Raises:
        OSError: it cannot be read. FileNotFoundError: there is none.
    """
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode):
        return [], "it is not a file"
    if found.st_size > LARGEST:
        return [], f"it is larger than {LARGEST // 1_000_000} MB"
    passages: list[Passage] = []
    whole = len(journal.MAGIC)
    try:
        for number, entry in enumerate(journal.read(path)):
            whole += len(journal.encoded(entry))
            if number:
                passages.append(Passage.of_plain(entry))
            elif entry != _HEAD:
                return [], "it is not a memory, or one of another encoding of notes"
    except (ValueError, RecursionError):
        return passages, "it has a note that is not valid"
    return passages, "" if whole == found.st_size else "its end is damaged"


_HEAD: journal.Entry = {"kind": "memory", "scheme": SCHEME}


class Kept:
    """Stores every call. Its thread starts with the first one.

    Args:
        path: of the file. Its folder is created.
        warn: called with a sentence when something cannot be stored, by the thread too.
        claim: called in the thread first, to set its priority.
    """

    def __init__(self, path: Path, warn: Callable[[str], object], claim: Callable[[], object] = lambda: None) -> None:
        self.path, self._warn, self._claim = path, warn, claim
        self._backlog: Backlog[Call | Forget] = Backlog(1000)
        self._passages = Passages()
        self._file: journal.JournalFile | None = None
        self._size = 0
        self._thread = Thread(target=self._run, name="livegen-memory", daemon=True)

    def load(self) -> list[Passage]:
        """What is stored. A damaged file is set aside, and what could be read of it is stored again."""
        try:
            passages, wrong = read(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self._warn(
                f"The memory {self.path} cannot be read ({error.strerror}): nothing is remembered from before. "
                "Change its owner or permissions, and start livegen again."
            )
            return []
        if wrong:
            aside = self.path.with_name(f"{self.path.name}.damaged")
            with suppress(OSError):
                self.path.replace(aside)
            count = sum(map(len, passages))
            self._warn(
                f"The memory {self.path} is damaged: {wrong}. {count} notes of it are used. "
                f"The damaged file is now {aside}: delete it if you do not miss anything."
            )
        self._passages = Passages(passages)
        return passages

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._backlog.close()
        self._thread.join(PATIENCE)

    def hear(self, item: Call | Forget) -> None:
        self._backlog.put(item)

    # All that follows is done by the thread.

    def _run(self) -> None:
        self._claim()
        while (items := self._backlog.take()) is not None:
            try:
                self._store(items)
            except OSError as error:
                self._warn(
                    f"The memory {self.path} cannot be written ({error.strerror}): it does not last. "
                    "Free some space, or change the permissions of its folder."
                )
                self._close()
        self._close()

    def _store(self, items: Iterable[Call | Forget]) -> None:
        for item in items:
            if isinstance(item, Forget):
                self._close()
                self._passages.clear()
                self.path.unlink(missing_ok=True)
                continue
            passage = item.passage()
            self._passages.add(passage)
            if self._file is None or self._size > LARGEST // 2:
                self._rewrite()
            else:
                self._append(self._file, passage)

    def _append(self, file: journal.JournalFile, *passages: Passage) -> None:
        records = [journal.encoded(passage.plain()) for passage in passages]
        file.append(records)
        self._size += sum(map(len, records))

    def _rewrite(self) -> None:
        """A new file of what is remembered now, in place of the old one."""
        self._close()
        folder.make(self.path.parent / "recordings")
        remove_drafts(self.path)
        draft = self.path.with_name(f".{os.getpid()}.{self.path.name}")
        draft.unlink(missing_ok=True)
        self._file = journal.JournalFile(draft)
        head = journal.encoded(_HEAD)
        self._file.append([head])
        self._size = len(journal.MAGIC) + len(head)
        self._append(self._file, *(each if isinstance(each, Passage) else each.passage() for each in self._passages))
        draft.replace(self.path)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
