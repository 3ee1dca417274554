"""Two real worker processes on this machine, and the real command in each."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from livegen.errors import ConfigError

if TYPE_CHECKING:
    from livegen.training.train import Recipe

pytestmark = pytest.mark.usefixtures("tensorflow")
PATIENCE = 240  # s, in which even a busy machine is done
LOST = 75  # the exit code

FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["livegen.training.ship"])  # TensorFlow is imported once for all workers


def tiny(steps: int) -> Recipe:
    from livegen.training.model import Architecture
    from livegen.training.train import Recipe

    small = Architecture(units=8, layers=1, hidden=4, embedding=(2, 2, 2, 2, 2))
    return Recipe(steps=steps, epoch=3, batch=8, length=4, warmup=1, held_out_batches=1, architecture=small)


def work(config: str, arguments: list[str], steps: int, log: Path) -> None:
    """The process of a worker: `livegen train`, of something small."""
    os.environ["TF_CONFIG"] = config
    with log.open("w") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    from livegen.cli.main import main
    from livegen.training import train

    recipe = tiny(steps)
    train.Recipe = lambda: recipe
    sys.exit(main(["train", *arguments]))


def free_addresses(count: int) -> list[str]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]


def start(folder: Path, out: Path, steps: int, arguments: tuple[list[str], list[str]] = ([], [])) -> list[BaseProcess]:
    workers = free_addresses(len(arguments))
    processes = []
    for index, more in enumerate(arguments):
        task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        given = ["--data", str(folder), "--out", str(out), *more]
        log = out.with_suffix(f".{index}.txt")
        processes.append(FORKED.Process(target=work, args=(json.dumps(task), given, steps, log), daemon=True))
    for process in processes:
        process.start()
    return processes


def ends(processes: list[BaseProcess]) -> list[int | None]:
    for process in processes:
        process.join(PATIENCE)
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    return codes


def test_two_workers_train_what_one_would(folder: Path, tmp_path: Path) -> None:
    from livegen.training import corpus, run, ship, train

    workers = start(folder, tmp_path / "two", steps=6)
    alone = train.train(tiny(6), corpus.read_folder(folder).pieces, tmp_path / "one", lambda _: None)
    assert ends(workers) == [0, 0], (tmp_path / "two.0.txt").read_text() + (tmp_path / "two.1.txt").read_text()

    one, two = (run.read_log(tmp_path / name) for name in ("one", "two"))
    assert len(one) == len(two) == 2
    for a, b in zip(one, two, strict=True):
        assert a.keys() == b.keys()
        for name in a.keys() - {"seconds"}:
            assert a[name] == pytest.approx(b[name], rel=1e-4), name
    assert one[0]["loss"] > one[-1]["loss"] + 0.05
    for a, b in zip(alone.get_weights(), ship.load(tmp_path / "two").get_weights(), strict=True):
        # Adam takes a whole step by a gradient that is next to nothing, whatever its sign.
        np.testing.assert_allclose(a, b, atol=1e-2)
    assert (tmp_path / "two" / "loss.png").exists()
    chief = (tmp_path / "two.0.txt").read_text()
    assert "little data to train from scratch" in chief and "--from livegen" in chief and "epoch 2/2" in chief
    assert "epoch" not in (tmp_path / "two.1.txt").read_text()


def test_a_worker_that_dies_ends_the_run_which_can_go_on(folder: Path, tmp_path: Path) -> None:
    from livegen.training import cluster, run, ship, train

    out, steps = tmp_path / "two", 30_000
    chief, other = start(folder, out, steps)
    give_up = time.monotonic() + PATIENCE
    while not run.read_log(out) and chief.is_alive() and time.monotonic() < give_up:
        time.sleep(0.1)
    other.kill()
    assert ends([chief]) == [LOST], (tmp_path / "two.0.txt").read_text()
    said = (tmp_path / "two.0.txt").read_text()
    assert "lost the connection to another worker" in said and "Traceback" not in said

    done = len(run.read_log(out))
    kept = train.compiled(ship.load(out), tiny(steps), cluster.Cluster())
    kept.optimizer.build(kept.trainable_variables)
    kept.load_weights(out / run.LAST)
    assert int(kept.optimizer.iterations) == 3 * done > 0


def test_workers_that_differ_are_all_told(folder: Path, tmp_path: Path) -> None:
    workers = start(folder, tmp_path / "two", 6, ([], ["--seed", "2"]))
    assert ends(workers) == [78, 78]
    said = [(tmp_path / f"two.{index}.txt").read_text() for index in (0, 1)]
    assert "Another worker (see its message) differs from worker 0." in said[0]
    assert "Worker 1 differs from worker 0 in seed." in said[1]


def test_ctrl_c_ends_one_that_waits(folder: Path, tmp_path: Path) -> None:
    ours, theirs = free_addresses(2)
    task = {"cluster": {"worker": [ours, theirs]}, "task": {"type": "worker", "index": 0}}
    command = [sys.executable, "-m", "livegen", "train", "--data", str(folder), "--out", str(tmp_path / "run")]
    environ = os.environ | {"TF_CONFIG": json.dumps(task)}
    waiting = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
    try:
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == f"worker 0 is waiting for the other workers: {ours}, {theirs}\n"
        give_up = time.monotonic() + PATIENCE
        while not listens(ours) and time.monotonic() < give_up:  # then it is TensorFlow that waits
            time.sleep(0.1)
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(PATIENCE) == -signal.SIGINT
    finally:
        waiting.kill()
        waiting.communicate()
    assert not (tmp_path / "run").exists()


def listens(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as knocking:
        return knocking.connect_ex((host, int(port))) == 0


def test_the_tutorial_is_trained_by_one_machine(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from livegen.cli.main import main
    from livegen.training.cluster import EXAMPLE

    monkeypatch.setenv("TF_CONFIG", EXAMPLE)
    assert main(["train", "--preset", "tutorial", "--data", str(folder), "--out", str(tmp_path / "run")]) == 78
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "text",
    [
        "two machines",
        "[]",
        '{"cluster": {"worker": ["one:1", "two:1"]}}',
        '{"cluster": {"worker": ["one:1", "two:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"worker": ["one:1"], "ps": ["two:1"]}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_a_cluster_that_cannot_be_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from livegen.training.cluster import join

    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ConfigError, match="TF_CONFIG must look like"):
        join()


def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from livegen.training.cluster import join

    task = '"task": {"type": "worker", "index": 0}'
    monkeypatch.setenv("TF_CONFIG", f'{{"cluster": {{"worker": ["one:1", "two:1"]}}, {task}}}')
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ConfigError, match="Unset KERAS_BACKEND"):
        join()


@pytest.mark.parametrize("text", ["", '{"cluster": {"worker": ["one:1"]}, "task": {"type": "worker", "index": 0}}'])
def test_a_worker_without_others_is_alone(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from livegen.training.cluster import join

    monkeypatch.setenv("TF_CONFIG", text)
    alone = join()
    assert (alone.count, alone.chief, alone.share) == (1, True, slice(0, None, 1))


def test_one_that_differs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from livegen.training.cluster import Cluster

    worker = Cluster(index=1, count=2)
    monkeypatch.setattr(worker, "text_from_chief", lambda _: json.dumps({"steps": 3, "seed": 1}))
    worker.agree({"steps": 3, "seed": 1})
    with pytest.raises(ConfigError, match="Worker 1 differs from worker 0 in seed"):
        worker.agree({"steps": 3, "seed": 2})


def test_a_batch_that_cannot_be_shared_is_refused(folder: Path, tmp_path: Path) -> None:
    recipe = tiny(1)
    from livegen.training import corpus, train
    from livegen.training.cluster import Cluster

    with pytest.raises(ConfigError, match="3 workers cannot share a batch of 8"):
        train.train(recipe, corpus.read_folder(folder).pieces, tmp_path / "x", lambda _: None, cluster=Cluster(0, 3))
