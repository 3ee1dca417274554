"""The scores of the demo pieces, and their notation.

A voice is a row of notes: C4/8 is an eighth note, C4/12 an eighth of a triplet, C#4/8. is dotted, C4/2+8 is a half note
tied to an eighth, C4+E4/4 is a chord, -/4 is a rest, and | is a bar line without effect. The first voice is the melody.
In the row for the pedal, P/2 is a pedal held for a half note; the next P changes the pedal.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Score:
    name: str  # of the file; the pieces are played in the order of their names
    title: str
    tempo: int  # quarter notes per minute
    bar: Fraction  # of a whole note
    pickup: Fraction  # before the first bar
    voices: tuple[str, ...]
    pedal: str
    beat: bool = False  # played in time


@dataclass(frozen=True, slots=True)
class ScoreNote:
    """A note with times in whole notes."""

    onset: Fraction
    pitch: int  # 0..127
    value: Fraction
    melody: bool

    @property
    def order(self) -> tuple[Fraction, int]:
        return self.onset, self.pitch


def notes(score: Score) -> list[ScoreNote]:
    """All notes of a score, by onset and pitch. A note that two voices share is returned once, the longer one."""
    found: dict[tuple[Fraction, int], ScoreNote] = {}
    for i, voice in enumerate(score.voices):
        for onset, names, value in row(voice):
            for name in names:
                note = ScoreNote(onset, pitch(name), value, melody=i == 0)
                same = found.get(note.order)
                if same is None or same.value < value:
                    found[note.order] = note
    return sorted(found.values(), key=lambda note: note.order)


def row(text: str) -> list[tuple[Fraction, list[str], Fraction]]:
    """The onset, names and value of each entry. A rest has no names."""
    entries, onset = [], Fraction(0)
    for word in text.replace("|", " ").split():
        names, _, values = word.partition("/")
        value = sum((_value(v) for v in values.split("+")), Fraction(0))
        entries.append((onset, [] if names == "-" else names.split("+"), value))
        onset += value
    return entries


def pitch(name: str) -> int:
    """C4 is 60."""
    return 12 * (int(name[-1]) + 1) + "C D EF G A B".index(name[0]) + {"": 0, "#": 1, "b": -1}[name[1:-1]]


def _value(text: str) -> Fraction:
    plain = Fraction(1, int(text.rstrip(".")))
    return plain * 3 / 2 if text.endswith(".") else plain


_BACH_UPPER = "-/8 {0}/16 {1}/16 {2}/16 {0}/16 {1}/16 {2}/16"
_BACH_BARS = (("C4", "E4", "G4 C5 E5"), ("C4", "D4", "A4 D5 F5"), ("B3", "D4", "G4 D5 F5"))


def _shuffle(root: str, upper: str) -> str:
    """A bar of a swung left hand: twice two fifths and two sixths."""
    return " ".join([f"{root}+{name}/6 {root}+{name}/12" for name in upper.split()] * 2)


SCORES = (
    Score(
        name="1-bach",
        title="J. S. Bach, Prelude in C, BWV 846",
        tempo=92,
        bar=Fraction(1),
        pickup=Fraction(0),
        voices=(
            " | ".join(" ".join([_BACH_UPPER.format(*upper.split())] * 2) for _, _, upper in _BACH_BARS),
            " | ".join(" ".join([f"{bass}/2"] * 2) for bass, _, _ in _BACH_BARS),
            " | ".join(" ".join([f"-/16 {tenor}/8.+4"] * 2) for _, tenor, _ in _BACH_BARS),
        ),
        pedal="P/1 | P/1 | P/1",
    ),
    Score(
        name="2-beethoven",
        title="L. van Beethoven, Für Elise, WoO 59",
        tempo=68,
        bar=Fraction(3, 8),
        pickup=Fraction(1, 8),
        voices=(
            "E5/16 D#5/16 | E5/16 D#5/16 E5/16 B4/16 D5/16 C5/16 | A4/8 -/16 C4/16 E4/16 A4/16 | "
            "B4/8 -/16 E4/16 G#4/16 B4/16 | C5/8 -/16 E4/16 E5/16 D#5/16 | "
            "E5/16 D#5/16 E5/16 B4/16 D5/16 C5/16 | A4/4.",
            "-/8 | -/4. | A2/16 E3/16 A3/16 -/8. | E2/16 E3/16 G#3/16 -/8. | A2/16 E3/16 A3/16 -/8. | "
            "-/4. | A2/16 E3/16 A3/4",
        ),
        pedal="-/8 | -/4. | P/4. | P/4. | P/4 -/8 | -/4. | P/4.",
    ),
    Score(
        name="3-chopin",
        title="F. Chopin, Prelude in A, op. 28 no. 7",
        tempo=84,
        bar=Fraction(3, 4),
        pickup=Fraction(1, 4),
        voices=(
            "E4/4 | C#5/8. D5/16 D4+G#4+B4/4 D4+G#4+B4/4 | D4+G#4+B4/2 D5+F#5/4 | "
            "B#4+D#5/8. C#5+E5/16 C#5+A5/4 C#5+A5/4 | C#5+A5/2 -/4",
            "-/4 | E2/4 E3+E4/4 E3+E4/4 | E3+E4/2 -/4 | A2/4 A3+E4/4 A3+E4/4 | A3+E4/2 -/4",
        ),
        pedal="-/4 | P/2. | P/2 -/4 | P/2. | P/2 -/4",
    ),
    Score(
        name="4-schumann",
        title="R. Schumann, Träumerei, op. 15 no. 7",
        tempo=96,
        bar=Fraction(1),
        pickup=Fraction(1, 4),
        voices=(
            "C4/4 | F4/2+8 E4/8 F4/8 A4/8 | C5/8 F5/8 F5/2 E5/8 D5/8 | C5/8 F5/8 G4/8 A4/8 Bb4/8 D5/8 F4/8 E4+G4/8 | "
            "F4+A4/8 C5/8 E4+G4/2 -/4",
            "-/4 | -/4 F3+C4/2. | -/4 F4/2.+4 E4/2 C4/4+4 C4/2 -/4",
            "-/4 | F2/1+4 | D4/2 C4/8 Bb3/8 | A3/4 Bb3/8 A3/8 G3/4 F3/8 G3/8 | A3/4 G3/2 -/4",
            "-/4 | -/4 C3+A3/2.+4 | Bb2+F3/2. | C3/4 C3/2 A2/8 C3/8 | F3/4 C3/8 D3/8 C3/4 -/4",
        ),
        pedal="-/4 | P/4 P/2. | P/4 P/2. | P/4 P/4 P/4 P/4 | P/4 P/2 -/4",
    ),
    Score(
        name="5-satie",
        title="E. Satie, Gymnopédie no. 1",
        tempo=80,
        bar=Fraction(3, 4),
        pickup=Fraction(0),
        voices=(
            "-/4 F#5/4 A5/4 | G5/4 F#5/4 C#5/4 | B4/4 C#5/4 D5/4 | A4/2.",
            "G2/2. | D2/2. | G2/2. | D2/2.",
            "-/4 B3+D4+F#4/2 | -/4 A3+C#4+F#4/2 | -/4 B3+D4+F#4/2 | -/4 A3+C#4+F#4/2",
        ),
        pedal="P/2. | P/2. | P/2. | P/2.",
    ),
    Score(
        name="6-blues",
        title="Blues in C",
        tempo=112,
        bar=Fraction(1),
        pickup=Fraction(0),
        voices=(
            "G4/6 Bb4/12 C5/4 Eb5/12 E5/12 C5/12 A4/4 | C5/6 Eb5/12 F5/4 Eb5/6 C5/12 A4/4 | "
            "G4/6 Bb4/12 C5/4 Eb5/12 E5/12 G5/12 E5/4 | C5/6 A4/12 G4/6 Eb4/12 E4/6 G4/12 C5/4",
            " | ".join((_shuffle("C3", "G3 A3"), _shuffle("F2", "C3 D3"), *[_shuffle("C3", "G3 A3")] * 2)),
        ),
        pedal="-/1 | -/1 | -/1 | -/1",
        beat=True,
    ),
    Score(
        name="7-waltz",
        title="Waltz in G",
        tempo=144,
        bar=Fraction(3, 4),
        pickup=Fraction(0),
        voices=(
            "D5/2 B4/4 | G4/2 B4/4 | C5/2 A4/4 | F#4/2. | E5/4 D5/4 C5/4 | A4/2 F#4/4 | G4/4 B4/4 D5/4 | G5/2.",
            " | ".join(
                f"{bass}/4 {chord}/4 {chord}/4"
                for bass, chord in (
                    *(("G2", "B3+D4"), ("D3", "B3+D4"), ("D3", "A3+C4"), ("A2", "A3+C4")),
                    *(("D3", "A3+C4"), ("A2", "A3+C4"), ("D3", "B3+D4"), ("G2", "B3+D4")),
                )
            ),
        ),
        pedal=" | ".join(["P/2."] * 8),
        beat=True,
    ),
    Score(
        name="8-ballad",
        title="Ballad in C",
        tempo=76,
        bar=Fraction(1),
        pickup=Fraction(0),
        voices=(
            "E5/4. D5/8 E5/8 G5/4. | D5/4. C5/8 D5/2 | C5/4. B4/8 C5/8 E5/4. | A4/4 C5/4 A4/2",
            " | ".join(
                " ".join(f"{name}/8" for name in bar.split())
                for bar in (
                    "C3 G3 C4 E4 G3 C4 E4 C4",
                    "B2 G3 B3 D4 G3 B3 D4 B3",
                    "A2 E3 A3 C4 E3 A3 C4 A3",
                    "F2 C3 F3 A3 C3 F3 A3 C4",
                )
            ),
        ),
        pedal="P/1 | P/1 | P/1 | P/1",
        beat=True,
    ),
)
