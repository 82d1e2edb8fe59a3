"""The palette says of each field what the catalogue knows of it."""

from typing import Any

import pytest

from admin.studio.arranging import arranged
from admin.studio.standing import drawn, statuses
from dialer.strategy.catalogue import STEP_TYPES
from dialer.strategy.palette import palette

KINDS = {
    "number", "switch", "text", "choice", "choices", "duration", "durations", "rules", "queue", "voice-gateway", "sms-gateway",
    "mode", "attribute", "look", "template", "clock", "zone",
}  # fmt: skip


def field(step: str, name: str) -> dict[str, Any]:
    found = next(one for one in palette() if one["type"] == f"campaign-{step}")
    return next(one for one in found["fields"] if one["name"] == name)


@pytest.mark.req("S1")
def test_every_step_type_is_offered_with_all_its_fields_and_ports() -> None:
    for made, step_type in zip(palette(), STEP_TYPES.values(), strict=True):
        assert made["type"] == f"campaign-{step_type.name}"
        names = [name if field.alias is None else field.alias for name, field in step_type.fields.model_fields.items()]
        assert [one["name"] for one in made["fields"]] == names
        assert {one["kind"] for one in made["fields"]} <= KINDS
        assert all(one["title"] and one["help"] for one in made["fields"])
        assert [port["name"] for port in made["ports"]] == [port.name for port in step_type.ports]


@pytest.mark.req("S1")
def test_fields_carry_their_kind_range_and_choices() -> None:
    ring = field("call", "ring_s")
    assert (ring["kind"], ring["minimum"], ring["maximum"], ring["default"]) == ("number", 5, 120, 25)
    assert field("call", "queue")["kind"] == "queue"
    assert (field("call", "gateway")["kind"], field("sms", "gateway")["kind"]) == ("voice-gateway", "sms-gateway")
    assert (field("call", "retry_after")["kind"], field("call", "retry_after")["default"]) == ("durations", ["15m"])
    assert "answered" not in [value for value, _ in field("call", "retry_on")["options"]]
    assert (field("sms", "text")["kind"], field("sms", "text")["required"], field("sms", "text")["maxLength"]) == (
        "template",
        True,
        1530,
    )
    assert (field("sms", "timeout")["kind"], field("sms", "timeout")["default"]) == ("duration", "3d")
    assert field("wait", "duration")["only_with"] == {"kind": ["for"]}
    assert field("branch", "on")["kind"] == "look"
    assert (field("branch", "rules")["kind"], field("branch", "rules")["options"][0]) == ("rules", ["eq", "is"])
    assert (field("time-window", "from")["kind"], field("time-window", "time_zone")["kind"]) == ("clock", "zone")


@pytest.mark.req("S5")
def test_who_stands_where_is_said_in_the_words_of_the_step() -> None:
    flow = [
        {"id": "in", "type": "campaign-contact-in"}, {"id": "call", "type": "campaign-call"}, {"id": "text", "type": "campaign-sms"},
        {"id": "wait", "type": "campaign-wait"}, {"id": "end", "type": "campaign-end"}, {"id": "sub", "type": "subflow:x"},
    ]  # fmt: skip
    counts = [
        (None, "pending", 2_000), ("call", "pending", 12), ("call", "in_progress", 3), ("text", "in_progress", 1), ("wait", "waiting", 9),
        ("end", "done", 40), ("sub/a", "waiting", 1), ("sub/b", "in_progress", 2), ("gone", "done", 5), ("end", "stopped", 1),
    ]  # fmt: skip
    assert statuses(drawn(flow), counts) == {
        "in": {"fill": "yellow", "shape": "ring", "text": "2,000 to come"},
        "call": {"fill": "blue", "shape": "dot", "text": "12 queued · 3 calling"},
        "text": {"fill": "blue", "shape": "dot", "text": "1 sent"},
        "wait": {"fill": "yellow", "shape": "ring", "text": "9 waiting"},
        "end": {"fill": "green", "shape": "dot", "text": "40 done · 1 stopped"},
        "sub": {"fill": "blue", "shape": "dot", "text": "2 here · 1 waiting"},
    }


def test_nodes_that_nobody_has_placed_stand_in_columns_from_the_start() -> None:
    at = {"x": 0, "y": 0, "z": "tab"}
    flow: list[dict[str, Any]] = [
        {"id": "tab", "type": "tab"},
        {**at, "id": "end", "type": "campaign-end", "wires": []},
        {**at, "id": "call", "type": "campaign-call", "wires": [["end"], [], ["wait"], [], [], [], [], ["end"]]},
        {**at, "id": "wait", "type": "campaign-wait", "wires": [["call"]]},
        {**at, "id": "in", "type": "campaign-contact-in", "wires": [["call"]]},
        {**at, "id": "alone", "type": "campaign-end", "wires": []},
    ]
    placed = {entry["id"]: (entry["x"], entry["y"]) for entry in arranged(flow) if "x" in entry}
    assert placed == {"in": (140, 95), "call": (420, 140), "end": (700, 95), "wait": (700, 175), "alone": (980, 95)}
    flow[1]["x"] = 40  # somebody has placed one: all stay
    assert arranged(flow) == flow
