"""What the names of ports mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livegen.errors import ConfigError, PortError
from livegen.io import ports
from livegen.io.midi_system import MidiSystem
from livegen.io.ports import Demo, MidiFile, Port, Synth, WavFile, first_keyboard, match, parse_input, parse_output

KEYSTATION = "Keystation 49:Keystation 49 MIDI 1 28:0"
FLUID = "FLUID Synth (1234):Synth input port (1234:0) 128:0"
A2J = "a2j:Keystation 49 [28] (capture): Keystation 49 MIDI 1"
PIPEWIRE = "Midi-Bridge:Keystation 49:(capture_0) Keystation 49 MIDI 1"
THROUGH = "Midi Through:Midi Through Port-0 14:0"
MEMORY = MidiSystem("memory_backend")


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        (KEYSTATION, KEYSTATION),
        ("keystation", KEYSTATION),
        ("KEYSTATION49", KEYSTATION),
        ("Keystation 49:Keystation 49 MIDI 1 20:0", KEYSTATION),  # before it was plugged in anew
        ("MIDI 1", KEYSTATION),
        ("28:0", KEYSTATION),
        ("FLUID Synth", FLUID),
        ("fluidsynth", FLUID),
        ("FLUID Synth (99)", FLUID),
        ("synth input", FLUID),
        ("Midi Through", THROUGH),
    ],
)
def test_a_name_means_its_port(wanted: str, meant: str) -> None:
    assert match(wanted, [THROUGH, KEYSTATION, FLUID]) == meant


@pytest.mark.parametrize(
    ("names", "wanted", "meant"),
    [
        (["Piano 2", "Piano", "My Piano"], "piano", "Piano"),  # exact before prefix
        (["Piano 2:in", "Piano:in"], "piano", "Piano:in"),  # so is a client's whole name
        (["My Piano", "Piano 2"], "piano", "Piano 2"),  # prefix before substring
        (["Keys 28:0", "Keys 32:0"], "Keys 32:0", "Keys 32:0"),  # in full, number and all
        (["Keys 28:0", "Keys 32:0"], "keys32:0", "Keys 32:0"),
        ([A2J], "Keystation 49", A2J),
        ([PIPEWIRE], "Keystation 49 MIDI 1", PIPEWIRE),
        (["Flügel"], "FLÜGEL", "Flügel"),
    ],
)
def test_the_better_match_wins(names: list[str], wanted: str, meant: str) -> None:
    assert match(wanted, names) == match(wanted, names[::-1]) == meant


def test_a_name_of_two_ports_is_refused_with_both() -> None:
    with pytest.raises(PortError) as caught:
        match("keys", ["Keys 28:0", "Keys 32:0", "Piano"])
    assert str(caught.value) == '"keys" matches several ports: "Keys 28:0" and "Keys 32:0". Give the full name.'


def test_a_name_of_no_port_is_refused_with_the_nearest() -> None:
    with pytest.raises(PortError) as caught:
        match("Keystashun 49", ["Stage Piano", "KEYSTATION 49 28:0"])
    assert str(caught.value) == (
        'There is no port "Keystashun 49". Did you mean "KEYSTATION 49 28:0"? '
        'Available ports: "Stage Piano" and "KEYSTATION 49 28:0".'
    )


def test_where_there_are_no_ports_that_is_said() -> None:
    with pytest.raises(PortError, match="there are no ports"):
        match("Piano", [])


@pytest.mark.parametrize("wanted", ["", "  ", "(12)", " [3] "])
def test_a_name_with_nothing_in_it_is_no_wildcard(wanted: str) -> None:
    with pytest.raises(PortError, match="There is no port"):
        match(wanted, ["Piano"])


some_names = st.lists(st.text(alphabet="ab B:1(2) [0]", min_size=1, max_size=8), min_size=1, max_size=5, unique=True)


@settings(deadline=None)  # the machine may be busy
@given(some_names)
def test_a_full_name_always_means_itself(names: list[str]) -> None:
    assert [match(name, names) for name in names] == names


@settings(deadline=None)  # the machine may be busy
@given(some_names, st.text(alphabet="ab B:1(2) [0]", max_size=6), st.randoms())
def test_the_order_of_ports_does_not_matter(names: list[str], wanted: str, random: object) -> None:
    def outcome(names: list[str]) -> str | None:
        try:
            return match(wanted, names)
        except PortError:
            return None

    shuffled = names.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert outcome(names) == outcome(shuffled)
    assert outcome(names) in (None, *names)


@settings(deadline=None)  # the machine may be busy
@given(some_names, st.text(alphabet="abc", min_size=1, max_size=6))
def test_case_and_spaces_do_not_matter(names: list[str], wanted: str) -> None:
    def outcome(wanted: str) -> str | None:
        try:
            return match(wanted, names)
        except PortError:
            return None

    if wanted not in names and wanted.upper() not in names and " ".join(wanted) not in names:
        assert outcome(wanted) == outcome(wanted.upper()) == outcome(" ".join(wanted))


@pytest.mark.parametrize(
    ("names", "jack", "keyboard"),
    [
        ([THROUGH, KEYSTATION], False, KEYSTATION),
        ([THROUGH, FLUID, "livegen:livegen 130:0", "VirMIDI 2-0:VirMIDI 2-0 24:0"], False, None),
        (["Sequencer:out 129:0", "Digital Piano 20:0"], False, "Digital Piano 20:0"),  # 129: a program
        (["IAC Driver Bus 1", "MPK mini 3"], False, "MPK mini 3"),
        (["Maniac Keys"], False, "Maniac Keys"),
        (["player:out", "system:midi_capture_1"], True, "system:midi_capture_1"),
        (["player:out"], True, None),
        (["a2j:Midi Through [14] (capture): Midi Through Port-0", A2J], True, A2J),
        (["a2j:player [129] (capture): out"], True, None),
        (["Midi-Bridge:Midi Through:(capture_0) Midi Through Port-0", PIPEWIRE], True, PIPEWIRE),
        ([], False, None),
    ],
)
def test_the_first_keyboard_is_one(names: list[str], jack: bool, keyboard: str | None) -> None:
    assert first_keyboard(names, jack=jack) == keyboard


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("demo", Demo()),
        ("Demo ", Demo()),
        ("call.mid", MidiFile(Path("call.mid"))),
        ("a/Call.MIDI", MidiFile(Path("a/Call.MIDI"))),
        ("Keystation 49", Port("Keystation 49")),
        ("port:demo", Port("demo")),
        ("PORT: call.mid", Port("call.mid")),
    ],
)
def test_what_an_input_names(text: str, meant: object) -> None:
    assert parse_input(text) == meant


@pytest.mark.parametrize("text", ["call.wav", "synth:", "synth:FluidSynth"])
def test_what_cannot_be_an_input(text: str) -> None:
    with pytest.raises(ConfigError, match="port"):
        parse_input(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("FluidSynth", Synth()),
        ("fluid synth", Synth()),
        ("synth:", Synth(certain=True)),
        ("synth:FluidSynth", Synth(certain=True)),
        ("port:FluidSynth", Port("FluidSynth")),
        ("jam.mid", MidiFile(Path("jam.mid"))),
        ("jam.WAV", WavFile(Path("jam.WAV"))),
        ("FLUID Synth (1234)", Port("FLUID Synth (1234)")),
    ],
)
def test_what_an_output_names(text: str, meant: object) -> None:
    assert parse_output(text) == meant


def test_there_is_one_synth() -> None:
    with pytest.raises(ConfigError, match="the only synth is"):
        parse_output("synth:Moog")


def test_a_port_that_is_a_rival_to_the_synth_is_remarked() -> None:
    assert FLUID in ports.synth_remark(Synth(), [THROUGH, FLUID])
    assert ports.synth_remark(Synth(certain=True), [FLUID]) == ""
    assert ports.synth_remark(Synth(), [THROUGH]) == ""


SAME = [
    # ALSA: the client's and the port's number
    ("P-125:P-125 MIDI 1 28:0", "P-125:P-125 MIDI 1 28:0"),
    ("UM-ONE:UM-ONE MIDI In 24:0", "UM-ONE:UM-ONE MIDI Out 24:0"),
    ("Midi Through:Midi Through Port-0 14:0", "Midi Through:Midi Through Port-0 14:0"),
    ("Pure Data:Pure Data Midi-Out 1 128:1", "Pure Data:Pure Data Midi-In 1 128:0"),  # a program
    # JACK: a client
    ("DX7:midi_out", "DX7:midi_in"),
    ("DX7-01:out", "DX7-01:in"),
    ("VMPK Output:out", "VMPK Input:in"),
    ("livegen:livegen", "livegen:livegen"),
    # JACK's bridges to ALSA
    ("a2j:P-125 [28] (capture): P-125 MIDI 1", "a2j:P-125 [28] (playback): P-125 MIDI 1"),
    ("a2j:P-125 [28] (capture): [0] P-125 MIDI 1", "a2j:P-125 [28] (playback): [0] P-125 MIDI 1"),
    ("Midi-Bridge:P-125 1:(capture_0) P-125 MIDI 1", "Midi-Bridge:P-125 1:(playback_0) P-125 MIDI 1"),
    ("alsa_midi:P-125 MIDI 1 (out)", "alsa_midi:P-125 MIDI 1 (in)"),
    ("system:midi_capture_1", "system:midi_playback_1"),
    # CoreMIDI, and backends without numbers
    ("P-125", "P-125"),
    ("MIDI4x4 Midi In 1", "MIDI4x4 Midi Out 1"),
    ("MPK261 Port A", "mpk261 Port A"),
    ("livegen", "livegen"),
]
SAME_ON_WINDOWS = [  # which has a Microsoft GS Wavetable Synth 0 among the outputs
    ("P-125 0", "P-125 1"),
    ("Keystation 49 2", "Keystation 49 3"),
    ("MIDIIN2 (MPK261) 1", "MIDIOUT2 (MPK261) 2"),
    ("2- DX7 1", "2- DX7 2"),
]
DIFFERENT = [
    # the model's own number
    ("DX7:out", "DX21:in"),
    ("DX7", "DX21"),
    ("Keystation 49", "Keystation 88"),
    ("Model D", "Model 1"),
    ("Circuit", "Circuit 2"),
    ("a2j:DX7 [28] (capture): DX7 MIDI 1", "a2j:DX21 [32] (playback): DX21 MIDI 1"),
    ("Midi-Bridge:DX7:(capture_0) DX7 MIDI 1", "Midi-Bridge:DX21:(playback_0) DX21 MIDI 1"),
    # two of a kind
    ("DX7:DX7 MIDI 1 28:0", "DX7:DX7 MIDI 1 32:0"),
    ("DX7:out", "DX7-01:in"),
    ("DX7:out", "DX7-02:in"),
    ("DX7", "DX7 2"),
    ("DX7", "DX7 #2"),
    ("a2j:DX7 [28] (capture): DX7 MIDI 1", "a2j:DX7 [32] (playback): DX7 MIDI 1"),
    ("Midi-Bridge:DX7 1:(capture_0) DX7 MIDI 1", "Midi-Bridge:DX7 2:(playback_0) DX7 MIDI 1"),
    # two sockets of an interface
    ("MIDI4x4:MIDI4x4 MIDI 1 28:0", "MIDI4x4:MIDI4x4 MIDI 2 28:1"),
    ("MIDI4x4 Midi In 1", "MIDI4x4 Midi Out 2"),
    ("Midi-Bridge:MIDI4x4:(capture_0) MIDI4x4 MIDI 1", "Midi-Bridge:MIDI4x4:(playback_1) MIDI4x4 MIDI 2"),
    ("a2j:MIDI4x4 [28] (capture): MIDI4x4 MIDI 1", "a2j:MIDI4x4 [28] (playback): MIDI4x4 MIDI 2"),
    ("system:midi_capture_1", "system:midi_playback_2"),
    # a keyboard and a synth
    (KEYSTATION, FLUID),
    (KEYSTATION, "Stage Piano:Stage Piano MIDI 1 32:0"),
    (PIPEWIRE, "Midi-Bridge:FLUID Synth (12):(playback_0) in"),
    ("Player:out", "Plain Piano:in"),
]
DIFFERENT_ON_WINDOWS = [
    ("DX7 0", "DX21 0"),
    ("Model 1 0", "Model 2 0"),
    ("DX7 0", "2- DX7 1"),
    ("MPK261 0", "MIDIOUT2 (MPK261) 2"),
    ("P-125 0", "Microsoft GS Wavetable Synth 0"),
]


@pytest.mark.parametrize(
    ("plays", "sounds", "windows"), [(*p, False) for p in SAME] + [(*p, True) for p in SAME_ON_WINDOWS]
)
def test_the_ports_of_one_instrument_are_known_as_such(plays: str, sounds: str, windows: bool) -> None:
    assert ports.instrument(plays, windows=windows) == ports.instrument(sounds, windows=windows)


@pytest.mark.parametrize(
    ("plays", "sounds", "windows"), [(*p, False) for p in DIFFERENT] + [(*p, True) for p in DIFFERENT_ON_WINDOWS]
)
def test_another_instrument_is_another(plays: str, sounds: str, windows: bool) -> None:
    assert ports.instrument(plays, windows=windows) != ports.instrument(sounds, windows=windows)


@pytest.mark.parametrize(
    ("today", "tomorrow", "same"),
    [
        (KEYSTATION, "Keystation 49:Keystation 49 MIDI 1 20:0", True),
        (FLUID, "FLUID Synth (99):Synth input port (99:0) 129:0", True),
        (A2J, "a2j:Keystation 49 [20] (capture): Keystation 49 MIDI 1", True),
        ("Piano  28:0", "Piano 32:0 ", True),
        ("DX7 28:0", "DX21 28:0", False),
        ("Keystation 49:Keystation 49 MIDI 1 28:0", "Keystation 49:Keystation 49 MIDI 2 28:1", False),
        ("system:midi_capture_1", "system:midi_capture_2", False),
    ],
)
def test_a_port_that_comes_back_has_the_same_identity(today: str, tomorrow: str, same: bool) -> None:
    assert (ports.identity(today) == ports.identity(tomorrow)) is same


def test_an_identity_can_be_read_by_people() -> None:
    assert ports.identity(KEYSTATION) == "Keystation 49:Keystation 49 MIDI 1"
    assert ports.identity(FLUID) == "FLUID Synth :Synth input port"
