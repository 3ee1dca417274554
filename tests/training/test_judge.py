"""The judge's figures on notes whose answers are known, and players that it must see through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from livegen.encoding import time_bin
from livegen.engine.card import find
from livegen.errors import DataError
from livegen.note import INSTANT
from livegen.stage.settings import Sampling

pytest.importorskip("matplotlib", reason="matplotlib is missing")

from livegen.training.corpus import Piece
from livegen.training.data import COLUMNS, DURATION, PITCH, STEP, VELOCITY, Notes
from livegen.training.judge import continuations, endurance, following, verdict
from livegen.training.judge.continuations import (
    LONG,
    NO_NOTES,
    SHORT,
    ParallelContinuer,
    Prompt,
    loop,
    model,
    sample_prompts,
)
from livegen.training.judge.distributions import BINS, between_halves, bins, count, jensen_shannon
from livegen.training.judge.verdict import Bounds, Estimate, MetricRow, facts


def notes(*rows: tuple[float, float, float, float]) -> Notes:
    """Of pitch, step, duration and velocity; no pedal."""
    array = np.zeros((len(rows), COLUMNS))
    array[:, :4] = rows
    array[:, 5:] = np.inf
    return array


def music(n: int, seed: int, character: int = 0) -> Notes:
    """Notes around a middle, a tempo, a loudness and a touch of the character's own."""
    own, random = np.random.default_rng(character), np.random.default_rng([seed, character])
    middle, slow, loud, long = own.uniform([45, -0.8, 40, -1.0], [80, 0.8, 90, 1.0])
    pitch = middle + random.choice([0, 4, 7], n)
    step = np.where(random.random(n) < 0.3, 0.005, 0.2 * np.exp(slow + random.normal(0, 0.3, n)))
    duration, velocity = 0.3 * np.exp(long + random.normal(0, 0.5, n)), loud + random.integers(-15, 16, n)
    return notes(*np.stack([np.floor(pitch), step, duration, np.floor(velocity)], axis=-1).tolist())


def test_each_note_falls_into_one_bin_of_each_variable() -> None:
    prompt = notes((60, 0, 3.0, 64), (61, 0.5, 0.1, 64))
    found = bins(prompt, notes((64, 0.25, 0.2, 127), (52, 0.04, 9.0, 3), (100, 1.5, 0.001, 40)))
    assert found["pitch"].tolist() == [64, 52, 100]
    assert found["pitch class"].tolist() == [4, 4, 4]
    assert (found["interval"] - 36).tolist() == [3, -12, 36]
    assert found["step"].tolist() == [time_bin(0.25), 4, time_bin(1.5)]
    assert found["duration"].tolist() == [time_bin(0.2), BINS["duration"] - 1, 0]
    assert found["velocity"].tolist() == [31, 0, 10]
    assert (found["polyphony"] + 1).tolist() == [2, 3, 3]
    assert (found["density"] + 1).tolist() == [3, 4, 1]
    counted = count([prompt, prompt], [prompt, prompt[:1]])
    assert {name: each.shape for name, each in counted.items()} == {name: (2, size) for name, size in BINS.items()}
    assert all(each.sum(axis=1).tolist() == [2, 1] for each in counted.values())


def test_the_distance_of_jensen_and_shannon() -> None:
    assert jensen_shannon(np.array([2.0, 6, 0]), np.array([1.0, 3, 0])) == pytest.approx(0, abs=1e-7)
    assert jensen_shannon(np.array([1.0, 1, 0]), np.array([0.0, 0, 5])) == pytest.approx(1)
    entropy = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    assert jensen_shannon(np.array([4.0, 0]), np.array([2.0, 2])) == pytest.approx(np.sqrt(entropy - 0.5))


def test_halves_share_no_piece() -> None:
    apart = np.array([[5.0, 0], [3, 0], [0, 2], [0, 9]])
    assert between_halves(apart, np.array([0, 0, 1, 1])) == 1
    assert between_halves(np.ones((4, 2)), np.array([0, 1, 2, 3])) == pytest.approx(0, abs=1e-7)
    assert np.isnan(between_halves(apart, np.zeros(4, int)))


