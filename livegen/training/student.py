"""Distillation: a student model learns from teachers as well as from the notes (Hinton et al., 2015, arXiv:1503.02531).

Several models together predict new music better than each of them, and one student can learn most of that. Teachers of
different styles are not equally right about a piece: one trained on pop knows little about Chopin. So the student
learns from a weighted mean, in which a teacher counts the more the better it has predicted the piece so far (Bayesian
model averaging: Hoeting et al., 1999, Statistical Science 14(4)).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from keras import ops

from livegen.encoding import VARIABLES
from livegen.training.model import Architecture, Pianist, Tensor

TRUST = 0.1
"""Exponent of the likelihood in the posterior. With 1 a few notes would decide for a single teacher."""

Teacher = Callable[..., dict[str, Tensor]]
"""(tokens, training=False) -> logits of each variable, as `Pianist` returns them."""


class Student(Pianist):
    """A pianist whose loss also compares it with its teachers.

    Args:
        teachers: pianists of any architecture; their weights do not change.
        share: 0..1, the share of the loss that is the cross-entropy with the teachers; the rest is that with the notes.
        architecture: of the student.
        dropout: of the student.
    """

    def __init__(self, teachers: Sequence[Teacher], share: float, architecture: Architecture, dropout: float) -> None:
        super().__init__(architecture, dropout)
        # A function, not a list: Keras would take the teachers' weights for the student's.
        self._taught: Callable[[Tensor], dict[str, Tensor]] = partial(average, tuple(teachers))
        self._share = share

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        *,
        training: bool = True,
    ) -> Tensor:
        loss = super().compute_loss(x, y, y_pred, sample_weight, training=training)
        if not training:
            return loss
        taught = self._taught(x)
        cross = sum(-ops.mean(ops.sum(taught[name] * ops.log_softmax(y_pred[name]), axis=-1)) for name in VARIABLES)
        return (1 - self._share) * loss + self._share * cross


def average(teachers: Sequence[Teacher], tokens: Tensor) -> dict[str, Tensor]:
    """The teachers' predictions of each note, averaged with weights from the notes before it.

    Args:
        teachers: at least one.
        tokens: (batch, time + 1, 5).

    Returns:
        Probabilities (batch, time, categories) of each variable. No gradient flows through them.
    """
    said = [teacher(tokens, training=False) for teacher in teachers]
    logs = [{name: ops.log_softmax(logits) for name, logits in each.items()} for each in said]
    weights = posterior(ops.stack([_log_likelihood(each, tokens[:, 1:]) for each in logs], axis=-1))
    return {
        name: ops.stop_gradient(sum(ops.exp(each[name]) * weights[..., k, None] for k, each in enumerate(logs)))
        for name in VARIABLES
    }


def posterior(log_likelihood: Tensor) -> Tensor:
    """Weights of the teachers, (batch, time, teachers), which add up to 1; for the first note they are equal.

    Args:
        log_likelihood: ln p of each note by each teacher, (batch, time, teachers).
    """
    evidence = TRUST * (ops.cumsum(log_likelihood, axis=1) - log_likelihood)
    # Not ops.softmax: Keras warns of one over a single teacher.
    return ops.exp(evidence - ops.logsumexp(evidence, axis=-1, keepdims=True))


def _log_likelihood(logs: dict[str, Tensor], notes: Tensor) -> Tensor:
    """Ln p of each note, (batch, time): the sum over its variables."""
    return sum(
        ops.take_along_axis(logs[name], notes[..., i, None], axis=-1)[..., 0] for i, name in enumerate(VARIABLES)
    )
