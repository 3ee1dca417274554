"""Pictures: what is drawn, by the figure's own objects and by the pixels of the file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from livegen.cli import main as cli
from livegen.data import midi, plots
from livegen.data.midi import FIELDS, MidiFile, Table, Track

DEMO = Path(__file__).parents[2] / "livegen" / "demo"
BACH, CHOPIN = DEMO / "1-bach.mid", DEMO / "3-chopin.mid"


def table(*rows: tuple[int, float, float, int, int]) -> Table:
    """Notes of pitch, start, duration, velocity, track."""
    notes = np.zeros(len(rows), FIELDS)
    for field, column in zip(("pitch", "start", "duration", "velocity", "track"), zip(*rows, strict=True), strict=True):
        notes[field] = column
    notes["end"] = notes["start"] + notes["duration"]
    notes["step"] = np.diff(notes["start"], prepend=notes["start"][0])
    return notes


def piano(name: str) -> Track:
    return Track(name, "Acoustic Grand Piano", drums=False, notes=1, presses=0, held=0.0)


def drawn(figure: Figure, panel: int = 0) -> PolyCollection:
    (notes,) = [each for each in figure.axes[panel].collections if isinstance(each, PolyCollection)]
    return notes


def test_a_note_is_a_box_in_the_colour_of_its_track() -> None:
    notes = table((60, 1.0, 0.5, 127, 1), (64, 2.0, 1.0, 17, 0))
    figure = plots.roll([MidiFile(Path("jam.mid"), 3.0, (piano("response"), piano("call")), notes)])
    first, second = (path.get_extents().extents for path in drawn(figure).get_paths())
    assert first == pytest.approx([1.0, 59.55, 1.5, 60.45])
    assert second == pytest.approx([2.0, 63.55, 3.0, 64.45])
    loud, soft = drawn(figure).get_facecolor()
    assert (loud[2] > loud[0]) and (soft[0] > soft[2])  # the call is blue, the response orange
    assert loud[3] > 0.95 and soft[3] < 0.4
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["response: 1 notes", "call: 1 notes"]


def test_the_first_notes_of_two_files_side_by_side() -> None:
    figure = plots.roll([midi.read(BACH), midi.read(CHOPIN)], 12)
    assert [len(drawn(figure, panel).get_paths()) for panel in (0, 1)] == [12, 12]
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "1-bach: the first 12 notes",
        "3-chopin: the first 12 notes",
    ]
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
    whole = plots.roll([midi.read(BACH)])
    assert len(drawn(whole).get_paths()) == len(midi.read(BACH).notes)
    assert whole.axes[0].get_title(loc="left") == "1-bach"


def test_shares_add_up_but_for_the_outliers() -> None:
    random = np.random.default_rng(0)
    many = table(
        *[
            (int(p), t, 0.1 + t % 1, 1 + i % 127, 0)
            for i, (p, t) in enumerate(
                zip(random.integers(21, 109, 1000), np.cumsum(random.exponential(0.2, 1000)), strict=True)
            )
        ]
    )
    few = table(*[(60, 0.5 * t, 0.25, 64, 0) for t in range(10)])
    figure = plots.distributions([plots.NoteSet("real", many), plots.NoteSet("generated", few)])
    assert [axes.get_xlabel().split()[0] for axes in figure.axes] == ["Pitch", "Step", "Duration", "Velocity"]
    for axes, field in zip(figure.axes, ("pitch", "step", "duration", "velocity"), strict=True):
        filled = [each.get_data() for each in axes.patches if isinstance(each, StepPatch) and each.get_fill()]
        for shares, notes in zip(filled, (many, few), strict=True):
            inside = (notes[field] >= shares.edges[0]) & (notes[field] <= shares.edges[-1])
            assert shares.values.sum() == pytest.approx(100 * inside.mean())
            assert inside.mean() > 0.95
        assert np.array_equal(filled[0].edges, filled[1].edges)
        if field in ("pitch", "velocity"):
            assert len(set(np.diff(filled[0].edges))) == 1 and np.diff(filled[0].edges)[0] % 1 == 0
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["real: 1,000 notes", "generated: 10 notes"]


def test_one_note_has_distributions_too() -> None:
    figure = plots.distributions([plots.NoteSet("one", table((60, 0.0, 0.5, 64, 0)))])
    for axes in figure.axes:
        assert axes.patches[0].get_data().values.sum() == pytest.approx(100)


def test_the_commands_write_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roll, both = tmp_path / "roll.PNG", tmp_path / "both.svg"
    assert cli.main(["plot", "roll", str(BACH), str(CHOPIN), "-o", str(roll), "--notes", "20"]) == 0
    pixels = image.imread(roll, format="png")
    assert pixels.shape[1] > 2 * pixels.shape[0]
    assert 0.001 < np.mean(pixels[..., 2] > pixels[..., 0] + 0.2) < 0.2  # blue
    words = ["plot", "distributions", str(BACH), "--beside", str(DEMO), "-o", str(both)]
    assert cli.main(words) == 0
    assert both.read_text(encoding="utf-8").rstrip().endswith("</svg>")
    assert {path.name for path in tmp_path.iterdir()} == {"roll.PNG", "both.svg"}
    assert capsys.readouterr().out == f"Wrote {roll}.\nWrote {both}.\n"


def test_nothing_is_half_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "there.png"
    there.write_text("before")
    words = ["plot", "roll", str(BACH), "-o"]
    assert cli.main([*words, str(tmp_path / "nowhere" / "a.png")]) == 78
    assert "cannot be written (No such file or directory). Name another" in capsys.readouterr().err
    assert cli.main([*words, str(tmp_path / "a.pngg")]) == 78
    assert "must end with .png or .svg. Did you mean .png?" in capsys.readouterr().err
    assert cli.main(["plot", "roll", str(Path(__file__)), "-o", str(there)]) == 66
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"there.png": "before"}
    (tmp_path / "folder.png").mkdir()  # the picture is drawn, and cannot take its place
    assert cli.main([*words, str(tmp_path / "folder.png")]) == 78
    assert cli.main([*words, str(there / "a.png")]) == 78  # a file is no folder
    assert {path.name for path in tmp_path.iterdir()} == {"there.png", "folder.png"}


def test_what_cannot_be_read_in_a_folder_is_skipped_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "folder", str(tmp_path / "a.png")
    folder.mkdir()
    (folder / "bad.mid").write_text("no MIDI")
    words = ["plot", "distributions", "-o", out]
    assert cli.main([*words, str(folder)]) == 66
    assert "none of the 1 MIDI files can be read" in capsys.readouterr().err
    shutil.copy(BACH, folder)
    assert cli.main([*words, str(folder)]) == 0
    told = capsys.readouterr()
    assert told.err.startswith(f"skipped: {folder / 'bad.mid'}: not a valid MIDI file.\n")
    assert told.out == f"Wrote {out}.\n"
    assert cli.main([*words, str(folder), str(folder / "bad.mid")]) == 66  # named, it is to be read


def test_no_notes_are_no_picture(tmp_path: Path) -> None:
    empty = MidiFile(tmp_path / "empty.mid", 0.0, (), np.empty(0, FIELDS))
    with pytest.raises(plots.DataError, match=r"empty\.mid: the file has no notes"):
        plots.roll([empty])
    with pytest.raises(plots.DataError, match="generated: there are no notes"):
        plots.distributions([plots.NoteSet("generated", empty.notes)])


@pytest.mark.parametrize(
    "words", [["plot", "roll", str(BACH), "-o", "a.png"], ["plot", "distributions", str(BACH), "-o", "a.png"]]
)
def test_without_the_extra_it_says_what_to_install(tmp_path: Path, words: list[str]) -> None:
    program = (
        f"import sys; sys.modules['matplotlib'] = None; from livegen.cli.main import main; sys.exit(main({words}))"
    )
    environ = os.environ | {"PYTHONPATH": str(DEMO.parents[1])}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 78
    assert "This command needs matplotlib, which is not installed." in done.stderr
    assert 'pip install "livegen[train]"' in done.stderr
    assert not list(tmp_path.iterdir())
