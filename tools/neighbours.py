"""Puts livegen and programs like it through the same faults, side by side, and prints a table.

    python -m tools.neighbours livegen impsy=/path/to/bin/impsy --folder ~/neighbours

Each hears a keyboard and plays an instrument over JACK, forwards what it hears, and answers after 0.7 s of silence. It
needs jackd. The folder gets what IMPSY needs: a configuration, and a small model that its own commands train on a
made-up log; the model is used again the next time.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle, product
from pathlib import Path

from tools.floods import Instrument, Keyboard, wait
from tools.soak import SERVER, Livegen, Program, Server, clients, with_own_memory

LIMIT = 10.0  # s in which a port has to be used again, and a note has to end
GONE = 3.0  # s that a port or a server is away
PROBES = cycle(range(90, 108))  # keys above those that IMPSY's model has learnt
MARK = 33  # velocity of a probe
SILENCE = 0.7  # s

Outcome = float | str  # seconds, or what happened instead

IMPSY = f"""\
verbose = true
log_predictions = false
interaction = {{mode = "callresponse", threshold = {SILENCE}, input_thru = true}}
model = {{dimension = 3, sigmatemp = 0.01, pitemp = 1, timescale = 1}}
midi.in_device = ["Keyboard"]
midi.out_device = ["Instrument"]
midi.input.Keyboard = [["note_on", 1], ["note_velocity", 1]]
midi.output.Instrument = [["note_on", 1], ["note_velocity", 1]]
"""


def livegen(_: str, __: Path) -> Program:
    return Livegen("--in", "Keyboard", "--out", "Instrument", "--wait", "on", "--thru", "on", "--silence", f"{SILENCE}")


def impsy(program: str, folder: Path) -> Program:
    models = folder / "models"
    if not list(models.glob("*.tflite")):
        prepare(program, folder)
    (folder / "config.toml").write_text(IMPSY)
    return Program(
        [program, "run", str(next(models.glob("*.tflite")))],
        "RNN Thread Started",
        folder,
        MIDO_BACKEND="mido.backends.rtmidi/UNIX_JACK",
    )


def prepare(program: str, folder: Path) -> None:
    """Train a small model, as IMPSY's README says."""
    subprocess.run([program, "init", str(folder)], check=True)  # noqa: S603  (a developer names the program)
    draws, at = random.Random(1), datetime(2026, 1, 1)  # noqa: DTZ001  (IMPSY's logs have no zone)
    with (folder / "logs" / "2026-01-01T00-00-00-3d-mdrnn.log").open("w") as log:
        for _ in range(1000):
            at += timedelta(seconds=draws.choice([0.2, 0.3, 0.4]))
            key, velocity = 48 + draws.choice([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]), draws.randint(60, 90)
            log.write(f"{at.isoformat()},interface,{key / 127},{velocity / 127}\n")
    for words in (["dataset", "-D", "3"], ["train", "-D", "3", "-M", "xs", "-N", "3"]):
        subprocess.run([program, *words], cwd=folder, check=True)  # noqa: S603  (the same)


NEIGHBOURS: dict[str, Callable[[str, Path], Program]] = {"livegen": livegen, "impsy": impsy}


class Ear(Instrument):
    """An instrument that remembers the keys of probes, and when each key was struck and ended."""

    def __init__(self) -> None:
        self.probes: set[int] = set()
        self.began: dict[tuple[int, int], float] = {}
        self.ended: dict[tuple[int, int], float] = {}
        super().__init__()

    def _hear(self, status: int, key: int = 0, value: int = 0) -> None:
        now, before = time.monotonic(), set(self.sounding)
        super()._hear(status, key, value)
        self.ended.update(dict.fromkeys(before - self.sounding, now))
        if status & 0xF0 == 0x90 and value:
            self.began[status & 0x0F, key] = now
            if value == MARK:
                self.probes.add(key)


