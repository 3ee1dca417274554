"""The library's page, run from its first line to its last."""

from __future__ import annotations

import csv
import gzip
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from matplotlib.figure import Figure

import livegen
from livegen.errors import ConfigError, DataError
from livegen.note import SoundedNote

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "livegen" / "demo"
A_TEXT: Any = "notes"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place with the demo pieces, and with a MAESTRO made of them under a handful of windows."""
    shutil.copytree(DEMO, tmp_path / "livegen" / "demo")
    maestro = tmp_path / "data" / "maestro-v2.0.0"
    maestro.mkdir(parents=True)
    with (maestro / "maestro-v2.0.0.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["midi_filename", "split"])
        for piece in sorted(DEMO.glob("*.mid")):
            shutil.copy(piece, maestro)
            table.writerow([piece.name, "validation" if piece.name.startswith("1") else "train"])
    windows = tmp_path / "windows.csv.gz"
    with gzip.open(windows, "wt") as file:
        file.write("midi_filename,target\n" + "".join(f"1-bach.mid,{target}\n" for target in range(30, 40)))
    monkeypatch.setattr("livegen.training.evaluate.WINDOWS", {"MAESTRO": windows})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_line_of_the_page_works(checkout: Path) -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "library.md").read_text(encoding="utf-8"), re.DOTALL)
    for block in blocks:
        exec(block, names)  # noqa: S102  (our own page)
    music, sound, report = names["music"], names["sound"], names["report"]
    assert isinstance(music, tuple) and len(music) == 69 + 3 * 40
    assert isinstance(sound, np.ndarray) and sound.shape[1] == 2 and sound.dtype == np.float32
    assert 0.01 < np.abs(sound).max() <= 1
    assert 5 < report.figures.total < 20  # type: ignore[attr-defined]
    assert {path.name for path in checkout.glob("*.mid")} == {"more.mid", "bolder.mid"}
    mentioned = set(re.findall(r"^\| `(\w+)\(", (ROOT / "docs" / "library.md").read_text(encoding="utf-8"), re.M))
    assert mentioned == set(livegen.__all__)


def test_the_pictures_are_of_the_files() -> None:
    roll = livegen.piano_roll(DEMO / "1-bach.mid", str(DEMO / "3-chopin.mid"), notes=20)
    both = livegen.distributions(DEMO / "1-bach.mid", DEMO)
    assert isinstance(roll, Figure)
    assert [axes.get_title(loc="left").split(":")[0] for axes in roll.axes] == ["1-bach", "3-chopin"]
    assert [text.get_text().split(":")[0] for text in both.legends[0].get_texts()] == ["1-bach.mid", "demo"]


def test_more_sets_than_colours_are_all_drawn() -> None:
    (legend,) = livegen.distributions(*sorted(DEMO.glob("*.mid")), DEMO, DEMO / "1-bach.mid").legends
    assert len(legend.get_texts()) == len(list(DEMO.glob("*.mid"))) + 2


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (livegen.piano_roll, "no files to plot"),
        (livegen.distributions, "no files to plot"),
        (lambda: livegen.write_midi("a.mid", ()), "a.mid: there are no notes to write"),
        (lambda: livegen.write_midi("a.wav", ()), "the name of a MIDI file must end with .mid or .midi"),
        (lambda: livegen.write_midi("a.mid", A_TEXT), "as returned by read_notes"),
        (lambda: livegen.piano_roll(DEMO / "1-bach.mid", notes=0), "notes must be a whole number, at least 1, not 0"),
        (lambda: livegen.evaluate(DEMO, limit=0), "limit must be a whole number, at least 1, not 0"),
        (lambda: livegen.render(DEMO / "1-bach.mid", gain=float("nan")), "gain must be 0 to 10, not nan"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Callable[[], object], said: str) -> None:
    with pytest.raises((ConfigError, DataError), match=said):
        call()


def test_the_table_and_the_notes_tell_the_same() -> None:
    for piece in sorted(DEMO.glob("*.mid")):
        table, notes = livegen.note_table(piece), livegen.read_notes(piece)
        assert [note.pitch for note in notes] == table["pitch"].tolist()
        assert [note.pedal.down for note in notes] == table["pedal"].tolist()
        np.testing.assert_allclose([note.onset for note in notes], table["start"], atol=1e-6)
        np.testing.assert_allclose([note.duration for note in notes], table["duration"], atol=1e-6)


def test_a_note_that_is_never_let_go_lasts_until_the_end_in_the_notes_and_in_the_table(tmp_path: Path) -> None:
    on, off = (mido.Message(kind, note=64, time=480) for kind in ("note_on", "note_off"))
    file = tmp_path / "held.mid"
    mido.MidiFile(tracks=[mido.MidiTrack([mido.Message("note_on", note=60), on, off])]).save(file)
    assert [(note.pitch, note.duration) for note in livegen.read_notes(file)] == [(60, 1.0), (64, 0.5)]
    assert livegen.note_table(file)[["pitch", "duration"]].tolist() == [(60, 1.0), (64, 0.5)]


def test_generating_is_repeatable_and_goes_on_where_the_notes_end() -> None:
    bach = livegen.read_notes(DEMO / "1-bach.mid")
    first, again, other = (livegen.generate(bach, 30, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 30 and all(isinstance(note, SoundedNote) for note in first)
    assert first[0].onset >= bach[-1].onset
    assert all(0 <= b.onset - a.onset <= 2.5 for a, b in pairwise(first))
    assert livegen.generate(bach[-25:], 30, seed=1) == first  # of more it hears the last 25
    assert livegen.generate(bach[-3:], 30, seed=1) != first
    assert livegen.generate(bach, 0) == ()
    assert livegen.generate(bach, np.int64(30), temperature=np.float32(0.9), window=25.0, seed=np.int64(1)) == first
    with pytest.raises(DataError, match="no notes to continue"):
        livegen.generate([], 5)
    a_path: Any = "1-bach.mid"
    with pytest.raises(DataError, match="as returned by read_notes"):
        livegen.generate(a_path, 5)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"temperature": 0}, "temperature must be 0.05 to 3, not 0"),
        ({"top_p": 2}, "top_p must be 0.01 to 1, not 2"),
        ({"min_p": float("nan")}, "min_p must be 0 to 0.99, not nan"),
        ({"window": 0}, "window must be a whole number from 1 to 200 notes, not 0"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"count": -1}, "count must be a whole number, at least 0, not -1"),
        ({"count": 2.5}, "count must be a whole number, at least 0, not 2.5"),
        ({"window": 2.5}, "window must be a whole number from 1 to 200 notes, not 2.5"),
    ],
)
def test_what_is_out_of_its_range_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        livegen.generate(livegen.read_notes(DEMO / "1-bach.mid"), **{"count": 5, **given})


def test_a_name_that_does_not_exist() -> None:
    assert set(livegen.__all__) <= set(dir(livegen))
    with pytest.raises(AttributeError, match="generat"):
        livegen.generat  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(DataError, match=r"none\.mid"):
        livegen.read_notes("none.mid")


def test_importing_it_is_light() -> None:
    program = (
        "import sys; from livegen import generate, read_notes, evaluate, render; "
        "print(sorted({'numpy', 'mido', 'matplotlib', 'tensorflow'} & set(sys.modules)));"
        "import livegen.training.report, livegen.training.judge.report; "
        "print(sorted({'keras', 'tensorflow'} & set(sys.modules)))"  # what evaluate and evaluate --generate take
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"
