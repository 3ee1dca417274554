"""A musician in the container, who does what the standard input says: a line each way, JSON out.

It understands: play FILE, await-response, sounding, hear-out, forget.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import mido
from musician import Musician, sounding, strikes


def main() -> None:
    with Musician() as musician:
        print(json.dumps("here"), flush=True)
        for line in sys.stdin:
            match line.split():
                case ["play", path]:
                    for message in mido.MidiFile(Path(path)).play():
                        musician.send(message)
                    answer: object = len(musician.played)
                case ["await-response"]:
                    musician.await_response()
                    answer = len(musician.strikes())
                case ["hear-out"]:
                    heard = musician.hear_out()
                    answer = {
                        "notes": [[one.message.channel, one.message.note] for one in strikes(heard)],
                        "sounding": sounding(heard),
                    }
                case ["sounding"]:
                    answer = musician.sounding()
                case ["forget"]:
                    musician.forget()
                    answer = None
                case words:
                    raise SystemExit(f"unknown: {words}")
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