class Trial:
    """A program between a keyboard and an instrument, and what is done to them."""

    def __init__(self, server: Server, start: Callable[[], Program]) -> None:
        self._server, self._start = server, start
        self._keyboard, self._ear = Keyboard(), Ear()
        self.program = start()
        self.found: dict[str, Outcome] = {"ready after the command": self.program.seconds}

    def close(self) -> None:
        self.program.process.send_signal(signal.SIGINT)
        if not wait(lambda: self.program.process.poll() is not None, LIMIT):
            self.program.process.kill()
        self._keyboard.close()
        self._ear.close()

    def _until_heard(self) -> Outcome:
        """Strike a key until the instrument hears it."""
        key, start = next(PROBES), time.monotonic()
        while time.monotonic() < start + LIMIT:
            self._keyboard.send(0x90, key, MARK)
            if wait(lambda: key in self._ear.probes, 0.1):
                self._keyboard.send(0x80, key, 0)
                return time.monotonic() - start
            self._keyboard.send(0x80, key, 0)
        return f"not within {LIMIT:.0f} s"

    def _held(self) -> int:
        """Hold a key that the instrument hears."""
        if isinstance(why := self._until_heard(), str):
            raise SystemExit(f"nothing is forwarded: {why}")
        key = next(PROBES)
        self._keyboard.send(0x90, key, MARK)
        wait(lambda: key in self._ear.probes, LIMIT)
        return key

    def _until_ended(self, sounding: set[tuple[int, int]]) -> Outcome:
        start = time.monotonic()
        if wait(lambda: not sounding & self._ear.sounding, LIMIT):
            return time.monotonic() - start
        return f"hangs, {LIMIT:.0f} s later"

    def _until_answered(self) -> None:
        """Play a phrase, and wait for a note of the response."""
        self._until_heard()
        self._keyboard.play()
        time.sleep(SILENCE / 2)  # all that was forwarded has arrived
        struck = self._ear.struck
        if not wait(lambda: self._ear.struck > struck and self._ear.sounding, LIMIT):
            raise SystemExit("no response")

    def keyboard(self) -> None:
        held = {(0, self._held())}
        self._keyboard.close()
        self.found["keyboard vanishes with a key held: its note ends after"] = self._until_ended(held)
        time.sleep(GONE)
        self._keyboard = Keyboard()
        self.found["keyboard is back: heard after"] = self._until_heard()

    def instrument(self) -> None:
        self._held()
        self._ear.close()
        time.sleep(GONE)
        self._ear = Ear()
        self.found["instrument vanishes and is back: plays there after"] = self._until_heard()

    def server(self) -> None:
        self._held()
        lines = len(self.program.lines)
        self._server.stop()
        time.sleep(GONE)
        goes_on = "yes" if len(self.program.lines) > lines else "it stands still"  # each of them tells what it does
        status = self.program.process.poll()
        self.found["JACK server ends: does the program go on?"] = (
            goes_on if status is None else f"it ends with {status}: {self.program.lines[-1][1].strip()}"
        )
        self._keyboard.close()
        self._ear.close()
        self._server.start()
        self._keyboard, self._ear = Keyboard(), Ear()
        self.found["JACK server, keyboard and instrument are back: heard after"] = self._until_heard()

    def killed(self) -> None:
        self._until_answered()
        self.program.process.kill()
        self.program.process.wait()
        time.sleep(SILENCE)  # what was sent has arrived
        clients()  # jackd accepts none for some time after one was killed: 9 to 20 s were seen
        sounding, start = set(self._ear.sounding), time.monotonic()
        self.program = self._start()
        outcome: Outcome = "nothing hung"
        if sounding and isinstance(outcome := self._until_ended(sounding), float):
            outcome = max(self._ear.ended[each] for each in sounding) - start
            if any(self._ear.began[each] > start for each in sounding):
                outcome = "when its response happens to play that key"
        self.found["`kill -9` in a response, started again: what hung ends"] = outcome

    def ended(self, number: signal.Signals) -> None:
        self._until_answered()
        self.program.process.send_signal(number)
        wait(lambda: self.program.process.poll() is not None, LIMIT)
        time.sleep(SILENCE)  # what was sent has arrived
        hanging = "a note hangs" if self._ear.sounding else "nothing hangs"
        self.found[f"{number.name} in a response"] = f"{hanging}, status {self.program.process.poll()}"


FAULTS: list[Callable[[Trial], None]] = [Trial.keyboard, Trial.instrument, Trial.server, Trial.killed]
FAULTS += [partial(Trial.ended, number=number) for number in (signal.SIGTERM, signal.SIGINT)]


def told(outcomes: list[Outcome]) -> str:
    times = sorted(each for each in outcomes if isinstance(each, float))
    texts = Counter(each for each in outcomes if isinstance(each, str))
    if times:
        texts[f"{times[len(times) // 2]:.2f} s, longest {times[-1]:.2f} s"] = len(times)
    return "; ".join(f"{text} ({count} of {len(outcomes)})" for text, count in texts.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("neighbours", nargs="+", metavar="NAME[=PROGRAM]", help=f"of: {', '.join(NEIGHBOURS)}")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored, also for our children
    os.environ.update(SERVER)
    named = [each.partition("=") for each in given.neighbours]
    columns: dict[str, dict[str, list[Outcome]]] = {name: {} for name, _, _ in named}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        os.environ.update(XDG_RUNTIME_DIR=folder, XDG_STATE_HOME=folder)
        server = Server()
        stack.callback(server.stop)
        for (name, _, program), fault in product(named * given.times, FAULTS):
            start = partial(NEIGHBOURS[name], program, given.folder.resolve() / name)
            with closing(Trial(server, start)) as trial:
                fault(trial)
            print(name, trial.found, flush=True)
            for row, outcome in trial.found.items():
                columns[name].setdefault(row, []).append(outcome)
    print(f"\n| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for row in next(iter(columns.values())):
        print(f"| {row} | {' | '.join(told(column[row]) for column in columns.values())} |")


if __name__ == "__main__":
    with_own_memory("tools.neighbours", *sys.argv[1:])
    main()
