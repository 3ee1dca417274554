"""The pianist as it plays: one note at a time, for the graph that is exported.

The network of `model`, in the form for one note of each part in `network`, with the sampling of the note inside. A note
is one call, since each call costs microseconds.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from livegen.encoding import PITCHES, SIZES, VARIABLES
from livegen.engine.runtime import CHANCES, CUT, HOW, TEMPERATURES
from livegen.training.model import Pianist
from livegen.training.network.attention import BACK, Moments, query_kernel
from livegen.training.network.embedding import AWAY, BEFORE, Reader
from livegen.training.network.heads import conditioning, note_logits, note_pitch_logits
from livegen.training.network.keys import KEYS, Keys, seen
from livegen.training.network.recurrence import advance
from livegen.training.network.sampling import category, cut_off, likelihoods, next_step
from livegen.training.network.stored import Stored, merged
from livegen.training.network.surroundings import around, padded


class Memory(NamedTuple):
    """What is carried along from note to note. Before the first note it is all zeros."""

    states: list[tf.Tensor]  # h and c of each layer
    keys: Keys
    last: list[tf.Tensor]  # (1, 1) each: AWAY less the last pitches, the last first; 0 for no note
    moments: Moments
    hidden: tf.Tensor  # (1, 4 * hidden), contributions of the past to the hidden layers of all heads but the step's
    steps: tf.Tensor  # (1, TIME_BINS) logits

    @classmethod
    def split(cls, memory: tf.Tensor, pianist: Pianist) -> Memory:
        """From one row of numbers, (1, memory)."""
        a = pianist.architecture
        width = a.looks * a.look
        sizes = cls(
            states=[a.units] * 2 * a.layers,
            keys=Keys(KEYS - PITCHES, PITCHES),
            last=[1] * BEFORE,
            moments=Moments(1, width, BACK * width, BACK * width),
            hidden=a.hidden * (len(VARIABLES) - 1),
            steps=SIZES["step"],
        )
        m: Memory = tf.nest.pack_sequence_as(sizes, tf.split(memory, tf.nest.flatten(sizes), axis=-1))
        keys, values = (tf.reshape(part, [a.looks, BACK, a.look]) for part in (m.moments.keys, m.moments.values))
        return m._replace(
            keys=m.keys._replace(strokes=tf.reshape(m.keys.strokes, [1, -1, PITCHES])),
            moments=m.moments._replace(keys=keys, values=values),
        )

    def joined(self) -> tf.Tensor:
        """As one row of numbers, (1, memory)."""
        return tf.concat([tf.reshape(part, [1, -1]) for part in tf.nest.flatten(self)], axis=-1)


class NoteByNote:
    """A pianist for one note at a time.

    Args:
        pianist: as trained.
        stored: its weights.
        fold: read notes by tables (`embedding.Reader`).
    """

    def __init__(self, pianist: Pianist, stored: Stored, *, fold: bool) -> None:
        self._pianist, self._stored = pianist, stored
        kernels = [pianist.lstm[0].cell.kernel, pianist.back.value.kernel]
        self._read = Reader(pianist.read, pianist.read_intervals, kernels, stored, fold=fold)

    def play(self, memory: tf.Tensor, known: tf.Tensor, how: tf.Tensor) -> dict[str, tf.Tensor]:
        """The signature of an export: see `livegen.training.export`."""
        numbers = tf.split(how, HOW, axis=-1)
        m = Memory.split(memory, self._pianist)
        step, *_ = known = tf.unstack(known, axis=-1)
        keys = m.keys.later(step)
        categories, logits = self._sample(m.hidden, keys, m.last[0], known, numbers)
        gates, value = self._read(categories, m.last)
        states, total = advance(self._pianist.lstm, m.states, gates, self._stored)
        keys, moments = keys.struck(categories), m.moments.followed(value)
        moments, mine, hidden = self._attend(total, moments)
        mine += tf.matmul(seen(keys.known()), self._stored(self._pianist.seen_before.kernel))
        steps = note_logits(self._pianist, "step", mine, self._stored)
        following, rest = next_step(steps, numbers)
        last = [AWAY - tf.cast(categories[1], tf.float32)[:, None], *m.last[:-1]]
        return {
            "token": tf.stack(categories, axis=-1),
            "memory": Memory(states, keys, last, moments, hidden, steps).joined(),
            "following": following,
            "rest": rest,
            **logits,
        }

    def _sample(
        self, hidden: tf.Tensor, keys: Keys, last: tf.Tensor, known: list[tf.Tensor], how: list[tf.Tensor]
    ) -> tuple[list[tf.Tensor], dict[str, tf.Tensor]]:
        """The categories of the note whose onset is now, and the logits of all but its step."""
        pianist, stored, width = self._pianist, self._stored, self._pianist.architecture.hidden
        at = keys.known()
        seen_at = tf.matmul(seen(at), stored(pianist.seen_at.kernel))
        hidden += tf.pad(seen_at, [[0, 0], [0, hidden.shape[-1] - seen_at.shape[-1]]])
        at = padded(at)
        categories, logits = known[:1], {}
        for k, name in enumerate(VARIABLES[1:], 1):
            hidden += conditioning(pianist, VARIABLES[k - 1], categories[-1], VARIABLES[k:], stored)
            mine, hidden = tf.split(hidden, [width, hidden.shape[-1] - width], axis=-1)
            if name == "pitch":
                logits[name] = note_pitch_logits(pianist, mine, last, at, stored)
            else:
                logits[name] = note_logits(pianist, name, mine, stored)
            likely = likelihoods(logits[name], how[TEMPERATURES][k])
            sampled = category(cut_off(likely, *how[CUT]) if name == "pitch" else likely, how[CHANCES][k])
            categories.append(tf.where(known[k] < 0, sampled, known[k]))
            if name == "pitch":
                hidden += around(pianist.around, VARIABLES[k + 1 :], at, categories[-1], stored)
        return categories, logits

    def _attend(self, total: tf.Tensor, moments: Moments) -> tuple[Moments, tf.Tensor, tf.Tensor]:
        """The moments after this note, and the contributions of the past to the step's head and to the others."""
        back, stored, units = self._pianist.back, self._stored, self._pianist.architecture.units
        kernel, bias = stored.dense(self._pianist.heads)
        query, moment, hidden = merged(
            total, (query_kernel(back, stored), None), (stored(back.key.kernel), None), (kernel[:units], bias)
        )
        hidden += tf.matmul(moments.found(query, back, stored), kernel[units:])
        mine, hidden = tf.split(hidden, [self._pianist.architecture.hidden, -1], axis=-1)
        return moments.read(moment), mine, hidden
