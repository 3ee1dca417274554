"""Plays the demo scores with a model, and writes the performances that the demo input plays.

    python -m tools.humanise --out livegen/demo [--piece 6-blues] [--model livegen] [--seed 1]

The score gives the pitches and the approximate times. The model gives timing, velocity and durations: each of its
distributions is multiplied by a bell curve around the written value, and bounded. Then the model continues the phrase.
In a score with a beat, onsets are normally distributed around the beat instead, and the phrase ends as written. A seed
and a model file reproduce each file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo
from numpy.typing import NDArray

from livegen.cli.runner import PATH, SEED, module
from livegen.encoding import (
    CELL,
    TIME_BINS,
    VELOCITY_BINS,
    VELOCITY_WIDTH,
    Token,
    bin_time,
    bin_velocity,
    context,
    time_bin,
)
from livegen.engine import card
from livegen.engine.improviser import Improviser
from livegen.engine.litert import LiteRt
from livegen.engine.runtime import Runtime, State, how
from livegen.files import drafted, unwritable
from livegen.note import WINDOW, Note
from livegen.stage.events import ResponseNote
from livegen.stage.playable import playable
from livegen.stage.response import compose
from tools.scores import SCORES, Score, ScoreNote, row
from tools.scores import notes as score_notes

CHORD = 0.030  # s; simultaneous notes of the score sound within this
CHORD_ON_BEAT = 0.012
STEP_BOUNDS = (0.6, 1.6)  # times the written value
STEP_BELL = 0.06  # of ln(step / written)
ON_BEAT = 0.008  # s, standard deviation of an onset around the beat, as a good player has
DURATION_BOUNDS = (0.5, 1.3)
DURATION_BELL = 0.2
LOUDNESS = {True: 72.0, False: 52.0}  # typical velocity of the melody, and of other notes
LOUDNESS_BELL = 8.0
CARRY_ON = 2.5  # s, approximate length of the continuation
LARGEST_HOLE = 0.45  # s without a key down; after a longer gap the call could count as ended
ATTEMPTS = 200
REPEDAL = 0.08  # s from pedal up to pedal down at a change

TICKS_PER_BEAT = 480
TEMPO = 120  # quarter notes in a minute
TICKS_PER_SECOND = TICKS_PER_BEAT * TEMPO / 60

_MIDDLES = np.array([bin_time(b, 0.5) for b in range(TIME_BINS)])  # s
_LOUDNESS = np.array([(b + 0.5) * VELOCITY_WIDTH for b in range(VELOCITY_BINS)])


@dataclass(frozen=True, slots=True)
class Rendition:
    notes: tuple[ResponseNote, ...]  # offsets from the first onset
    pedals: tuple[tuple[float, bool], ...]  # s, down


def perform(score: Score, runtime: Runtime, seed: int) -> Rendition:
    """A score as the model plays it, and its continuation if it has no beat, without long gaps."""
    for attempt in range(ATTEMPTS):
        random = np.random.default_rng([seed, attempt])
        played = list(_play(score, runtime, random))
        written = playable(_placed(played))
        end = max(n.offset + n.duration for n in written)
        if not score.beat:
            gap = min(end - written[-1].offset, 1.0)
            more = compose(Improviser(runtime).improvise(played, gap, random), CARRY_ON, 2 * CARRY_ON)
            end = written[-1].offset + gap
            written = playable([*written, *(_later(note, end) for note in more)])
        if not _has_hole(written):
            return Rendition(written, _pedals(score, played, end))
    raise RuntimeError(f"{score.title}: every attempt has a gap. Try another seed.")


def _play(score: Score, runtime: Runtime, random: np.random.Generator) -> Iterator[Note]:
    """The notes of a score with the model's steps, durations and velocities."""
    whole = 240 / score.tempo  # s of a whole note
    written = score_notes(score)
    done: list[Note] = []
    now = float(written[0].onset) * whole  # s, the last onset; on the beat, errors do not add up
    spread = 0.0  # s since the first note of the chord
    for i, note in enumerate(written):
        duration = float(note.value) * whole
        if not done:
            done.append(Note(note.pitch, 0.0, duration, round(LOUDNESS[note.melody])))
        else:
            wait = float(note.onset - written[i - 1].onset) * whole
            state = _heard(runtime, done)
            if wait and score.beat:
                seconds = max(0.0, float(note.onset) * whole + random.normal(0.0, ON_BEAT) - now)
                step = time_bin(seconds)
            else:
                room = (CHORD_ON_BEAT if score.beat else CHORD) - spread
                step, seconds = _step(runtime, state, wait - spread if wait else 0.0, room, random)
            done.append(_struck(runtime, state, note, (step, seconds), duration, random))
            now += done[-1].step
            spread = spread + done[-1].step if wait == 0 else 0.0
        yield done[-1]


def _step(runtime: Runtime, state: State, wait: float, room: float, random: np.random.Generator) -> tuple[int, float]:
    """A step to the next note, as bin and in s: about `wait` s, or within `room` s in a chord."""
    if wait > 0:
        return _time(runtime, "step", state, (0, 0, 0, 0, 0), wait, STEP_BOUNDS, STEP_BELL, random)
    step = _sampled(state.steps, np.where(max(room, CELL) > _MIDDLES, 0.0, -np.inf), random)
    return step, bin_time(step, random.random())


