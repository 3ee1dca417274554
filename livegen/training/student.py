"""Learning from other models beside the notes: from what they find likely on average.

Several models together know new music better than each of them, and most of that one model can learn from them
(distillation: Hinton et al., 2015, arXiv:1503.02531).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from keras import ops

from livegen.encoding import VARIABLES
from livegen.training.model import Architecture, Pianist, Tensor


class Student(Pianist):
    """A pianist that is taught.

    Args:
        teachers: of any architecture.
        taught: share of the loss that is the cross-entropy with the mean of their likelihoods; the rest is the notes'.
    """

    def __init__(self, teachers: Sequence[Pianist], taught: float, architecture: Architecture, dropout: float) -> None:
        super().__init__(architecture, dropout)
        # A function, not a list: Keras would take the weights of these for the student's.
        self._likely: Callable[[Tensor], dict[str, Tensor]] = partial(_likely, tuple(teachers))
        self._taught = taught

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
        likely = self._likely(x)
        told = sum(-ops.mean(ops.sum(likely[name] * ops.log_softmax(y_pred[name]), axis=-1)) for name in VARIABLES)
        return (1 - self._taught) * loss + self._taught * told


def _likely(teachers: Sequence[Pianist], tokens: Tensor) -> dict[str, Tensor]:
    """Likelihoods (batch, time, categories) of each variable: the mean over all teachers."""
    said = [teacher(tokens, training=False) for teacher in teachers]
    return {name: ops.stop_gradient(sum(ops.softmax(one[name]) for one in said) / len(said)) for name in VARIABLES}
