"""The protocol of the control socket: what is a request, and what is said of what is none."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livegen.control.protocol import (
    COMMANDS,
    EVENTS,
    LONGEST,
    Lines,
    ProtocolError,
    Request,
    TooLongError,
    answered,
    identity,
    parse,
    refused,
)


def test_a_request():
    line = b'{"id": 7, "command": "set", "values": {"temperature": 0.8}}'
    assert parse(line) == Request("set", {"values": {"temperature": 0.8}}, 7)
    assert parse(b'{"command": "status"}') == Request("status", {})
    assert parse(b'{"command": "subscribe", "events": ["midi"]}').arguments == {"events": ["midi"]}
    assert parse(b'{"command": "subscribe"}').arguments == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"\xff\xfe", "not valid UTF-8"),
        (b"{", "not valid JSON"),
        (b"[" * 5000, "not valid JSON"),
        (b'{"command": "get", "name": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"command": "set", "values": {"silence": NaN}}', "NaN is not a number of JSON"),
        (b"[1]", "A request is an object"),
        (b'"status"', "A request is an object"),
        (b"{}", "needs a command"),
        (b'{"command": 5}', "needs a command"),
        (b'{"command": "stat"}', "There is no command stat. Did you mean status?"),
        (b'{"command": "status", "json": true}', "status has no argument json: it has none."),
        (b'{"command": "get", "setting": "in"}', "get has no argument setting: it has name."),
        (b'{"command": "set"}', "set needs values."),
        (b'{"command": "set", "values": []}', "set: values must be an object."),
        (b'{"command": "get", "name": null}', "get: name must be a text."),
        (b'{"command": "subscribe", "events": "turn"}', "subscribe: events must be a list."),
        (b'{"command": "subscribe", "events": ["turns"]}', 'There is no event "turns". Did you mean turn?'),
        (b'{"command": "subscribe", "events": [[]]}', "There is no event []."),
        (b'{"command": "status", "id": [1]}', "id must be a text or a number."),
        (b'{"command": "status", "id": true}', "id must be a text or a number."),
    ],
)
def test_what_is_no_request(line, said):
    with pytest.raises(ProtocolError) as refusal:
        parse(line)
    assert said in str(refusal.value)
    assert len(str(refusal.value)) < 200


def test_every_command_has_arguments_that_are_described():
    assert all(kind in ("a text", "an object", "a list") for of in COMMANDS.values() for kind in of.values())
    assert len(set(EVENTS)) == len(EVENTS)


def test_answers_are_lines_with_the_id_of_the_request():
    assert json.loads(answered("a", {"value": 1})) == {"id": "a", "ok": True, "value": 1}
    assert json.loads(refused(None, "No.", 78)) == {"ok": False, "error": "No.", "status": 78}
    assert answered(1, {}).endswith(b"\n")


@pytest.mark.parametrize(("line", "found"), [(b'{"id": 3}', 3), (b"{", None), (b"[]", None), (b'{"id": []}', None)])
def test_the_id_of_a_request_that_is_not_valid(line, found):
    assert identity(line) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
REQUESTS = st.dictionaries(st.sampled_from(["id", "command", "name", "values", "events", "x"]), JSON, max_size=4)


@given(st.one_of(st.binary(max_size=200), JSON.map(lambda it: json.dumps(it).encode())))
def test_anything_is_a_request_or_refused(line):
    with_error = None
    try:
        parse(line)
    except ProtocolError as error:
        with_error = error
    assert with_error is not None
    identity(line)


@given(REQUESTS, st.sampled_from(list(COMMANDS)))
def test_a_request_has_the_arguments_of_its_command(request, command):
    line = json.dumps(request | {"command": command}).encode()
    try:
        found = parse(line)
    except ProtocolError:
        return
    assert set(found.arguments) <= set(COMMANDS[command])
    assert json.loads(answered(found.id, {}))["ok"]


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(1, 7))
def test_lines_are_found_wherever_they_are_cut(lines, size):
    data = b"".join(line.replace(b"\n", b"") + b"\n" for line in lines)
    cut, found = Lines(), []
    for i in range(0, len(data), size):
        cut.add(data[i : i + size])
        while (line := cut.take()) is not None:
            found.append(line)
    stripped = [line.replace(b"\n", b"").strip() for line in lines]
    assert found == [line for line in stripped if line]
    assert not cut


def test_a_line_without_end_is_refused():
    cut = Lines()
    cut.add(b"x" * LONGEST)
    assert cut.take() is None
    assert not cut.full
    cut.add(b"x")
    assert cut.full
    with pytest.raises(TooLongError, match="at most 16384 bytes"):
        cut.take()