def _struck(
    runtime: Runtime,
    state: State,
    note: ScoreNote,
    after: tuple[int, float],
    duration: float,
    random: np.random.Generator,
) -> Note:
    """A note of the score, with the model's velocity and duration, after a step, as bin and in s."""
    step, seconds = after
    louder = _LOUDNESS - LOUDNESS[note.melody]
    logits = runtime.logits(state, (step, note.pitch, 0, 0, 0))["velocity"]
    velocity = _sampled(logits, _bell(louder, LOUDNESS_BELL), random)
    heard = (step, note.pitch, velocity, 0, 0)
    _, lasting = _time(runtime, "duration", state, heard, duration, DURATION_BOUNDS, DURATION_BELL, random)
    return Note(note.pitch, seconds, lasting, bin_velocity(velocity, random.random()))


def _time(
    runtime: Runtime,
    variable: str,
    state: State,
    heard: Token,
    written: float,
    bounds: tuple[float, float],
    bell: float,
    random: np.random.Generator,
) -> tuple[int, float]:
    """A bin near `written` s, and a time in it."""
    ratio = _MIDDLES / written
    allowed = (ratio >= bounds[0]) & (ratio <= bounds[1])
    allowed[time_bin(written)] = True
    weight = np.where(allowed, _bell(np.log(ratio), bell), -np.inf)
    sampled = _sampled(runtime.logits(state, heard)[variable], weight, random)
    return sampled, bin_time(sampled, 1 - random.random())


def _bell(distance: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """The logarithm of a normal distribution, without its constant."""
    return np.asarray(-((distance / width) ** 2) / 2)


def _sampled(logits: NDArray[np.float32], weight: NDArray[np.float64], random: np.random.Generator) -> int:
    """A sampled category, after adding `weight` to the logits."""
    mass = np.cumsum(np.exp(logits + weight))
    return int(mass.searchsorted(random.random() * mass[-1], side="right"))


def _heard(runtime: Runtime, notes: Sequence[Note]) -> State:
    state = runtime.begin()
    for token in context(notes[-WINDOW:]):
        _, state = runtime.play(state, np.array((token,), np.int32), how())
    return state


def _placed(notes: Sequence[Note]) -> Iterator[ResponseNote]:
    offset = 0.0
    for i, note in enumerate(notes):
        offset += note.step if i else 0.0
        yield ResponseNote(note.pitch, offset, note.duration, note.velocity)


def _later(note: ResponseNote, seconds: float) -> ResponseNote:
    return ResponseNote(note.pitch, note.offset + seconds, note.duration, note.velocity)


def _has_hole(notes: Sequence[ResponseNote]) -> bool:
    end = notes[0].offset
    for before, note in pairwise(notes):
        end = max(end, before.offset + before.duration)
        if note.offset - end > LARGEST_HOLE:
            return True
    return False


def _pedals(score: Score, played: Sequence[Note], end: float) -> tuple[tuple[float, bool], ...]:
    """The written pedal, moved to the times of the played notes, and lifted at `end`."""
    sounding = [note.offset for note in _placed(played)]
    written = [note.onset for note in score_notes(score)]
    pedals: list[tuple[float, bool]] = []
    for onset, marks, _ in row(score.pedal):
        at = next((s for w, s in zip(written, sounding, strict=True) if w >= onset), end)
        pedals.append((at, False))
        if marks:
            pedals.append((at + REPEDAL, True))
    return (*pedals, (end, False))


def to_midi(title: str, performance: Rendition) -> MidiFile:
    """A file of one track: notes and pedal, on channel 1."""
    events: list[tuple[float, int, Message]] = []  # s, rank among simultaneous events
    for at, down in performance.pedals:
        events.append((at, 0, Message("control_change", control=64, value=127 if down else 0)))
    for note in performance.notes:
        events.append((note.offset, 2, Message("note_on", note=note.pitch, velocity=note.velocity)))
        events.append((note.offset + note.duration, 1, Message("note_off", note=note.pitch)))
    track = MidiTrack([MetaMessage("track_name", name=title), MetaMessage("set_tempo", tempo=bpm2tempo(TEMPO))])
    now = 0  # ticks
    for at, _, message in sorted(events, key=lambda event: event[:2]):
        tick = max(now, round(at * TICKS_PER_SECOND))
        track.append(message.copy(time=tick - now))
        now = tick
    return MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track])


@click.command()
@click.option("--model", default="livegen", show_default=True, help="Name or folder of the model.")
@click.option("--out", metavar="DIR", type=PATH, required=True, help="Folder for the *.mid files.")
@click.option(
    "--piece",
    "pieces",
    type=click.Choice([score.name for score in SCORES]),
    multiple=True,
    help="Only this piece. May be repeated. [all]",
)
@click.option("--seed", type=SEED, default=1, show_default=True)
def main(model: str, out: Path, pieces: tuple[str, ...], seed: int) -> None:
    """Play the demo scores with a model."""
    runtime = LiteRt.of(card.find(model))
    for score in (score for score in SCORES if score.name in (pieces or score.name)):
        performance = perform(score, runtime, seed)
        midi, path = to_midi(score.title, performance), out / f"{score.name}.mid"
        try:
            with drafted(path) as draft:
                midi.save(draft)
        except OSError as error:
            raise unwritable(path, error, "Choose another folder with --out.") from error
        click.echo(f"{path.name}: {len(performance.notes)} notes, {midi.length:.1f} s")


if __name__ == "__main__":
    module(main, "tools.humanise")
