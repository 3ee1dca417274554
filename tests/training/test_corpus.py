"""What a run is given: folders of MIDI files."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livegen.training.corpus import Piece
    from livegen.training.train import Recipe


def test_of_a_torn_file_the_rest_is_named(folder: Path) -> None:
    from livegen.training.corpus import read_folder, read_folders

    torn = sorted(folder.glob("*.mid*"))[0]
    whole = read_folder(folder)
    torn.write_bytes(torn.read_bytes()[:200])
    for found in (read_folder(folder), read_folder(folder), read_folders([folder, folder])):  # parsed, and remembered
        assert len(found.pieces) == len(whole.pieces)
        assert 0 < len(found.pieces[0].notes) < len(whole.pieces[0].notes)
        assert found.dropped[0].startswith(f"{torn}: track 1 is cut off after ")
        assert found.dropped[0].endswith(" s; the rest is lost.")


def test_bad_files_are_skipped_and_named(folder: Path) -> None:
    from livegen.training.corpus import read_folder

    (folder / "bad.mid").write_text("no MIDI")
    found = read_folder(folder)
    assert len(found.pieces) == 5
    assert found.skipped == (f"{folder / 'bad.mid'}: not a valid MIDI file.",)
    moved = folder.rename(folder.with_name("moved"))
    assert read_folder(moved).skipped == (f"{moved / 'bad.mid'}: not a valid MIDI file.",)
    moved.rename(folder)
    (folder / "bad.mid").rename(folder / "0-bad.mid")  # the first: others take its place
    few = read_folder(folder, 2)
    assert [piece.name for piece in few.pieces] == [piece.name for piece in found.pieces[:2]]
    assert len(few.skipped) == 1


def test_files_that_are_too_short_are_named(recipe: Recipe, pieces: Sequence[Piece], tmp_path: Path) -> None:
    from livegen.training.train import train

    told: list[str] = []
    short = [replace(piece, notes=piece.notes[: recipe.length - n]) for n, piece in enumerate(pieces, 1)]
    with pytest.raises(DataError, match=f"no piece has the {recipe.length} notes"):
        train(recipe, short, tmp_path / "run", told.append)
    assert told[0] == (
        f"skipped: {short[0].name}: has {recipe.length - 1} notes; a training sequence needs {recipe.length}."
    )
    assert len(told) == len(pieces)


def test_files_are_parsed_once_and_again_when_they_change(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from livegen.training import corpus

    before = corpus.read_folder(folder)
    parsed: list[Path] = []
    real = corpus._parse_one
    monkeypatch.setattr(corpus, "_parse_one", lambda path: (parsed.append(path), real(path))[1])
    again = corpus.read_folder(folder)
    assert not parsed
    assert [(p.name, p.sha256) for p in again.pieces] == [(p.name, p.sha256) for p in before.pieces]
    assert all(np.array_equal(a.notes, b.notes) for a, b in zip(again.pieces, before.pieces, strict=True))
    name = before.pieces[0].name
    shutil.copy(folder / before.pieces[1].name, folder / name)
    changed = corpus.read_folder(folder)
    assert parsed == [folder / name]
    assert changed.pieces[0].sha256 == before.pieces[1].sha256
    of = (folder / name).stat()
    (folder / name).write_bytes((folder / name).read_bytes()[:-1] + b"\1")
    os.utime(folder / name, ns=(of.st_atime_ns, of.st_mtime_ns))  # of the same size, and as old
    corpus.read_folder(folder)
    assert parsed == [folder / name] * 2


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off"])
def test_a_damaged_cache_is_made_anew(folder: Path, content: bytes) -> None:
    from livegen.training import corpus

    names = [piece.name for piece in corpus.read_folder(folder).pieces]
    (folder / corpus.CACHE).write_bytes(content)
    assert [piece.name for piece in corpus.read_folder(folder).pieces] == names
    assert (folder / corpus.CACHE).stat().st_size > len(content)


def test_a_file_that_could_not_be_read_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from livegen.training import corpus

    def refused(path: Path, _: int) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as now:
        now.setattr(corpus, "limited", refused)
        with pytest.raises(DataError, match="none of its"):
            corpus.read_folder(folder)
    assert corpus.read_folder(folder).pieces


def test_several_folders_are_one_and_what_is_in_two_is_taken_once(folder: Path, tmp_path: Path) -> None:
    from livegen.training.corpus import read_folder, read_folders

    first = read_folder(folder)
    other = tmp_path / "other"
    other.mkdir()
    (twin, changed, *_) = sorted(folder.glob("*.mid"))
    shutil.copy(twin, other / "twin.mid")
    shutil.copy(twin, other / changed.name)
    with (other / changed.name).open("ab") as file:
        file.write(b"\0")  # the same name, and something else
    (other / "bad.mid").write_text("no MIDI")
    found = read_folders([folder, other])
    assert found.name == f"{first.name} and other"
    names = [piece.name for piece in first.pieces]
    assert [piece.name for piece in found.pieces] == [*names, f"{other}/{changed.name}"]
    assert len(found.skipped) == 1
    assert [piece.name for piece in read_folders([folder, other], 2).pieces] == names[:2]
    assert [piece.name for piece in read_folders([folder]).pieces] == names


@pytest.mark.parametrize(("content", "problem"), [(None, "no MIDI file"), ("no MIDI", "none of its 1 MIDI files")])
def test_nothing_to_train_on_is_an_error(tmp_path: Path, content: str | None, problem: str) -> None:
    from livegen.training.corpus import read_folder

    if content:
        (tmp_path / "bad.midi").write_text(content)
    with pytest.raises(DataError, match=problem):
        read_folder(tmp_path)
    with pytest.raises(DataError, match="not a folder"):
        read_folder(tmp_path / "gone")
    (tmp_path / "maestro-v2.0.0.csv").write_text("name,year\n1.midi,2004\n")
    with pytest.raises(DataError, match="not a table of splits"):
        read_folder(tmp_path)


def test_of_an_evening_with_livegen_only_what_the_player_played_is_trained_on(folder: Path, tmp_path: Path) -> None:
    from livegen import generate, read_notes, write_midi
    from livegen.training.corpus import read_folder
    from livegen.training.data import PITCH

    call = read_notes(folder / "5-satie.mid")[:30]
    evening = tmp_path / "evening"
    evening.mkdir()
    write_midi(evening / "monday.mid", call, generate(call, 5, seed=1))
    (piece,) = read_folder(evening).pieces
    assert piece.notes[:, PITCH].tolist() == [note.pitch for note in call]


def test_some_pieces_are_held_out_and_never_trained_on(folder: Path) -> None:
    from livegen.training.corpus import hold_out, read_folder

    pieces = read_folder(folder).pieces
    kept, held = hold_out(pieces)
    assert held and kept
    assert {p.name for p in kept} | {p.name for p in held} == {p.name for p in pieces}
    assert not {p.name for p in kept} & {p.name for p in held}


def test_something_is_trained_on_whatever_the_files_are_called(pieces: Sequence[Piece]) -> None:
    from livegen.training.corpus import hold_out

    one, other = (replace(each, name=name) for each, name in zip(pieces, ("take13.mid", "take40.mid"), strict=False))
    assert hold_out([one]) == ([one], [one])  # by its name it would be held out
    assert hold_out([one, other]) == ([one], [other])  # both would
    assert hold_out([one, other], len(other.notes) + 1) == ([one], [one])  # too short to choose by
