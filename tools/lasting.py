"""Hours of a random player in real time, over JACK, with every core busy: is livegen at the end as it was at the start?

    python -m tools.lasting --hours 2

Prints the lateness of the notes of responses in each part of the time, and what the process holds. It fails if a note
hangs, no response came in a part, or something has grown between the first part and the last. It needs jackd.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

from livegen.bench.lateness import busy_cores
from livegen.control.client import Client
from livegen.control.histogram import Histogram
from tools.floods import Instrument, Keyboard, playing, server, wait

PARTS = 10
GROWTH = {"MB": 8.0, "descriptors": 3.0, "threads": 1.0}
"""What may be added from the first part to the last."""
NOTES = (3, 14)  # of a phrase
APART, LENGTH = (0.05, 0.5), (0.05, 0.4)  # s
REST = (0.5, 6.0)  # s; a response may be interrupted


def phrase(keyboard: Keyboard, draws: random.Random) -> None:
    """Play some notes, and at times the pedal."""
    pedal = draws.random() < 0.3
    if pedal:
        keyboard.send(0xB0, 64, 127)
    for _ in range(draws.randint(*NOTES)):
        pitch = draws.randint(36, 96)
        keyboard.send(0x90, pitch, draws.randint(30, 110))
        time.sleep(draws.uniform(*LENGTH))
        keyboard.send(0x80, pitch, 0)
        time.sleep(draws.uniform(*APART))
    if pedal:
        keyboard.send(0xB0, 64, 0)


def part(keyboard: Keyboard, client: Client, seconds: float, draws: random.Random) -> tuple[Histogram, int]:
    """Play for a while. Returns the lateness of the notes of responses, and the number of responses."""
    late, responses = Histogram(), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        phrase(keyboard, draws)
        rest = time.monotonic() + draws.uniform(*REST)
        while (left := rest - time.monotonic()) > 0:
            for event in client.pending(left) or ():
                responses += event["event"] == "response"
                if event["event"] == "note_on" and event["part"] == "response":
                    late.add(event.get("late_ms", 0.0) / 1000)
    return late, responses


def held(client: Client) -> dict[str, float]:
    """What the process holds."""
    status = client.ask("status")
    folder = Path("/proc") / str(status["pid"])
    count = {
        name: float(len(list((folder / of).iterdir()))) for name, of in (("descriptors", "fd"), ("threads", "task"))
    }
    return {"MB": float(status["memory_mb"]), **count}


def compare(parts: Iterable[dict[str, float]]) -> list[str]:
    """What has grown."""
    first, *_, last = parts
    return [
        f"{last[name] - first[name]:g} more {name}" for name, most in GROWTH.items() if last[name] > first[name] + most
    ]


def soak(hours: float, seed: int) -> list[str]:
    """Play, and print each part. Returns what went wrong."""
    draws, holds, wrong = random.Random(seed), list[dict[str, float]](), list[str]()
    with playing("--thru", "on") as (keyboard, instrument, client):
        client.subscribe("note_on", "response")
        for number in range(1, PARTS + 1):
            late, responses = part(keyboard, client, hours * 3600 / PARTS, draws)
            holds.append(held(client))
            times = late.milliseconds()
            shown = ", ".join(f"{name} {times[name]}" for name in ("p50", "p99", "p99_9", "max"))
            has = ", ".join(f"{value:g} {name}" for name, value in holds[-1].items())
            print(f"{number}/{PARTS}: {responses} responses, {late.count} notes, late {shown} ms; {has}", flush=True)
            wrong += [] if responses else [f"no response in part {number}"]
        keyboard.play()  # which ends a response
        keyboard.release()
        wrong += silent(instrument)
    return wrong + compare(holds)


def silent(instrument: Instrument) -> list[str]:
    """Wait until the last response is over. Returns what hangs then."""
    time.sleep(REST[1])
    return [] if wait(lambda: not instrument.sounding) else [f"{sorted(instrument.sounding)} hang"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--idle", action="store_true", help="leave the cores alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, server("-S"), nullcontext() if given.idle else busy_cores():
        os.environ["XDG_RUNTIME_DIR"] = folder
        wrong = soak(given.hours, given.seed)
    for each in wrong:
        print(f"WRONG: {each}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
