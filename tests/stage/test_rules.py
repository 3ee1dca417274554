"""Random streams of messages against the rules that hold on every path."""

from __future__ import annotations

from math import inf

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mido import Message

from livegen.note import MonotonicTime, Pedal
from livegen.stage.events import Ended, Failed, Panic, Part, Predicted, Received, ResponseNote
from livegen.stage.performance import Manners, Performance, Turn
from livegen.stage.voice import Voice

CHANNELS = st.sampled_from([0, 1, 9])
NOTES = st.sampled_from([60, 62, 64])
MESSAGES = st.one_of(
    st.builds(
        lambda channel, note, velocity: Message("note_on", channel=channel, note=note, velocity=velocity),
        CHANNELS,
        NOTES,
        st.sampled_from([0, 1, 64]),
    ),
    st.builds(lambda channel, note: Message("note_off", channel=channel, note=note), CHANNELS, NOTES),
    st.builds(
        lambda channel, control, value: Message("control_change", channel=channel, control=control, value=value),
        CHANNELS,
        st.sampled_from([1, 64, 66, 67, 123]),
        st.sampled_from([0, 63, 64, 127]),
    ),
    st.sampled_from([Message("clock"), Message("pitchwheel", pitch=9), Message("program_change", program=3)]),
)
AGO = st.sampled_from([0.0, 0.1, 0.3, inf])
RESPONSES = st.lists(
    st.builds(
        ResponseNote,
        NOTES,
        st.sampled_from([0.0, 0.2, 0.5, 1.0]),
        st.sampled_from([0.1, 0.6, 2.0]),
        st.just(80),
        st.builds(Pedal, st.booleans(), AGO, AGO),
    ),
    min_size=2,
    max_size=6,
)
ACTIONS = st.one_of(
    st.tuples(st.just("midi"), MESSAGES, st.integers(0, 1)),
    st.tuples(st.just("key"), NOTES, st.integers(0, 1)),  # down, or up again
    st.tuples(st.just("foot"), st.integers(0, 1)),  # the same
    st.tuples(st.just("rest")),  # all keys up, and time for a response to begin
    st.tuples(st.sampled_from(["rest", "panic", "fail", "sleep"])),
)
STEPS = st.lists(st.tuples(st.sampled_from([0.0, 0.01, 0.15, 0.4, 0.8, 2.5]), ACTIONS), min_size=4, max_size=30)
VOICES = st.lists(st.tuples(st.booleans(), st.sampled_from([0, 1, 2])), min_size=1, max_size=2)


class Instrument:
    """What an instrument does with what it gets: the books of the outside world."""

    def __init__(self) -> None:
        self.sounding: set[tuple[int, int]] = set()
        self.pedals: dict[tuple[int, int], Part] = {}  # down (channel, controller): by whom

    def play(self, message: Message, part: Part) -> None:
        if message.type == "note_on" and message.velocity > 0:
            self.sounding.add((message.channel, message.note))
        elif message.type in ("note_on", "note_off"):
            self.sounding.discard((message.channel, message.note))
        elif message.type == "control_change" and message.control == 123:  # all notes off
            self.sounding = {key for key in self.sounding if key[0] != message.channel}
        elif message.type == "control_change" and message.control in (64, 66):
            pedal = (message.channel, message.control)
            if message.value >= 64:
                self.pedals[pedal] = part
            else:
                self.pedals.pop(pedal, None)


def playable_response(notes: list[ResponseNote]) -> tuple[ResponseNote, ...]:
    from livegen.stage.response import playable

    return playable(sorted(notes, key=lambda note: note.offset))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.lists(RESPONSES, min_size=1, max_size=3), VOICES, st.booleans())
