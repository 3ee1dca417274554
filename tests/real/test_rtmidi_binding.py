"""RtMidi by python-rtmidi and by supriya-midi, as for Python 3.13 and newer: over real JACK ports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jack_server import PIPEWIRE, JackServer
from livegen_process import CHECKOUT

CLOSING = """
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


def printed(program: str, environment: Mapping[str, str]) -> Any:
    """What a program prints as JSON, in a process of its own: it chooses the binding, and may crash."""
    words = [sys.executable, "-c", program]
    done = subprocess.run(
        words, env=dict(environment), cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_messages_pass_and_ports_close_while_they_do(environment: Mapping[str, str]) -> None:
    pytest.importorskip("supriya_midi", reason="supriya-midi missing")
    found = printed(CLOSING, environment)
    assert found.pop("came") == found.pop("sent")
    assert found == {"binding": True, "heard": [True] * 5, "left": []}


NOTES = 400
GIVES_UP = 0.9  # s: RtMidi and JACK give up after one second
KEYBOARD = f"""
import sys, time
import mido
port = mido.Backend("mido.backends.rtmidi/UNIX_JACK").open_output("out", client_name="Keyboard", virtual=True)
print("open", flush=True)
sys.stdin.readline()
for number in range({NOTES}):
    port.send(mido.Message("pitchwheel", pitch=number))
    time.sleep(0.005)
sys.stdin.readline()
"""
ASIDE = f"""
import json, subprocess, sys, time
sys.modules["rtmidi"] = {{module}}
from livegen.io import libjack, midi_system, ports

system = midi_system.find("jack")
words = [sys.executable, "-c", {KEYBOARD!r}]
keyboard = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
keyboard.stdout.readline()
heard = []
hearing = ports.own_input(system, lambda message: heard.append((message.pitch, time.monotonic())))
client = libjack.Client()
client.connect("Keyboard:out", "livegen in:in")
time.sleep(0.2)  # the server connects them in its next cycles
keyboard.stdin.write("\\n")
keyboard.stdin.flush()
deadline = time.monotonic() + 60
while (not heard or heard[-1][0] < {NOTES} - 1) and time.monotonic() < deadline:
    with ports.PortInput.aside([hearing]):
        another = ports.own_output(system)
    time.sleep(0.05)
    with ports.PortInput.aside([hearing]):
        another.close()
client.close()
hearing.close()
keyboard.communicate("\\n")
print(json.dumps(heard))
"""


@pytest.mark.parametrize("module", ["rtmidi", "supriya_midi"])
def test_while_clients_are_opened_and_closed_messages_wait_and_none_is_lost(module: str, tmp_path: Path) -> None:
    """A server that waits for its clients, and not in real time: else it gives up after milliseconds."""
    pytest.importorskip(module, reason=f"{module} missing")
    if JackServer.missing() or PIPEWIRE:
        pytest.skip("jackd missing")
    server = JackServer(tmp_path, "-aside", realtime=False)
    program = ASIDE.replace("{module}", "None" if module == "supriya_midi" else "__import__('rtmidi')")
    longest = []
    try:
        while not longest or (longest[-1] >= GIVES_UP and len(longest) < 3):  # a busy machine may be slow once
            heard = printed(program, os.environ | dict(server.environment))
            assert [number for number, _ in heard] == list(range(NOTES))
            longest.append(max(b - a for (_, a), (_, b) in pairwise(heard)))
    finally:
        server.stop()
    assert longest[-1] < GIVES_UP, longest
