"""The folder of recordings."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from livegen.errors import DataError
from livegen.record import folder

NAMES = ["2026-11-28T20-30-15Z", "2026-11-28T20-30-15Z-2", "2026-11-29T08-00-00Z", "2027-01-01T00-00-00Z"]
NOW = datetime(2027, 1, 2, tzinfo=UTC).timestamp()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Four recordings of 1 MB, the second one kept."""
    for name in reversed(NAMES):
        (tmp_path / f"{name}{'.kept' if name == NAMES[1] else ''}.mid").write_bytes(bytes(1_000_000))
    (tmp_path / ".livegen-notes.npz").touch()
    (tmp_path / ".12.draft.mid").touch()
    return tmp_path


def ids(found: list[folder.Recording]) -> list[str]:
    return [each.id for each in found]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"STATE_DIRECTORY": "/var/lib/livegen:/var/lib/other", "XDG_STATE_HOME": "/s"}, "/var/lib/livegen/recordings"),
        ({"XDG_STATE_HOME": "/s"}, "/s/livegen/recordings"),
        ({}, str(Path("~/.local/state/livegen/recordings").expanduser())),
    ],
)
def test_where_it_is(environ: dict[str, str], expected: str) -> None:
    assert folder.folder(environ) == Path(expected)


def test_it_is_for_its_owner_only(tmp_path: Path) -> None:
    place = tmp_path / "state" / "livegen" / "recordings"
    folder.make(place)
    folder.make(place)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place, place.parent)] == [0o700, 0o700]


def test_the_names_sort_by_time_and_a_finished_one_counts_once(place: Path) -> None:
    (place / f"{NAMES[0]}.journal").touch()  # a crash after its MIDI file was written
    (place / "2028-01-01T00-00-00Z.journal").touch()
    found = folder.recordings(place)
    assert ids(found) == [*NAMES, "2028-01-01T00-00-00Z"]
    assert [each.kept for each in found] == [False, True, False, False, False]
    assert [each.unfinished for each in found] == [False, False, False, False, True]
    assert folder.recordings(place / "none") == []
    assert list(islice(folder.ids(found[0].start.timestamp() if found[0].start else 0), 2)) == NAMES[:2]


def test_one_is_found_by_the_beginning_of_its_id(place: Path) -> None:
    assert folder.find(place, "last").id == NAMES[3]
    assert folder.find(place, "2026-11-29").id == NAMES[2]
    assert folder.find(place, NAMES[0]).id == NAMES[0]
    with pytest.raises(DataError, match=f"may mean {NAMES[0]} or {NAMES[1]}"):
        folder.find(place, "2026-11-28")
    for name, hint in (("2026-11-28T20-30-16Z", "Did you mean"), ("", "lists all"), ("x", "lists all")):
        with pytest.raises(DataError, match=hint):
            folder.find(place, name)
    with pytest.raises(DataError, match="There is no recording last"):
        folder.find(place / "none", "last")


def test_a_folder_that_cannot_be_read(place: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        folder.recordings(place / f"{NAMES[0]}.mid")


def test_to_keep_is_to_rename(place: Path) -> None:
    kept = folder.keep(folder.find(place, "last"))
    assert kept.kept and kept.file.exists() and kept.file.name == f"{NAMES[3]}.kept.mid"
    assert folder.keep(kept) == kept


@pytest.mark.parametrize(
    ("megabytes", "days", "going"),
    [
        (3, 1000, []),
        (2, 1000, [NAMES[0]]),
        (0.5, 1000, [NAMES[0], NAMES[2], NAMES[3]]),
        (3, 34, [NAMES[0]]),
        (3, 1, [NAMES[0], NAMES[2]]),
        (1, 34, [NAMES[0], NAMES[2]]),
    ],
)
def test_what_is_not_kept_goes_by_age_and_size(place: Path, megabytes: float, days: float, going: list[str]) -> None:
    assert ids(folder.surplus(place, megabytes, days, NOW)) == going


def test_prune_deletes_it(place: Path) -> None:
    assert ids(folder.prune(place, 1.5, 36_500)) == [NAMES[0], NAMES[2]]
    assert ids(folder.recordings(place)) == [NAMES[1], NAMES[3]]


def test_other_names_have_no_time(place: Path) -> None:
    (place / "mine.mid").touch()
    assert folder.recordings(place)[-1].start is None
    assert ids(folder.surplus(place, 100, 1e-9, NOW)) == [NAMES[0], NAMES[2], NAMES[3]]