def test_nothing_hangs_nothing_is_lost_the_first_key_silences(steps, responses, voices, both):
    performance = Performance(
        Manners(window_of_both=both), [Voice(thru=thru, channel=channel) for thru, channel in voices], inputs=2
    )
    instruments = [Instrument() for _ in voices]
    held: set[tuple[int, int, int]] = set()  # port, channel, note: under the player's fingers
    feet: set[tuple[int, int]] = set()  # port, channel: of the sustain pedals under the player's feet
    heard: set[int] = set()  # channels
    thru: list[list[Message]] = [[] for _ in voices]
    played: list[list[Message]] = [[] for _ in voices]
    now = MonotonicTime(0.0)
    asked = None
    answers = 0

    def pump() -> None:
        nonlocal asked, answers
        for send in performance.due(now):
            message, output = send.message, send.output
            if send.part is Part.RESPONSE and message.type == "note_off":
                fingers = {(channel, note) for _, channel, note in held if channel != 9}
                assert (message.channel, message.note) not in fingers, "a key that the player holds was cut"
            if send.part is Part.CALL:
                played[output].append(message)
            if send.part is Part.RESPONSE and message.type == "note_on":
                assert {channel for _, channel, _ in held} <= {9}, "we speak while the player does"
            if send.part is Part.RESPONSE and message.type == "control_change":
                assert (message.control, message.channel) == (64, voices[output][1])
                assert not ({message.channel} & heard & {channel for _, channel in feet}), "the player's pedal is moved"
            instruments[output].play(message, send.part)
        if performance.turn is not Turn.RESPONSE and not feet:
            for instrument in instruments:
                assert Part.RESPONSE not in instrument.pedals.values(), "our pedal stays down"
        request = performance.take_request()
        if request is not None:
            asked = request
            assert 1 <= len(request.context) <= 25
            assert request.gap >= 0
            assert 1 <= request.length <= 8
            performance.handle(Predicted(request.id, playable_response(responses[answers % len(responses)]), 0.0), now)
            answers += 1

    def run(until: float) -> None:
        nonlocal now
        while (due := performance.next_due) is not None and due <= until:
            now = MonotonicTime(max(now, due))
            pump()
        now = MonotonicTime(until)

    def receive(message: Message, port: int) -> None:
        sounding_key = message.type == "note_on" and message.velocity > 0
        if message.type in ("note_on", "note_off"):
            key = (port, message.channel, message.note)
            (held.add if sounding_key else held.discard)(key)
        if message.type == "control_change" and message.control == 123:
            held.difference_update({key for key in held if key[:2] == (port, message.channel)})
        if message.is_cc(64) and message.channel != 9:
            (feet.add if message.value >= 64 else feet.discard)((port, message.channel))
        if sounding_key and message.channel != 9:
            heard.add(message.channel)
        for output, (passes, _) in enumerate(voices):
            if passes:
                thru[output].append(message)
        responding = performance.turn is Turn.RESPONSE
        performance.handle(Received(message, now, port), now)
        if responding and sounding_key and message.channel != 9:
            assert performance.turn is Turn.CALL, "the first key did not end the response"
        pump()
        if responding and sounding_key and message.channel != 9:
            for instrument, (_, channel) in zip(instruments, voices, strict=True):
                fingers = {key[1:] for key in held}
                left = {key for key in instrument.sounding if key[0] == channel} - fingers
                assert left == set(), "the response sounds on under the player"

    for wait, (kind, *rest) in steps:
        if kind == "sleep":  # the process stood still
            now = MonotonicTime(now + wait)
            pump()
        else:
            run(now + wait)
        if kind == "midi":
            receive(*rest)
        elif kind == "key":
            note, port = rest
            down = (port, 0, note) in held
            receive(Message("note_off" if down else "note_on", channel=0, note=note), port)
        elif kind == "foot":
            [port] = rest
            value = 0 if (port, 0) in feet else 127
            receive(Message("control_change", channel=0, control=64, value=value), port)
        elif kind == "rest":
            for port, channel, note in sorted(held):
                receive(Message("note_off", channel=channel, note=note), port)
            run(now + 0.9)
        elif kind == "panic":
            performance.handle(Panic(now), now)
            assert performance.turn is Turn.IDLE
            pump()
        elif kind == "fail" and asked is not None:
            performance.handle(Failed(asked.id, "no"), now)
            pump()

    for output, (passes, _) in enumerate(voices):
        got = [
            m for m in played[output] if m.type not in ("note_on", "note_off") or (m.type == "note_on" and m.velocity)
        ]
        want = [
            m for m in thru[output] if m.type not in ("note_on", "note_off") or (m.type == "note_on" and m.velocity)
        ]
        assert got == want, "thru is not complete and in order"
        if not passes:
            assert all(m.type in ("note_on", "note_off") for m in played[output])

    for port, channel, note in sorted(held):
        receive(Message("note_off", channel=channel, note=note), port)
    run(now + 60)
    for instrument in instruments:
        assert instrument.sounding == set(), "a note hangs"
    for port in (0, 1):
        performance.handle(Received(Message("note_on", channel=1, note=64), now, port), now)
        performance.handle(Ended(now, port), now)
        feet -= {foot for foot in feet if foot[0] == port}
        pump()
    run(now + 60)
    assert performance.finished, "it does not come to its end"
    for send in performance.close(now):
        instruments[send.output].play(send.message, send.part)
    for instrument in instruments:
        assert instrument.sounding == set(), "a note hangs"
        assert instrument.pedals == {}, "a pedal stays down"
