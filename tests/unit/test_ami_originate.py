"""The Originate action, and that nothing unsafe gets into it."""

import dataclasses
from typing import Any

import pytest

from config.settings import Amd
from dialer.ami.originate import MAX_LINE, OriginateCall, check

AMD = "2500-1500-800-5000-100-50-3-256-5000"
CALL = OriginateCall(
    attempt_id="01J00000000000000000000001",
    number="+15550001",
    dial="PJSIP/{number}@carrier",
    queue="sales",
    ring_s=30,
    queue_wait_s=20,
)


def test_the_action() -> None:
    assert CALL.headers() == {
        "Action": "Originate",
        "ActionID": "01J00000000000000000000001",
        "ChannelId": "a-01J00000000000000000000001",
        "Channel": "PJSIP/+15550001@carrier",
        "Context": "dialer",
        "Exten": "q-sales",
        "Priority": "1",
        "Timeout": "30000",
        "Async": "true",
        "Account": "01J00000000000000000000001",
        "Variable": (
            "__DIAL_ATTEMPT=01J00000000000000000000001",
            "__DIAL_QUEUE_WAIT=20",
            "DIAL_QUEUE_LIMIT=19.750",
        ),
    }


@pytest.mark.parametrize(
    ("options", "dialed"),
    [
        ({"strip_plus": True}, "15550001"),
        ({"strip_plus": True, "prefix": "00"}, "0015550001"),
        ({"prefix": "9"}, "9+15550001"),
    ],
)
def test_strip_plus_and_prefix(options: dict[str, Any], dialed: str) -> None:
    assert dataclasses.replace(CALL, **options).headers()["Channel"] == f"PJSIP/{dialed}@carrier"


@pytest.mark.req("D7")
@pytest.mark.parametrize(
    ("options", "limit"),
    [
        ({"queue_wait_s": 2}, "1.750"),
        ({"queue_wait_s": 2, "amd_silence_ms": 800}, "1.750"),  # counts only where it was listened for
        ({"queue_wait_s": 2, "amd_silence_ms": 800, "amd": AMD}, "0.950"),
        ({"queue_wait_s": 1, "amd_silence_ms": 5000, "amd": AMD}, "0.200"),
    ],
)
def test_the_message_begins_within_the_wait(options: dict[str, Any], limit: str) -> None:
    """Counted from the end of the greeting: of it AMD() has used some up."""
    assert f"DIAL_QUEUE_LIMIT={limit}" in dataclasses.replace(CALL, **options).headers()["Variable"]


@pytest.mark.req("D4")
def test_what_is_said_of_machines_and_messages() -> None:
    full = {"message": "custom/sorry", "machine_message": "/var/lib/us", "message_silence_ms": 1500}
    off = dataclasses.replace(CALL, **full).headers()["Variable"][3:]
    assert off == ("DIAL_MESSAGE=custom/sorry",)
    on = dataclasses.replace(CALL, amd=AMD, **full).headers()["Variable"][4:]
    assert on == (f"DIAL_AMD={AMD}", "DIAL_SILENCE=1500", "DIAL_MACHINE_MESSAGE=/var/lib/us")
    assert Amd().options() == AMD


def test_early_media_is_never_asked_for_and_a_caller_id_only_if_given() -> None:
    assert "EarlyMedia" not in CALL.headers()
    assert "CallerID" not in CALL.headers()
    named = dataclasses.replace(CALL, caller_id='"Zoë" <+15559999>')
    assert named.headers()["CallerID"] == '"Zoë" <+15559999>'


@pytest.mark.req("D3")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "hold@other/n"),  # would run another context
        ("number", "+1555\r\nAction: Command"),
        ("number", "12"),
        ("number", "+1234567890123456"),
        ("number", "+1555,2"),
        ("number", "+1555\n"),
        ("number", "٣٣٣٣"),  # digits of another script
        ("attempt_id", "short"),
        ("attempt_id", "01J0000000000000000000000\n"),
        ("queue", "sales,1"),
        ("queue", "sales\n"),
        ("queue", ""),
        ("queue", "q" * 65),
        ("context", "a b"),
        ("prefix", "9,"),
        ("dial", "PJSIP/carrier"),
        ("dial", "PJSIP/{number}@{number}"),
        ("ring_s", 0),
        ("ring_s", 601),
        ("queue_wait_s", 0),
        ("message", "a,B=2"),
        ("message", "${SHELL(id)}"),
        ("message", "a&b"),
        ("machine_message", "-x"),
        ("amd", "2500-1500"),
        ("amd", "2500,1500"),
    ],
)
def test_wrong_values_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        dataclasses.replace(CALL, **{field: value})


@pytest.mark.parametrize("char", ["\r", "\n", "\r\n", "\x00", "\x1b", "\x7f", "\x85", "\u2028"])
def test_no_control_character_passes_in_any_value(char: str) -> None:
    with pytest.raises(ValueError, match=r"^CallerID: control"):
        dataclasses.replace(CALL, caller_id=f"Anna{char}Action: Hangup")
    with pytest.raises(ValueError, match=r"^Channel: control"):
        dataclasses.replace(CALL, dial="PJSIP/{number}@x" + char)
    with pytest.raises(ValueError, match=r"^Variable: "):
        check({"Variable": ("A=1", f"B=2{char}")})


def test_the_error_does_not_show_the_value() -> None:
    with pytest.raises(ValueError, match="Secret") as raised:
        check({"Secret": "hunter2\r\n"})
    assert "hunter2" not in str(raised.value)


def test_a_line_longer_than_asterisk_reads_is_refused() -> None:
    longest = MAX_LINE - len("CallerID: \r\n")
    assert dataclasses.replace(CALL, caller_id="x" * longest)
    with pytest.raises(ValueError, match="CallerID: the line is longer"):
        dataclasses.replace(CALL, caller_id="x" * (longest + 1))
