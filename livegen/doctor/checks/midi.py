"""Checks of the MIDI system and of the ports. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from livegen.doctor.facts import SYNTH, Access, Facts, Ports
from livegen.doctor.findings import Finding, Fix, Run, Write, ok, problem, warning
from livegen.errors import ConfigError, PortError
from livegen.io import ports
from livegen.io.ports import MidiFile, Port

SLOW = 5.0  # ms through a MIDI system: an interval that one hears between key and sound, with the rest of the way

LOAD_SEQUENCER = Fix(
    (Run(("modprobe", "snd-seq")), Write(Path("/etc/modules-load.d/livegen.conf"), "snd-seq\n")),
    "It is loaded at every start of the machine.",
)


def system(facts: Facts) -> Finding:
    """Whether a MIDI system answers, and if not, the likeliest reason."""
    midi, name = facts.midi, "midi-system"
    if midi.failure:
        return problem(name, midi.failure, *_remedy(facts))
    if midi.systems:
        return ok(name, " ".join(f"{each.system} answers: {_number(each)}." for each in midi.systems))
    return problem(name, "No MIDI system answers.", *_remedy(facts))


def _remedy(facts: Facts) -> tuple[str, Fix | None]:
    if foreign := [server for server in facts.midi.servers if server.user != facts.user.name]:
        server = foreign[0]
        return (
            f"{server.name} runs as {server.user}, and only {server.user} can reach it: run livegen as {server.user} "
            "too (as a service: livegen service install --user), or set JACK_PROMISCUOUS_SERVER for the server and "
            "for livegen.",
            None,
        )
    if not facts.midi.linux:
        return "Install livegen again: RtMidi is missing or does not work.", None
    alsa = facts.settings.backend.lower() in ("auto", "alsa")
    if alsa and facts.midi.sequencer is Access.REFUSED:
        return _join_audio(facts)
    if alsa and facts.midi.sequencer is Access.MISSING:
        return "Load the ALSA sequencer (modprobe snd-seq), or start JACK or PipeWire.", LOAD_SEQUENCER
    return "Start JACK or PipeWire, or use ALSA: --backend alsa.", None


def sequencer(facts: Facts) -> Finding | None:
    """Whether this user may use ALSA's sequencer, if another system answers."""
    if not facts.midi.systems or facts.midi.sequencer is not Access.REFUSED:
        return None
    what = f"{facts.user.name} may not open /dev/snd/seq, so livegen cannot use ALSA."
    return warning("sequencer", what, *_join_audio(facts))


def _join_audio(facts: Facts) -> tuple[str, Fix | None]:
    user = facts.user.name
    if "audio" in facts.user.member - facts.user.groups:
        return f"{user} is in the group audio, but not in this session: log out and in again.", None
    join = ("usermod", "-aG", "audio", user)
    then = "Log out and in again."
    return f"Join the group audio ({' '.join(join)}), then log out and in again.", Fix((Run(join),), then)


def loop(facts: Facts) -> Finding | None:
    """Whether messages come back through a real port, and how soon."""
    found, name = facts.midi.loop, "midi-loop"
    if found is None:
        return None
    through = facts.midi.systems[0].system
    jack = facts.midi.systems[0].jack
    restart = f"Restart {through}." if jack else "Restart the machine."
    if found.failure:
        return problem(name, f"No message can be sent through {through}: {found.failure}", restart)
    if not found.ms:
        return problem(name, f"No message came back through {through}.", restart)
    text = f"A message takes {median(found.ms):.2f} ms through {through} (at most {max(found.ms):.2f} ms)."
    if lost := found.sent - len(found.ms):
        synchronous = "Start the server in synchronous mode (jackd -S), or with more periods."
        what = f"{lost} of {found.sent} messages through {through} are lost."
        return problem(name, what, synchronous if jack else restart)
    if median(found.ms) > SLOW:
        smaller = "Use a smaller period (jackd -p 128; PIPEWIRE_LATENCY=128/48000), or ALSA."
        return warning(name, text, smaller if jack else "End other programs: the machine is busy.")
    return ok(name, text)


def inputs(facts: Facts) -> Iterator[Finding]:
    """Whether each input of the settings is there."""
    if facts.daemon is not None:
        yield from _open("in", facts.daemon.status["inputs"])
        return
    found = facts.midi.systems[0] if facts.midi.systems else Ports("")
    if not facts.settings.inputs and not facts.settings.virtual and facts.midi.systems:
        yield _first_keyboard(found)
    for wanted in facts.settings.inputs:
        yield from _one("in", wanted, found.inputs)


def _first_keyboard(found: Ports) -> Finding:
    keyboard = ports.first_keyboard(found.inputs, jack=found.jack)
    if keyboard is not None:
        return ok("in", f"The first keyboard is {keyboard}.")
    others = f" Inputs that do not look like one: {_listed(found.inputs)}." if found.inputs else ""
    return warning(
        "in",
        f"{found.system} has no keyboard, so livegen would play its demo.{others}",
        "Switch the keyboard on and check its cable (aconnect -l shows what Linux detects), or name a port: --in NAME.",
    )


def outputs(facts: Facts) -> Iterator[Finding]:
    """Whether each output of the settings is there."""
    if facts.daemon is not None:
        yield from _open("out", facts.daemon.status["outputs"])
        return
    found = facts.midi.systems[0].outputs if facts.midi.systems else ()
    for wanted in facts.settings.outputs:
        yield from _one("out", wanted, found)


def _one(direction: str, wanted: str, names: Sequence[str]) -> Iterator[Finding]:
    try:
        parsed = (ports.parse_input if direction == "in" else ports.parse_output)(wanted)
    except ConfigError as error:
        yield problem(direction, str(error), f"Change the setting {direction}.")
        return
    if isinstance(parsed, MidiFile) and direction == "in":
        found = parsed.path.is_file()
        gone = problem(direction, f"{parsed.path}: there is no such file.", "Change the setting in.")
        yield ok(direction, f"{parsed.path} is there.") if found else gone
    if isinstance(parsed, Port):
        try:
            yield ok(direction, f"{direction} {wanted}: {ports.match(parsed.name, names)} is there.")
        except PortError as error:
            remedy = "Switch the instrument on, or name another port: livegen ports lists them. --wait on waits for it."
            yield problem(direction, str(error), remedy)


def _open(direction: str, found: Sequence[dict[str, str]]) -> Iterator[Finding]:
    for port in found:
        name, state = port["name"], port["state"]
        if state == "open":
            yield ok(direction, f"{direction} {name}: open.")
        elif state == "gone":
            yield problem(
                direction, f"{direction} {name}: gone.", "Switch it on and check its cable: livegen then uses it again."
            )
        else:
            yield problem(direction, f"{direction} {name}: failed.", "Check its cable, then: livegen reload.")


def waiting(facts: Facts) -> Finding | None:
    """The ports that a livegen that runs waits for. `sound.driver` tells of its own synth."""
    waits = facts.daemon.status["waits_for"] if facts.daemon is not None else None
    if not waits or (waits == SYNTH and facts.sound.used):
        return None
    remedy = "Switch it on and check its cable, or name another port: livegen ports lists them."
    return problem("waits", f"livegen waits for {waits}.", remedy)


def _number(found: Ports) -> str:
    return f"{_count(len(found.inputs), 'input')}, {_count(len(found.outputs), 'output')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
