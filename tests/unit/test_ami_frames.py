"""Bytes to messages, whatever the segments."""

import pytest

from dialer.ami.frames import MAX_BUFFER, Fields, Frames, NotAmiError, event_name, headers

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
TWO = "Event: Newstate\r\nCallerIDName: Zoë 🎧\r\n\r\nResponse: Success\r\nActionID: 7\r\n\r\n".encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_are_whole_however_the_stream_is_cut(size: int) -> None:
    frames, data, found = Frames(), GREETING + TWO, []
    for start in range(0, len(data), size):
        found += list(frames.feed(data[start : start + size]))
    assert [headers(message) for message in found] == [
        {"Event": "Newstate", "CallerIDName": "Zoë 🎧"},  # a character over two segments survives
        {"Response": "Success", "ActionID": "7"},
    ]
    assert [event_name(message) for message in found] == [b"Newstate", None]


def test_another_server_is_noticed() -> None:
    with pytest.raises(NotAmiError, match="SSH-2"):
        list(Frames().feed(b"SSH-2.0-OpenSSH\r\n"))


def test_a_message_without_end_is_not_kept_for_ever() -> None:
    frames = Frames()
    list(frames.feed(GREETING))
    with pytest.raises(NotAmiError):
        list(frames.feed(b"x" * (MAX_BUFFER + 1)))


def test_invalid_utf8_costs_the_character_not_the_message() -> None:
    assert headers(b"Event: Hangup\r\nUniqueid: a-1\r\nName: \xff") == {
        "Event": "Hangup",
        "Uniqueid": "a-1",
        "Name": "\N{REPLACEMENT CHARACTER}",
    }


def test_fields_are_found_one_by_one_as_in_the_whole_message() -> None:
    message = b"Event: Hangup\r\nCause:16\r\nCause-txt: a Cause: 3\r\nEmpty: \r\nX: 1\r\nX:  2\r\nName: \xff"
    fields, whole = Fields(message), headers(message)
    for name in ("Event", "Cause", "Cause-txt", "Empty", "X", "Name"):
        assert fields.get(name) == whole[name]
    assert fields.get("X") == "2"
    assert fields.get("txt") is None
    assert fields.get("Missing", "?") == "?"
