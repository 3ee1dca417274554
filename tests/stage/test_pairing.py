from __future__ import annotations

import pytest

from livegen.stage.pairing import RESTRIKE_GRACE, Pairing

KEY = (0, 0, 60)


def played(text: str) -> list[str]:
    """What becomes of "on 0.5, off 0.7": for each event what it ended, or "-"."""
    pairing: Pairing[tuple[int, int, int]] = Pairing()
    done, sounding = [], 0
    for number, event in enumerate(text.split(", ")):
        kind, at = event.split()
        ended = pairing.press(KEY, float(at)) if kind == "on" else pairing.release(KEY, float(at))
        done.append(f"ends {sounding}" if ended else "-")
        if kind == "on":
            sounding = number
    return done


@pytest.mark.parametrize(
    ("events", "ended"),
    [
        ("on 0, off 1, on 1, off 2", ["-", "ends 0", "-", "ends 2"]),
        ("on 0, on 1, off 2", ["-", "ends 0", "ends 1"]),
        ("on 0, on 1, off 1, off 2", ["-", "ends 0", "-", "ends 1"]),
        ("on 0, on 1, off 1.005, off 2", ["-", "ends 0", "-", "ends 1"]),
        ("on 0, on 1, off 1.0051, off 2", ["-", "ends 0", "ends 1", "-"]),
        ("on 0, on 1, off 1.001, off 1.002", ["-", "ends 0", "-", "ends 1"]),  # only one is late
        ("on 0, on 0, on 0, off 0, off 0, off 0", ["-", "ends 0", "ends 1", "-", "-", "ends 2"]),
        ("on 0, on 1, off 1, on 2, off 2, off 3", ["-", "ends 0", "-", "ends 1", "-", "ends 3"]),
        ("on 0, on 1, off 1.5, on 1.501, off 1.502", ["-", "ends 0", "ends 1", "-", "ends 3"]),
        ("off 0, on 1, off 1, off 1", ["-", "-", "ends 1", "-"]),
    ],
)
def test_which_note_off_ends_which_note(events: str, ended: list[str]) -> None:
    assert played(events) == ended


@pytest.mark.parametrize("at", [0.1 + 0.2, 1e5 / 3, 86_399.7])
def test_the_grace_is_inclusive_however_times_are_rounded(at: float) -> None:
    pairing: Pairing[int] = Pairing()
    pairing.press(60, 0.0)
    pairing.press(60, at)
    assert not pairing.release(60, at + 0.001 + 0.004)
    assert pairing.release(60, at + RESTRIKE_GRACE + 0.001)


def test_keys_are_apart_and_known() -> None:
    pairing: Pairing[int] = Pairing()
    assert not pairing.press(60, 0.0) and not pairing.press(62, 0.0)
    assert list(pairing) == [60, 62] and len(pairing) == 2
    assert not pairing.release(64, 1.0)
    assert pairing.release(60, 1.0)
    assert 60 not in pairing and 62 in pairing


def test_an_end_knows_no_grace() -> None:
    pairing: Pairing[int] = Pairing()
    pairing.press(60, 0.0)
    pairing.press(60, 1.0)
    assert pairing.end(60) and not pairing.end(60)
    assert not pairing.press(60, 1.001)
    assert pairing.release(60, 1.002)  # what was late before is forgotten
