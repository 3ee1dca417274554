from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen import features
from livegen.engine.card import Sizes, find
from livegen.engine.litert import FILE, LiteRt
from livegen.errors import DataError

if TYPE_CHECKING:
    from livegen.training.data import Notes
    from livegen.training.model import Pianist

pytest.importorskip("symusic", reason="symusic is missing")

from livegen.training.evaluate import (
    WINDOWS,
    Window,
    evaluate,
    figures,
    nats,
    read_windows,
    standard_error,
)


def some_notes(n: int, seed: int = 0) -> Notes:
    """Shape (n, 4), as `read_notes` gives them."""
    random = np.random.default_rng(seed)
    step, duration = random.exponential(0.3, n), 0.01 + random.exponential(0.5, n)
    return np.stack([step, random.integers(30, 90, n), random.integers(20, 110, n), duration], axis=-1)


def test_nats_are_those_of_the_trained_model(pianist: Pianist, tmp_path: Path) -> None:
    """By another way: all at once, through the training's encoding and Keras' own loss."""
    import keras

    from livegen.training import export

    export.save(pianist, tmp_path / "full", dtype="float32")
    runtime = LiteRt(export.litert(tmp_path / "full", quantise=False), Sizes(16, 2, 8, (4, 6, 3, 5)))
    notes = some_notes(9)
    notes[-1, [0, 3]] = 1.234, 9.0  # a bin of several cells, and the last one
    tokens = features.tokens(notes)[None]
    tokens[:, 0, 0] = features.START
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = [float(loss(tokens[:, -1:, i], logits[:, -1:])) for i, logits in enumerate(pianist(tokens).values())]
    expected[0] += np.log(len([cell for cell in range(801) if features.time_bin(cell / 100) == tokens[0, -1, 0]]))
    np.testing.assert_allclose(nats(runtime, notes), expected, atol=1e-3)


def test_windows_keep_their_places_over_the_threads() -> None:
    card = find("livegen")
    content, pieces = card.read_file(FILE), {"a": some_notes(40, 1), "b": some_notes(40, 2)}
    windows = [Window("ab"[i % 2], 12 + i) for i in range(11)]
    costs = evaluate(content, card.architecture, windows, pieces, context=5)
    runtime = LiteRt(content, card.architecture)
    for window, cost in zip(windows, costs, strict=True):
        expected = nats(runtime, pieces[window.piece][window.target - 5 : window.target + 1])
        np.testing.assert_allclose(cost, expected, rtol=1e-6)


def test_the_standard_error_is_by_piece() -> None:
    values = np.random.default_rng(0).normal(10, 2, 60)
    each = [Window(str(i), 30) for i in range(60)]
    assert standard_error(values, each) == pytest.approx(values.std(ddof=1) / np.sqrt(60))
    thrice = [Window(str(i // 3), 30) for i in range(180)]  # the same value three times in a piece tells nothing new
    assert standard_error(np.repeat(values, 3), thrice) == pytest.approx(standard_error(values, each))
    assert np.isnan(standard_error(values, [Window("one", 30)] * 60))


def test_figures_add_up() -> None:
    costs = {25: np.array([[1.0, 2, 3, 4], [3, 4, 5, 6]]), 5: np.array([[2.0, 2, 3, 4], [4, 4, 5, 6]])}
    found = figures(costs, [Window("a", 30), Window("b", 40)])
    assert (found.step, found.pitch, found.velocity, found.duration, found.total) == (2, 3, 4, 5, 14)
    assert found.contexts == {"5": 15, "25": 14}
    assert (found.windows, found.pieces, found.se) == (2, 2, 4)


def test_the_windows_are_all_there() -> None:
    windows = read_windows(WINDOWS)
    assert len(windows) == 20_000
    assert len({window.piece for window in windows}) == 137
    assert min(window.target for window in windows) >= 25
    few = read_windows(WINDOWS, 200)
    assert len(few) == len(set(few)) == 200
    assert len({window.piece for window in few}) > 100


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"a,b\n1,2\n"), gzip.compress(b"x" * 99)[:-9]])
def test_what_are_no_windows_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "windows.csv.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"not a csv\.gz with the columns"):
        read_windows(path)


def test_the_command_prints_figures(tmp_path: Path) -> None:
    import mido

    midi = mido.MidiFile()
    track = midi.add_track()
    for k in range(40):
        track.append(mido.Message("note_on", note=50 + k % 20, velocity=70, time=60))
        track.append(mido.Message("note_off", note=50 + k % 20, velocity=0, time=100))
    midi.save(tmp_path / "piece.midi")
    windows = tmp_path / "windows.csv.gz"
    windows.write_bytes(gzip.compress(b"midi_filename,target\npiece.midi,26\npiece.midi,30\n"))
    command = [sys.executable, "-m", "livegen.training.evaluate", "--data", str(tmp_path), "--windows", str(windows)]
    done = subprocess.run([*command, "--contexts", "1", "--json"], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["windows"] == 2
    assert found["contexts"].keys() == {"1", "25"}
    assert 0 < found["total"] < 30
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"total    {found['total']:8.3f}" in text
