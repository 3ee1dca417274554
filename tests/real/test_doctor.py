"""`livegen doctor` as a user types it: over JACK, without it, and beside a livegen that plays."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jack_server import JackServer
from livegen_process import Start, livegen
from musician import Musician, until
from phrases import chord

from livegen.control.client import Client

NAMES = ("midi-system", "in", "out", "running", "midi-loop", "audio-driver", "engine", "recordings", "realtime")


def examined(environment: Mapping[str, str], *words: str, status: int) -> dict[str, Any]:
    """What the doctor finds: by check, its state and text."""
    done = livegen(*words, "doctor", "--json", environment=environment)
    assert done.returncode == status, done
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert (report["state"] == "problem") == (status == 69)
    assert report["versions"]["Python"]
    found = {each["check"]: (each["state"], each["what"]) for each in report["findings"]}
    assert all(each["remedy"] for each in report["findings"] if each["state"] != "ok")
    return found


def test_a_machine_with_jack(environment: Mapping[str, str], musician: Musician) -> None:
    words = ("--in", "Keyboard", "--out", "Listener", "--out", "FluidSynth", "--name", "patient")
    found = examined(environment, *words, status=0)
    assert set(NAMES) <= set(found)
    assert found["midi-system"] == ("ok", "JACK answers: 1 input, 1 output.")
    assert found["in"] == ("ok", "in Keyboard: Keyboard:out is there.")
    assert found["out"] == ("ok", "out Listener: Listener:in is there.")
    assert found["midi-loop"][0] in ("ok", "warning")  # a server with long periods is slow
    assert "ms through JACK" in found["midi-loop"][1]
    assert found["audio-driver"] == ("ok", "The audio driver jack takes sound.")
    assert found["engine"][0] != "problem"


def test_without_a_midi_system_and_with_wrong_settings(environment: Mapping[str, str]) -> None:
    alone = dict(environment) | {"JACK_DEFAULT_SERVER": "none", "LIVEGEN_GAIN": "loud"}
    done = livegen("doctor", environment=alone)
    assert (done.returncode, done.stderr) == (69, "")
    assert '\n  problem  LIVEGEN_GAIN must be 0 to 10, not "loud".\n           -> Correct it' in done.stdout
    if not Path("/dev/snd/seq").exists():
        assert "\nMIDI\n  problem  No MIDI system answers.\n           -> Load the ALSA sequencer" in done.stdout
    assert re.search(r"^[2-9] problems", done.stdout, re.MULTILINE)


def test_beside_a_livegen_that_plays(
    between: Start, musician: Musician, environment: Mapping[str, str], jack: JackServer
) -> None:
    daemon = between("--name", "left", "--response-min", "12", "--response-max", "12", "--out", "FluidSynth")
    with Client("left", environment) as client:
        musician.play(chord(60, 64, 67))
        until(lambda: client.ask("status")["turn"] == "responding", "a response")
        before, strikes = daemon.log, len(musician.strikes())
        found = examined(environment, "--name", "left", status=0)
        assert found["running"][0] == "ok"
        assert "named left" in found["running"][1]
        assert found["in"] == ("ok", "in Keyboard:out: open.")
        assert "midi-loop" in found
        assert "audio-driver" not in found  # the sound card is in use: it is not opened a second time
        until(lambda: len(musician.strikes()) > strikes, "the response goes on")
        until(lambda: client.ask("status")["turn"] == "idle", "the end of the response", 30)
        status = client.ask("status")
    assert status["notes"]["dropped"] == 0
    assert {port["state"] for port in status["inputs"] + status["outputs"]} == {"open"}
    since = daemon.log.removeprefix(before).splitlines()
    assert [line for line in since if not line.startswith("answered:")] == []


def test_the_ports_of_livegen_carry_its_name_and_are_not_offered(
    between: Start, jack: JackServer, environment: Mapping[str, str]
) -> None:
    between("--name", "left", "--out", "FluidSynth")
    clients = {port.partition(":")[0] for way in ("input", "output") for port in jack.ports("", way)}
    assert {"livegen left", "livegen left in", "livegen left out"} <= clients
    assert not [name for name in clients if "RtMidi" in name]
    shown = livegen("ports", environment=environment).stdout
    assert "Keyboard:out" in shown
    assert "livegen left" not in shown


def test_virtual_ports_carry_the_name_and_are_offered(
    start: Start, jack: JackServer, environment: Mapping[str, str]
) -> None:
    start("--name", "right", "--virtual")
    (heard,) = jack.ports("livegen right", "input")  # the second client of a name gets a number from JACK
    assert jack.ports("livegen right", "output")
    listed = json.loads(livegen("ports", "--json", environment=environment).stdout)["systems"][0]
    assert heard in listed["out"]


def test_all_versions_for_a_bug_report(environment: Mapping[str, str], tmp_path: Path) -> None:
    done = livegen("-v", "--model", str(tmp_path), "--version", "ports", environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    found = dict(re.split("  +", line, maxsplit=1) for line in done.stdout.splitlines())
    assert list(found)[:3] == ["livegen", "Python", "system"]
    assert {"mido", "alsa-midi", "LiteRT", "numpy", "FluidSynth", "JACK", "ALSA"} <= set(found)
    assert found["model"] == f"{tmp_path} (not installed)"
    assert re.search("\nmodel +livegen [0-9a-f]{12}\n", livegen("--version", "-v", environment=environment).stdout)
