"""Training on several machines: each computes a share of every batch, and all take the same steps.

TensorFlow's `MultiWorkerMirroredStrategy` connects the workers that TF_CONFIG names, adds up their gradients, and
detects lost workers. Each worker has the whole model, Keras' own training loop, and one device.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from livegen.errors import ClusterError, ConfigError
from livegen.quiet import quiet
from livegen.training import Progress

TF_CONFIG = "TF_CONFIG"
EXAMPLE = '{"cluster": {"worker": ["one:2222", "two:2222"]}, "task": {"type": "worker", "index": 0}}'
LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)
"""What TensorFlow raises when a worker is lost; which one depends on what the others are doing."""


class Cluster:
    """The workers of a run, including this process. All workers must make the same calls in the same order."""

    def __init__(self, index: int = 0, count: int = 1, strategy: Any = None) -> None:  # noqa: ANN401  (TensorFlow has no types)
        self.index, self.count = index, count
        self._strategy = strategy  # None for a single worker
        self._summed = tf.function(self._sum, reduce_retracing=True)

    @property
    def chief(self) -> bool:
        """Whether this worker writes the run's folder."""
        return self.index == 0

    @property
    def share(self) -> slice:
        """The part of a batch that this worker computes."""
        return slice(self.index, None, self.count)

    def mean(self, tensors: Sequence[Any]) -> list[Any]:
        """The mean of each tensor over all workers."""
        if self._strategy is None:
            return list(tensors)
        dense = [tf.convert_to_tensor(tensor) for tensor in tensors]  # gradients of embeddings are sparse
        flat = self._summed(tf.concat([tf.reshape(tensor, [-1]) for tensor in dense], axis=0)) / self.count
        parts = tf.split(flat, [tensor.shape.num_elements() for tensor in dense])
        return [tf.reshape(part, tensor.shape) for part, tensor in zip(parts, dense, strict=True)]

    def from_chief(self, array: NDArray[Any]) -> NDArray[Any]:
        """The chief's array. `array` must have the same shape on all workers."""
        if self._strategy is None:
            return array
        shared = self._summed(tf.constant(array if self.chief else np.zeros_like(array), tf.float64))
        content: NDArray[Any] = shared.numpy().astype(array.dtype)
        return content

    def text_from_chief(self, text: str) -> str:
        """The chief's text."""
        content = np.frombuffer(text.encode(), np.uint8)
        size = int(self.from_chief(np.array([len(content)]))[0])
        return self.from_chief(content if self.chief else np.zeros(size, np.uint8)).tobytes().decode()

    def align(self, variables: Sequence[keras.Variable]) -> None:
        """Give all workers the chief's values of these variables."""
        if self._strategy is None:
            return
        values = [variable.numpy() for variable in variables]
        flat = self.from_chief(np.concatenate([value.ravel().astype(np.float64) for value in values]))
        parts = np.split(flat, np.cumsum([value.size for value in values])[:-1])
        for variable, value, part in zip(variables, values, parts, strict=True):
            variable.assign(part.reshape(value.shape).astype(value.dtype))

    def agree(self, settings: Mapping[str, Any]) -> None:
        """Check that all workers have the same settings.

        Raises:
            ConfigError: one differs. That worker names the settings; the others only report that one differs.
        """
        theirs, ours = json.loads(self.text_from_chief(json.dumps(settings))), json.loads(json.dumps(settings))
        other = [name for name in ours if ours[name] != theirs.get(name)]
        if self.mean([tf.constant([float(bool(other))], tf.float64)])[0] > 0:
            who = f"Worker {self.index}" if other else "Another worker (see its message)"
            what = f" in {', '.join(other)}" if other else ""
            raise ConfigError(
                f"{who} differs from worker 0{what}. Start all workers with the same command, on the same data."
            )

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turn what TensorFlow raises when another worker is lost into a clear error.

        Raises:
            ClusterError: another worker was lost.
        """
        try:
            yield
        except LOST as error:
            if self._strategy is None:
                raise
            raise ClusterError(
                f"Worker {self.index} of {self.count} lost the connection to another worker. All epochs that ended are"
                " saved. Start all workers again with the same command to resume."
            ) from error

    def _sum(self, flat: tf.Tensor) -> tf.Tensor:
        strategy = self._strategy
        with tf.device(strategy.extended.worker_devices[0]):
            here = tf.identity(flat)

        def everywhere() -> tf.Tensor:
            return tf.distribute.get_replica_context().all_reduce("SUM", here)

        return strategy.run(everywhere)


def join(progress: Progress = lambda _: None) -> Cluster:
    """Connect to the workers that TF_CONFIG names, and wait for them. Without it, this process is the only worker.

    Call it before TensorFlow does anything else. `progress` gets a line before it waits.

    Raises:
        ConfigError: TF_CONFIG is invalid, this worker has more than one GPU, or Keras uses another backend.
        ClusterError: the workers cannot connect.
    """
    text = os.environ.get(TF_CONFIG)
    if not text:
        return Cluster()
    workers, index = _parsed(text)
    if len(workers) == 1:
        return Cluster()
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(
            "Training on several machines needs Keras' TensorFlow backend. Unset KERAS_BACKEND, or TF_CONFIG."
        )
    try:
        with _interruptible():
            progress(f"worker {index} is waiting for the other workers: {', '.join(workers)}")
            with quiet():
                strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except LOST as error:
        raise ClusterError(
            f"The {len(workers)} workers of {TF_CONFIG} ({', '.join(workers)}) could not connect. Check that each is"
            f" running and can reach the others. ({type(error).__name__})"
        ) from error
    if len(strategy.extended.worker_devices) > 1:
        raise ConfigError("This worker sees several GPUs. Start one worker for each: CUDA_VISIBLE_DEVICES=0, ...")
    return Cluster(index, len(workers), strategy)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the process while TensorFlow waits outside Python, and restore the handlers that it replaces."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    if before[signal.SIGINT] is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def alone() -> None:
    """Check that TF_CONFIG names no other worker.

    Raises:
        ConfigError: it does.
    """
    text = os.environ.get(TF_CONFIG)
    if text and len(_parsed(text)[0]) > 1:
        raise ConfigError(f"The preset tutorial does not support training on several machines. Unset {TF_CONFIG}.")


def _parsed(text: str) -> tuple[list[str], int]:
    """The workers' addresses, and the index of this one."""
    with suppress(ValueError):
        match json.loads(text):
            case {
                "cluster": {"worker": [*workers], **others},
                "task": {"type": "worker", "index": int(index)},
            } if not others and index in range(len(workers)):
                return workers, index
    raise ConfigError(f"{TF_CONFIG} must look like {EXAMPLE}, not {text}")


class Muon(keras.optimizers.Muon):
    """Keras' Muon for several workers. Gradients are averaged before they are clipped, as with one worker."""

    def __init__(self, cluster: Cluster, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cluster = cluster

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        super().apply(self._cluster.mean(grads), trainable_variables)
