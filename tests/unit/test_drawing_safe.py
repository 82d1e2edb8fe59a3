"""What no draft may have, and what it may: everything that only hinders a deploy."""

from typing import Any

import pytest

from dialer.strategy.nodered.compile import from_flow
from dialer.strategy.nodered.safe import find_unsafe

TAB = {"id": "t", "type": "tab", "label": "Spring"}


def step(id_: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "type": "campaign-call", "z": "t", "x": 1, "y": 1, "wires": [], **more}


UNFINISHED: dict[str, list[Any]] = {
    "nothing at all": [],
    "no start": [TAB, step("a")],
    "a wire to nowhere": [TAB, step("a", wires=[["gone"]])],
    "a field that is wrong": [TAB, step("a", ring_s="soon", queue="nowhere")],
    "a node of another kind": [TAB, step("a", type="function", func="return msg")],
    "a node that stands nowhere": [TAB, {"id": "broker", "type": "mqtt-broker"}],
    "switched off": [{**TAB, "disabled": True}, step("a", d=True)],
    "environment variables": [TAB, {"id": "s", "type": "subflow", "name": "S", "env": [{"name": "x", "value": "1"}]}],
    "two sheets": [TAB, {**TAB, "id": "u"}, step("a"), step("b", z="u")],
    "a subflow that is gone": [TAB, step("a", type="subflow:gone")],
}
UNSAFE: dict[str, tuple[object, str, str]] = {
    "no list": ({"id": "t"}, "", "flow"),
    "too many": ([step(str(n)) for n in range(3001)], "", "flow"),
    "too deep": ([{**TAB, "info": "x", "deep": [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}], "", "flow"),
    "too large": ([{**TAB, "more": "x" * 1_000_001}], "", "flow"),
    "no Unicode": ([{**TAB, "label": "\ud800"}], "", "flow"),
    "no object": ([TAB, 7], "flow[1]", "node"),
    "no id": ([{"type": "tab"}], "flow[0]", "id"),
    "two of an id": ([TAB, step("a"), step("a")], "a", "id"),
    "a name of JavaScript's own": ([TAB, step("a", deep=[{"__proto__": {}}])], "a", "__proto__"),
    "an icon from elsewhere": ([TAB, step("a", icon="https://evil.example/x.svg")], "a", "icon"),
    "a colour that is none": ([TAB, {"id": "g", "type": "group", "z": "t", "style": {"fill": "url(//evil)"}}], "g", "style"),
    "groups in each other": (
        [TAB, {"id": "g", "type": "group", "z": "t", "g": "h"}, {"id": "h", "type": "group", "z": "t", "g": "g"}],
        "g",
        "g",
    ),
    "a subflow in itself": ([TAB, {"id": "s", "type": "subflow"}, step("a", type="subflow:s", z="s")], "s", "subflow"),
}  # fmt: skip


@pytest.mark.req("S2")
@pytest.mark.parametrize("flow", UNFINISHED.values(), ids=UNFINISHED.keys())
def test_what_is_only_unfinished_may_be_kept(flow: list[Any]) -> None:
    assert from_flow(flow).checked.faults
    assert find_unsafe(flow) == ()


@pytest.mark.req("S2")
@pytest.mark.parametrize(("flow", "node", "field"), UNSAFE.values(), ids=UNSAFE.keys())
def test_what_would_harm_is_refused_at_its_node(flow: object, node: str, field: str) -> None:
    assert [(fault.node, fault.field) for fault in find_unsafe(flow)] == [(node, field)]
