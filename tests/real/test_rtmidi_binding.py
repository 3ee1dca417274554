"""RtMidi by supriya-midi, as for Python 3.13 and newer: over real JACK ports, without python-rtmidi."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest
from livegen_process import CHECKOUT

PROGRAM = """
import json, sys, threading
sys.modules["rtmidi"] = None  # as if it were not installed
from mido import Message
from livegen.doctor.probes import midi
from livegen.io import midi_system, ports, rtmidi_binding
from livegen.stage.effects import Send
from livegen.stage.events import Part, PortId

system = midi_system.find("jack")
found = midi.look("jack")
playing = ports.virtual_output(system, "source")
ended, heard = threading.Event(), []

def play():
    while not ended.wait(0.001):
        playing.send(Send(PortId(""), Message("clock"), Part.CALL, 0.0))

player = threading.Thread(target=play)
player.start()
for _ in range(5):  # an input is closed while messages arrive
    some = threading.Event()
    hearing = ports.open_input(system, ports.match("livegen source", system.inputs()), lambda message: some.set())
    heard.append(some.wait(10))
    hearing.close()
ended.set()
player.join()
playing.close()
print(json.dumps({
    "binding": sys.modules["rtmidi"] is rtmidi_binding,
    "sent": found.loop.sent,
    "came": len(found.loop.ms),
    "heard": heard,
    "left": [name for name in system.inputs() + system.outputs() if name.startswith("livegen")],
}))
"""


def test_messages_pass_and_ports_close_while_they_do(environment: Mapping[str, str]) -> None:
    pytest.importorskip("supriya_midi", reason="supriya-midi missing")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=dict(environment),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found.pop("came") == found.pop("sent")
    assert found == {"binding": True, "heard": [True] * 5, "left": []}