def test_n_grams_are_the_same_in_every_key_and_at_about_the_same_pace() -> None:
    line = notes(*[(60 + k * k % 7, 0.2, 0.3, 64) for k in range(12)])
    other = line.copy()
    other[:, PITCH] += 5
    other[:, STEP] = 0.3  # of the same class
    other[:, VELOCITY] = 20
    assert np.array_equal(endurance.grams(line, 3), endurance.grams(other, 3))
    assert len(endurance.grams(line, 3)) == 9
    assert len(endurance.grams(line[:3], 3)) == 0
    slower = line.copy()
    slower[6, STEP] = 0.33
    assert (endurance.grams(line, 3) != endurance.grams(slower, 3)).tolist() == [k in (3, 4, 5) for k in range(9)]


def test_n_grams_are_found_in_the_prompt_in_itself_and_in_the_train_split() -> None:
    one, two = music(40, 1), music(40, 2)
    assert endurance.shared_with_prompt(one, np.concatenate([one[5:20], two]))[0] >= 12
    fresh = notes(*[(30 + k * (k + 1) // 2, 0.2, 0.3, 64) for k in range(12)])  # intervals 1, 2, 3...
    assert endurance.shared_with_prompt(one, fresh) == (0, 9)
    assert endurance.shared_with_itself(fresh) == (0, 9)
    assert endurance.shared_with_itself(np.concatenate([fresh, fresh, fresh])) == (9 + 12, 33)
    index = endurance.index([one, fresh])
    assert (np.diff(index.astype(object)) > 0).all()
    assert endurance.shared_with_train(fresh, index) == (6, 6)
    assert endurance.shared_with_train(two, index)[0] < 10
    assert endurance.shared_with_train(two, endurance.index([])) == (0, 34)


def test_spread_is_of_ratios() -> None:
    assert endurance.spread(np.full(9, 0.3)) == pytest.approx(0)
    assert endurance.spread(np.array([0.1, 0.1 * np.e**2])) == pytest.approx(1)
    assert endurance.spread(np.array([0.0, 0.01])) == 0  # one chord is as close as another


def test_traits_and_correlations() -> None:
    found = following.traits(notes((60, 7, 1.0, 50), (64, 0.5, np.e, 70), (68, 0.3, np.e**2, 90)))
    assert found == pytest.approx([2 / 0.8, 70, 64, 1])
    assert following.traits(notes((60, 1, 1, 50)))[0] == 0
    assert following.traits(notes((60, 1, 0.0, 50)))[-1] == pytest.approx(np.log(INSTANT))  # a player may draw 0 s
    assert following.ranks(np.array([3.0, 1, 3, 7])).tolist() == [2.5, 1, 2.5, 4]
    a = np.array([1.0, 2, 3, 4])
    assert following.rank_correlation(a, a**3) == pytest.approx(1)
    assert following.rank_correlation(a, np.array([2.0, 1, 4, 3])) == pytest.approx(0.6)
    assert np.isnan(following.rank_correlation(a, np.ones(4)))
    c, d, chromatic = ([(pitch, 0.1, 0.1, 64)] for pitch in (60, 62, 0))
    chromatic = [(pitch, 0.1, 0.1, 64.0) for pitch in range(60, 72)]
    profiles = following.profile_correlations(
        [notes(*c), notes(*c), notes(*c)], [notes(*c, *c), notes(*d), notes(*chromatic)]
    )
    assert profiles == pytest.approx([1, -1 / 11, 0])


def test_a_target_is_met_missed_or_within_the_interval() -> None:
    target = Bounds(0.95, 1.1)
    figures = [Estimate(1.0, 0.5), Estimate(0.9, 0.06), Estimate(0.9, 0.04), Estimate(1.2, 0.05), Estimate(np.nan, 1)]
    assert [target.met(figure) for figure in figures] == ["yes", "interval", "no", "no", "unknown"]


def piece(name: str, n: int) -> Piece:
    return Piece(name, notes(*[(30 + k % 50, 0.1, 0.1, 64) for k in range(n)]), "")


def test_prompts_are_drawn_from_pieces_that_go_on_long_enough() -> None:
    pieces = [piece("short", 124), piece("middle", 300), piece("long", 25 + LONG)]
    prompts = sample_prompts(pieces, 40, seed=3)
    assert [len(prompt.truth) for prompt in prompts] == [LONG if k % 5 == 0 else SHORT for k in range(40)]
    assert {prompt.piece for prompt in prompts} == {"middle", "long"}
    assert all(prompt.notes.shape == (25, COLUMNS) for prompt in prompts)
    for prompt in prompts:
        pitch = np.concatenate([prompt.notes, prompt.truth])[:, PITCH] - 30
        assert np.array_equal(np.diff(pitch) % 50, np.ones(len(pitch) - 1))
    again = sample_prompts(pieces, 10, seed=3)
    assert all(np.array_equal(a.truth, b.truth) for a, b in zip(again, prompts, strict=False))
    with pytest.raises(DataError, match="no piece has the 525 notes"):
        sample_prompts(pieces[:2], 1, seed=0)


def test_a_loop_repeats_its_prompt_with_a_step_between() -> None:
    prompt = notes((60, 9.0, 0.1, 50), (62, 0.2, 0.1, 60), (64, 0.4, 0.1, 70))
    found = loop(prompt, 7, np.random.default_rng(0))
    assert found[:, PITCH].tolist() == [60, 62, 64, 60, 62, 64, 60]
    assert found[:, STEP] == pytest.approx([0.3, 0.2, 0.4, 0.3, 0.2, 0.4, 0.3])


def test_the_model_plays_what_hands_can_play() -> None:
    go_on = model(find("livegen"), Sampling()).ready()
    prompt = music(25, 1)
    one, same, other = (go_on(prompt, 80, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    assert one.shape == (80, COLUMNS)
    onset = np.cumsum(one[:, STEP])
    for pitch in np.unique(one[:, PITCH]):
        struck = one[:, PITCH] == pitch
        assert (np.diff(onset[struck]) > one[struck, DURATION][:-1]).all()


def test_a_model_with_a_memory_remembers_only_what_came_before_its_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuations.os, "cpu_count", lambda: 1)

    def continued(*befores: Notes) -> list[Notes]:
        prompts = [Prompt("", music(25, 1), music(30, 2), before) for before in befores]
        return model(find("livegen"), Sampling(memory=0.9)).continue_prompts(prompts, 3, print)

    first, second = music(100, 1), music(100, 4)
    alone = continued(first, NO_NOTES)
    assert np.array_equal(continued(second, NO_NOTES)[1], alone[1])
    assert not np.array_equal(continued(second)[0], alone[0])


@pytest.mark.parametrize("threads", [1, 3])
def test_draws_depend_on_the_prompt_and_not_on_the_thread(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(continuations.os, "cpu_count", lambda: threads)
    monkeypatch.setattr(continuations, "REPORT_EVERY", 0.0)
    prompts = [Prompt("a", music(25, k), music(SHORT, k)) for k in range(7)]
    ready = []

    def go_on(prompt: Notes, count: int, random: np.random.Generator) -> Notes:
        return prompt[:1] * random.random() + count

    told: list[str] = []
    continuer = ParallelContinuer("dice", lambda: ready.append(1) or go_on)
    played = continuer.continue_prompts(prompts, 5, told.append)
    expected = [p.notes[:1] * np.random.default_rng([5, 1, k]).random() + SHORT for k, p in enumerate(prompts)]
    np.testing.assert_array_equal(played, expected)
    assert len(ready) == threads
    assert told[2].startswith("dice: 3 of 7 prompts, ")


CHARACTERS = 24


@pytest.fixture(scope="module")
def judged() -> Callable[[continuations.Continue], dict[str, str]]:
    """What is met by a player whose prompts are of pieces with a character each."""
    pieces = [Piece(str(k), music(25 + LONG + 300, 1, k), "") for k in range(CHARACTERS)]
    prompts = sample_prompts(pieces, 100, seed=1)
    train = endurance.index(TRAIN)
    truth = facts(prompts, [prompt.truth for prompt in prompts], train)

    def judge(go_on: continuations.Continue) -> dict[str, str]:
        found = facts(prompts, ParallelContinuer("it", lambda: go_on).continue_prompts(prompts, 1, print), train)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(verdict, "BOOTSTRAPS", 60)
            rows: list[MetricRow] = verdict.verdict(prompts, truth, {"it": found})
        return {f"{row.group}, {row.name}": row.target.met(row.figures["it"]) for row in rows}

    # A player knows the piece by the prompt; here by looking it up.
    names = {prompt.notes.tobytes(): int(prompt.piece) for prompt in prompts}
    judge.character = lambda prompt: names[prompt.tobytes()]
    return judge


TRAIN = [music(2000, 2, 100 + k) for k in range(10)]


def missed(found: dict[str, str]) -> set[str]:
    return {name for name, met in found.items() if met == "no"}


def test_a_pianist_of_the_same_character_passes(judged) -> None:
    found = judged(lambda prompt, count, random: music(count, int(random.integers(2**32)), judged.character(prompt)))
    assert len(found) == 19
    assert missed(found) == set()
    assert list(found.values()).count("yes") >= 12


def test_a_loop_does_not_pass(judged) -> None:
    assert missed(judged(loop)) >= {"n-grams, the prompt", "n-grams, itself", "n-grams, itself, 500 notes"}


def test_who_recites_the_train_split_does_not_pass(judged) -> None:
    def recite(prompt: Notes, count: int, random: np.random.Generator) -> Notes:
        piece = TRAIN[random.integers(len(TRAIN))]
        at = random.integers(len(piece) - count)
        response = piece[at : at + count].copy()
        response[:, PITCH] += random.integers(-3, 4)  # in another key it is no less by heart
        response[:, VELOCITY] = prompt[0, VELOCITY]
        return response

    found = missed(judged(recite))
    assert "n-grams, the train split" in found
    assert "follows, register" in found


def test_who_collapses_does_not_pass(judged) -> None:
    def collapse(prompt: Notes, count: int, random: np.random.Generator) -> Notes:
        response = music(count, int(random.integers(2**32)), judged.character(prompt))
        response[SHORT:, [STEP, DURATION]] = response[:SHORT, [STEP, DURATION]].mean(axis=0)
        return response

    found = missed(judged(collapse))
    assert {"spread, step", "spread, duration"} <= found
    assert not any(name.startswith(("distance", "follows")) for name in found)  # the first 100 notes are good


def test_who_does_not_listen_does_not_pass(judged) -> None:
    found = missed(judged(lambda prompt, count, random: music(count, 9, int(random.integers(CHARACTERS)))))
    assert {name for name in found if name.startswith("follows")} == {
        f"follows, {name}" for name in (*following.TRAITS, "pitch classes")
    }


def test_who_bangs_does_not_pass(judged) -> None:
    def bang(prompt: Notes, count: int, random: np.random.Generator) -> Notes:
        response = music(count, int(random.integers(2**32)), judged.character(prompt))
        response[:, VELOCITY] = 127
        return response

    found = missed(judged(bang))
    assert found == {"distance, velocity"}  # of dynamics that never change there is no rank


def test_the_intervals_are_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece's prompts twice over tell nothing new."""
    monkeypatch.setattr(verdict, "BOOTSTRAPS", 50)
    prompts = [Prompt(str(k % 8), music(25, k, k % 8), music(SHORT, k, k % 8)) for k in range(16)]
    truth = facts(prompts, [prompt.truth for prompt in prompts], endurance.index(TRAIN))
    response = facts(prompts, [music(SHORT, 90 + k, k % 8) for k in range(16)], endurance.index(TRAIN))

    def twice(of: verdict.Facts) -> verdict.Facts:
        return replace(
            of,
            counts={name: np.repeat(each, 2, axis=0) for name, each in of.counts.items()},
            spreads={name: np.repeat(each, 2, axis=0) for name, each in of.spreads.items()},
            shared={name: np.repeat(each, 2, axis=0) for name, each in of.shared.items()},
            **{name: np.repeat(getattr(of, name), 2, axis=0) for name in ("traits", "called", "profiles")},
        )

    once = verdict.verdict(prompts, truth, {"it": response})
    doubled = verdict.verdict([p for p in prompts for _ in range(2)], twice(truth), {"it": twice(response)})
    for a, b in zip(once, doubled, strict=True):
        assert a.figures["it"].value == pytest.approx(b.figures["it"].value, nan_ok=True)
        assert a.figures["it"].half == pytest.approx(b.figures["it"].half, rel=1e-6, nan_ok=True)
    assert {row.name for row in once if np.isnan(row.figures["it"].value)} >= {"itself, 500 notes"}  # none is long
