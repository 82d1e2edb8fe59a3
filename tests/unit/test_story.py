"""A contact's story: the rows of its trail and what attempts and texts tell, in one order, and every kind documented."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain.contact import Address
from dialer.domain.delivery import deliveries
from dialer.domain.story import KINDS, TOLD_BY_THEMSELVES, story

ROOT = Path(__file__).parents[2]
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
NUMBER, OTHER = "+12025550100", "+12025550101"


def at(seconds: float | None) -> datetime | None:
    return None if seconds is None else START + timedelta(seconds=seconds)


def row(number: int, seconds: float, kind: str, **data: Any) -> dict[str, Any]:
    return {"id": number, "at": at(seconds), "campaign_id": 1, "contact_id": 7, "kind": kind, "data": data}


def attempt(number: str = NUMBER, **times: float) -> dict[str, Any]:
    moments = {f"{name}_at": at(times.get(name)) for name in ("ringing", "answered", "connected")}
    ids = {"id": "A1", "campaign_id": 1, "contact_id": 7, "node": "call"}
    return {**ids, "number": number, "gateway": "world", "queue": "sales", "agent": "PJSIP/a", **moments}


def text(parts: int) -> dict[str, Any]:
    ids = {"id": "M1", "campaign_id": 1, "contact_id": 7, "node": "text"}
    return {**ids, "address": NUMBER, "gateway": "smsc", "parts": parts}


def part(
    number: int, status: str, submitted: float | None, final: float | None, error: str | None = None
) -> dict[str, Any]:
    times = {"submitted_at": at(submitted), "final_at": at(final)}
    return {"message_id": "M1", "part": number, "status": status, "gateway": "smsc", "error": error, **times}


@pytest.mark.req("K12")
def test_a_call_and_a_long_text_are_told_as_one_story() -> None:
    rows = [
        row(1, 0, "call-queued"),
        row(2, 1, "call-dialed", attempt="A1"),
        row(3, 30, "call-ended", attempt="A1"),
        row(4, 31, "sms-sending", message="M1"),
        row(5, 40, "sms-status", message="M1", status="undelivered", error="UNDELIV 001"),
    ]
    parts = [part(1, "delivered", 32, 38), part(2, "undelivered", 33, 40, "UNDELIV 001")]
    told = story(rows, [attempt(ringing=3, answered=8, connected=9)], [text(2)], parts)
    assert [(one["kind"], one["data"].get("part"), one["data"].get("status")) for one in told] == [
        ("call-queued", None, None), ("call-dialed", None, None), ("call-ringing", None, None), ("call-answered", None, None),
        ("call-connected", None, None), ("call-ended", None, None), ("sms-sending", None, None), ("sms-part", 1, "submitted"),
        ("sms-part", 2, "submitted"), ("sms-part", 1, "delivered"), ("sms-status", None, "undelivered"),
        ("sms-part", 2, "undelivered"),
    ]  # fmt: skip
    assert told[4]["data"]["agent"] == "PJSIP/a"
    assert (told[10]["data"]["address"], told[10]["data"]["gateway"], told[10]["data"]["parts"]) == (NUMBER, "smsc", 2)
    assert (told[11]["data"]["error"], told[11]["contact_id"], told[11]["id"]) == ("UNDELIV 001", 7, 0)


@pytest.mark.req("K12")
def test_a_text_of_one_part_is_told_once() -> None:
    told = story(
        [row(1, 0, "sms-status", message="M1", status="delivered")], [], [text(1)], [part(1, "delivered", 0, 0)]
    )
    assert [one["kind"] for one in told] == ["sms-status"]


@pytest.mark.req("K12")
@given(
    st.lists(st.integers(0, 50), max_size=12), st.lists(st.tuples(*[st.none() | st.integers(0, 60)] * 3), max_size=5)
)
def test_nothing_is_lost_and_rows_stay_in_their_order(moments: list[int], calls: list[tuple[int | None, ...]]) -> None:
    """Also when a clock was read before an earlier row's: what was written first comes first."""
    rows = [row(n, seconds, "step") for n, seconds in enumerate(moments, 1)]
    names = ("ringing", "answered", "connected")
    tried = [attempt(**{n: s for n, s in zip(names, call, strict=True) if s is not None}) for call in calls]
    told = story(rows, tried, [], [])
    assert [one["id"] for one in told if one["id"]] == [one["id"] for one in rows]
    assert len(told) == len(rows) + sum(moment is not None for call in calls for moment in call)
    derived = [one["at"] for one in told if not one["id"]]
    assert derived == sorted(derived)


@pytest.mark.req("K12")
def test_each_address_shows_its_last_call_and_its_last_text() -> None:
    addresses = [Address(NUMBER, voice=True, sms=True), Address("ann@example.com", email=True)]
    first, second = attempt(ringing=1), {**attempt(ringing=2), "id": "A2"}
    found = deliveries(addresses, [first, second, attempt(OTHER)], [text(1)])
    assert [(one.channel, one.address, one.current, one.tries) for one in found] == [
        ("voice", NUMBER, True, 2), ("sms", NUMBER, True, 1), ("email", "ann@example.com", True, 0), ("voice", OTHER, False, 1),
    ]  # fmt: skip
    assert found[0].last == second
    assert found[2].last is None


@pytest.mark.req("K12")
def test_every_kind_that_is_written_is_documented() -> None:
    written = {
        kind
        for folder in ("operations", "store")
        for file in (ROOT / "dialer" / folder).glob("*.py")
        for kind in kinds(file)
    }
    assert {"created", "merged", "enrolled", "step", "call-ended", "sms-status", "edited", "requeued"} <= written
    assert written - KINDS.keys() == set()
    assert KINDS.keys() - written == set(TOLD_BY_THEMSELVES)


def kinds(file: Path) -> Iterator[str]:
    """The names of entries in a file: constants handed to what makes an entry, or noted down for one that is made later."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name(node.func) in {"Entry", "_entry", "entry"}:
            yield from (name for argument in node.args for name in _constants(argument))
        elif isinstance(node, ast.Call) and _name(node.func) in {"literal", "append", "withdraw", "turn_down"}:
            yield from (name for argument in node.args for name in _constants(argument) if name in KINDS)
        elif isinstance(node, ast.Assign) and _name(node.targets[0]) in {"kind", "ERASED", "TAKEN_BACK"}:
            yield from (name for name in _constants(node.value) if name in KINDS)


def _constants(node: ast.AST) -> Iterator[str]:
    nodes = (
        node.elts
        if isinstance(node, ast.Tuple)
        else [node.body, node.orelse]
        if isinstance(node, ast.IfExp)
        else [node]
    )
    return (one.value for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str))


def _name(node: ast.AST) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))
