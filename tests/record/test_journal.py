"""The file of a journal: whatever is cut off or damaged, what stands before it counts."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from livegen.errors import DataError
from livegen.files import claimed
from livegen.record import journal
from livegen.record.journal import MAGIC, Entry, JournalFile, encoded, read

ENTRIES: list[Entry] = [
    {"kind": "start", "at": 1.5, "wall": 1e9},
    {"kind": "in", "at": 1.5, "port": "Klavier ♪ \udcff", "midi": "903c40"},
    {"kind": "in", "at": 2.5, "port": "Klavier", "midi": "803c40"},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.journal"
    file = JournalFile(path)
    file.append(map(encoded, ENTRIES))
    file.close()
    return path


def test_what_is_appended_is_read(path: Path) -> None:
    assert list(read(path)) == ENTRIES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_can_be_cut_at_every_byte(path: Path) -> None:
    content = path.read_bytes()
    ends = [len(MAGIC)]
    for entry in ENTRIES:
        ends.append(ends[-1] + len(encoded(entry)))
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        whole = sum(length >= end for end in ends) - 1
        assert list(read(path)) == ENTRIES[: max(0, whole)]


def test_a_damaged_byte_ends_it(path: Path) -> None:
    content = path.read_bytes()
    first = len(MAGIC) + len(encoded(ENTRIES[0]))
    for at in range(first, len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :])
        assert list(read(path)) == ENTRIES[: 1 if at < first + len(encoded(ENTRIES[1])) else 2]


def test_zeros_at_the_end_are_no_records(path: Path) -> None:
    """A file system may leave them after a power cut: the length of the file was written, its content was not."""
    with path.open("ab") as file:
        file.write(bytes(4096))
    assert list(read(path))[: len(ENTRIES)] == ENTRIES
    assert len(list(read(path))) == len(ENTRIES)


def test_a_later_version_and_other_files(path: Path) -> None:
    content = b"[1,2]"
    record = journal.HEAD.pack(len(content), journal.crc32(content)) + content
    path.write_bytes(MAGIC + record + encoded(ENTRIES[0]))
    assert list(read(path)) == ENTRIES[:1]
    path.write_bytes(b"MThd" + bytes(100))
    assert list(read(path)) == []


def test_it_is_locked_until_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    file = JournalFile(path)
    with pytest.raises(DataError, match="in use"), claimed(path, "in use"):
        pass
    with pytest.raises(FileExistsError):
        JournalFile(path)
    file.close()
    with claimed(path, "in use"):
        pass


def test_a_full_disk_leaves_whole_records_and_what_failed_can_be_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.journal"
    file = JournalFile(path)
    file.append([encoded(ENTRIES[0])])
    write, room = os.write, [20]

    def scarce(descriptor: int, data: memoryview) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(descriptor, data[: room[0]])
        room[0] -= written
        return written

    monkeypatch.setattr(os, "write", scarce)
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            file.append(map(encoded, ENTRIES[1:]))
        room[0] = 0
        assert path.read_bytes() == MAGIC + encoded(ENTRIES[0])
    monkeypatch.setattr(os, "write", write)
    file.append(map(encoded, ENTRIES[1:]))
    file.close()
    assert list(read(path)) == ENTRIES


def test_where_there_is_no_room_for_its_first_line_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        JournalFile(tmp_path / "a.journal")
    assert list(tmp_path.iterdir()) == []
