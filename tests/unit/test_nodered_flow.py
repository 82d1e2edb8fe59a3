"""Node-RED flows: what is translated, what is refused and where, and what hostile ones meet."""

import json
from typing import Any

import pytest

from dialer.strategy.known import Known
from dialer.strategy.model import Strategy
from dialer.strategy.nodered.compile import Compiled, from_flow
from dialer.strategy.nodered.inline import MAX_LEVELS

Node = dict[str, Any]
TAB: Node = {"id": "t", "type": "tab", "label": "Spring"}


def node(id_: str, type_: str, *wires: str | list[str], z: str = "t", **fields: Any) -> Node:
    ways = [[way] if isinstance(way, str) and way else list(way) for way in wires]
    return {"id": id_, "type": type_, "z": z, "x": 10, "y": 20, "wires": ways, **fields}


def flow(*nodes: Node, to: str = "n") -> list[Node]:
    """A tab whose contact-in leads to this node."""
    return [TAB, node("in", "campaign-contact-in", to), *nodes]


def sound(entries: list[Node]) -> Strategy:
    compiled = from_flow(entries)
    assert compiled.checked.faults == ()
    assert compiled.checked.strategy is not None
    again = from_flow(json.loads(json.dumps(compiled.drawing)))
    assert again.checked.strategy == compiled.checked.strategy, "what is kept means the same"
    return compiled.checked.strategy


def faults(entries: object) -> dict[tuple[str, str], str]:
    compiled = from_flow(entries)
    assert compiled.document is None
    assert compiled.drawing == []
    assert compiled.checked.faults
    return {(fault.node, fault.field): fault.reason for fault in compiled.checked.faults}


def warnings(compiled: Compiled) -> dict[str, str]:
    return {warning.node: warning.reason for warning in compiled.checked.warnings}


END = node("end", "campaign-end")


# -- subflows


def subflow(id_: str, first: str, *ends: tuple[str, int]) -> Node:
    out = [{"x": 1, "y": 1, "wires": [{"id": name, "port": port}]} for name, port in ends]
    return {"id": id_, "type": "subflow", "name": id_.upper(), "in": [{"wires": [{"id": first}]}], "out": out}


@pytest.mark.req("S6")
def test_a_subflow_unfolds_into_the_steps_of_each_instance() -> None:
    strategy = sound(
        flow(
            subflow("s", "call", ("pause", 0), ("call", 0)),
            node("call", "campaign-call", "", "pause", z="s"),
            node("pause", "campaign-wait", z="s", duration="1h"),
            node("one", "subflow:s", "two", "end"),
            node("two", "subflow:s", "", "end"),
            END,
            to="one",
        )
    )
    assert [step.id for step in strategy.nodes] == ["in", "one/call", "one/pause", "two/call", "two/pause", "end"]
    ways = {step.id: dict(step.out) for step in strategy.nodes}
    assert ways["in"] == {"next": "one/call"}
    assert ways["one/call"] == {"answered": "end", "no_answer": "one/pause"}
    assert ways["one/pause"] == {"next": "two/call"}
    assert ways["two/pause"] == {}


@pytest.mark.req("S6")
def test_subflows_in_subflows_and_straight_ways_through_them() -> None:
    strategy = sound(
        flow(
            subflow("outer", "i", ("i", 0), ("outer", 0)),
            subflow("inner", "j", ("j", 0)),
            node("i", "subflow:inner", z="outer"),
            node("j", "junction", z="inner"),
            node("n", "subflow:outer", "end", "end"),
            END,
        )
    )
    assert strategy.start.out == {"next": "end"}


@pytest.mark.req("S6")
def test_subflows_that_contain_themselves_are_refused_by_name() -> None:
    ring = flow(
        subflow("a", "x", ("x", 0)),
        subflow("b", "y", ("y", 0)),
        node("x", "subflow:b", z="a"),
        node("y", "subflow:a", z="b"),
        node("n", "subflow:a", "end"),
        END,
    )
    assert faults(ring)["a", "subflow"] == "contains itself: 'A' → 'B' → 'A'"


@pytest.mark.req("S6")
def test_fifty_levels_of_subflows_are_refused() -> None:
    levels = [subflow(f"s{n}", "i", ("i", 0)) for n in range(50)]
    inside = [node(f"i{n}", f"subflow:s{n + 1}", z=f"s{n}") for n in range(49)]
    for n, level in enumerate(levels):
        level["in"][0]["wires"][0]["id"] = level["out"][0]["wires"][0]["id"] = f"i{n}"
    found = faults(
        flow(*levels, *inside, node("i49", "campaign-wait", z="s49", duration="1h"), node("n", "subflow:s0"))
    )
    assert list(found) == [("n", "subflow")]
    assert f"deeper than {MAX_LEVELS} levels" in found["n", "subflow"]


@pytest.mark.timeout(60)  # in full it would take hours
@pytest.mark.req("S6")
def test_a_bomb_of_subflows_is_stopped_early() -> None:
    levels = [subflow(f"s{n}", f"i{n}.0", (f"i{n}.0", 0)) for n in range(4)]
    inside = [node(f"i{n}.{k}", f"subflow:s{n + 1}", z=f"s{n}") for n in range(3) for k in range(40)]
    deepest = [node(f"i3.{k}", "campaign-wait", z="s3", duration="1h") for k in range(40)]
    found = faults(flow(*levels, *inside, *deepest, node("n", "subflow:s0")))
    assert list(found) == [("n", "subflow")]
    assert "unfolds to more than" in found["n", "subflow"]


def test_unknown_subflows_and_ids_that_meet_are_refused() -> None:
    meeting = flow(
        subflow("s", "x", ("x", 0)),
        node("x", "campaign-wait", z="s", duration="1h"),
        node("n/x", "campaign-end"),
        node("n", "subflow:s", "lost"),
        node("lost", "subflow:gone", "end"),
        END,
    )
    found = faults(meeting)
    assert set(found) == {("n/x", "id"), ("lost", "type")}
    assert found["lost", "type"] == "there is no subflow 'gone' in the flow"


def test_ways_at_the_border_of_a_subflow_that_are_not_there_are_refused() -> None:
    found = faults(
        flow(
            subflow("s", "x", ("gone", 0), ("x", 3)),
            node("x", "campaign-wait", z="s", duration="1h"),
            node("n", "subflow:s", "", "end", "end"),
            END,
        )
    )
    assert found == {
        ("s", "out.0"): "comes from 'gone', which does not exist",
        ("n", "wires"): "a wire starts where the subflow has no way out; it has 2",
        ("n/x", "wires"): "a wire starts at way out 4, and the step has only 1 ways out",
    }


@pytest.mark.req("S6")
def test_what_is_left_out_of_a_subflow_leaves_no_ties() -> None:
    entries = flow(
        subflow("s", "d", ("d", 0), ("x", 0)),
        node("x", "campaign-wait", "d", z="s", duration="1h"),
        node("d", "debug", z="s"),
        node("n", "subflow:s", "", "end"),
        END,
    )
    entries[2]["in"][0]["wires"].append({"id": "x"})
    assert sound(entries).start.out == {"next": "n/x"}
    named = from_flow([*entries, node("w", "campaign-wait", "n/d", duration="1h")])
    assert [(fault.node, fault.field) for fault in named.checked.faults] == [("w", "out.next")]


# -- wires


@pytest.mark.req("S6")
def test_a_way_that_parts_is_refused_and_one_that_only_seems_to_is_not() -> None:
    split = flow(node("n", "junction", ["a", "b"]), node("a", "campaign-end"), node("b", "campaign-end"))
    assert faults(split)["in", "out.next"] == "leads to 'a' and to 'b'; a contact takes one way only"
    joined = flow(node("n", "junction", ["a", "b"]), node("a", "junction", "end"), node("b", "junction", "end"), END)
    assert sound(joined).start.out == {"next": "end"}


def test_ways_that_go_round_or_nowhere_are_named() -> None:
    found = faults(
        flow(
            node("n", "junction", "m"),
            node("m", "junction", "n"),
            node("call", "campaign-call", "gone", *[""] * 7, "end"),
            node("out", "link out", links=["nowhere"]),
            node("wait", "campaign-wait", "out", duration="1h"),
            node("end", "campaign-end", "call"),
        )
    )
    assert found["m", "wires"] == "the way m → n → m goes round without a step"
    assert "does not exist" in found["call", "out.answered"]
    assert "does not exist" in found["wait", "out.next"]
    assert found["call", "wires"] == "a wire starts at way out 9, and the step has only 8 ways out"
    assert found["end", "wires"] == "a wire starts at way out 1, and the step has no way out"


# -- Node-RED's own nodes


@pytest.mark.req("S6")
def test_core_nodes_become_steps() -> None:
    rules = [
        {"t": "eq", "v": "gold", "vt": "str"},
        {"t": "gte", "v": "3", "vt": "num"},
        {"t": "true"},
        {"t": "null"},
        {"t": "else"},
    ]
    entries = flow(
        node(
            "n", "switch", "w", "c", "w", "", "end", property="payload.plan", checkall="false", rules=rules, outputs=5
        ),
        node("w", "delay", "c", pauseType="delay", timeout="1.5", timeoutUnits="hours"),
        node("c", "change", ["end", "d"], rules=[{"t": "set", "p": "seen", "pt": "msg", "to": True, "tot": "bool"}]),
        node("d", "debug"),
        node("i", "inject", "n"),
        END,
    )
    strategy = sound(entries)
    branch = strategy.by_id["n"].fields.model_dump(mode="json")
    assert branch["on"] == "plan"
    assert [(rule["op"], rule["value"]) for rule in branch["rules"]] == [
        ("eq", "gold"), ("ge", "3"), ("eq", "true"), ("empty", "")
    ]  # fmt: skip
    assert strategy.by_id["n"].out == {"rule1": "w", "rule2": "c", "rule3": "w", "otherwise": "end"}
    assert strategy.by_id["w"].fields.model_dump(mode="json")["duration"] == "90m"
    assert strategy.by_id["c"].fields.model_dump(mode="json") == {"attribute": "seen", "value": "true"}
    assert strategy.by_id["c"].out == {"next": "end"}
    compiled = from_flow(entries)
    assert {"n", "w", "c", "d", "i"} <= set(warnings(compiled))
    assert {entry["type"] for entry in compiled.drawing} == {
        "tab", "campaign-contact-in", "campaign-branch", "campaign-wait", "campaign-set-attribute", "campaign-end"
    }  # fmt: skip


@pytest.mark.req("S6")
def test_a_request_becomes_a_webhook() -> None:
    entries = flow(node("n", "http request", "end", method="POST", url="https://example.org/{{plan}}", ret="obj"), END)
    compiled = from_flow(entries)
    assert warnings(compiled)["n"] == "the request became a webhook"
    assert compiled.checked.strategy is not None
    fields = compiled.checked.strategy.by_id["n"].fields.model_dump(mode="json", exclude_defaults=True)
    assert fields == {"url": "https://example.org/{{plan}}"}


SWITCH = {"property": "plan", "checkall": "false", "rules": [{"t": "eq", "v": "x"}]}
RULE = {"t": "set", "p": "plan", "to": "gold"}


@pytest.mark.req("S6")
@pytest.mark.parametrize(
    ("type_", "fields", "field"),
    [
        *((type_, {}, "type") for type_ in ("function", "exec", "template", "trigger", "split", "join", "link call")),
        *((type_, {}, "type") for type_ in ("mqtt in", "tcp request", "campaign-teleport", "subflow:", "unknown")),
        ("switch", SWITCH | {"checkall": "true"}, "checkall"),
        ("switch", SWITCH | {"propertyType": "flow"}, "propertyType"),
        ("switch", SWITCH | {"propertyType": "jsonata"}, "propertyType"),
        ("switch", SWITCH | {"property": ""}, "property"),
        ("switch", SWITCH | {"rules": [{"t": "regex", "v": "."}]}, "rules.0.t"),
        ("switch", SWITCH | {"rules": [{"t": "else"}, {"t": "eq"}]}, "rules.0.t"),
        ("switch", SWITCH | {"rules": [{"t": "eq", "v": "x", "vt": "global"}]}, "rules.0.vt"),
        ("switch", SWITCH | {"rules": [{"t": "eq", "v": {}}]}, "rules.0.v"),
        ("switch", SWITCH | {"rules": "x"}, "rules"),
        ("delay", {"pauseType": "rate"}, "pauseType"),
        ("delay", {"timeout": "0.5"}, "timeout"),
        ("delay", {"timeout": "soon"}, "timeout"),
        ("delay", {"timeout": "1e99"}, "timeout"),
        ("delay", {"timeoutUnits": "years"}, "timeoutUnits"),
        ("change", {"rules": [RULE, RULE]}, "rules"),
        ("change", {"rules": [RULE | {"t": "delete"}]}, "rules.0.t"),
        ("change", {"rules": [RULE | {"pt": "flow"}]}, "rules.0.pt"),
        ("change", {"rules": [RULE | {"tot": "jsonata"}]}, "rules.0.tot"),
        ("change", {"rules": [RULE | {"to": "{{x}}"}]}, "rules.0.to"),
        ("http request", {"method": "use", "url": "https://example.org"}, "method"),
        ("http request", {"url": ""}, "url"),
        ("http request", {"url": "https://example.org", "tls": "x"}, "tls"),
        ("campaign-end", {"d": True}, "d"),
        ("link out", {"mode": "return"}, "mode"),
    ],
)
def test_what_can_not_be_used_is_refused_at_its_node(type_: str, fields: Node, field: str) -> None:
    assert list(faults(flow(node("n", type_, "end", **fields), END))) == [("n", field)]


# -- tabs, and what is hostile


@pytest.mark.req("S6")
def test_the_tab_with_the_contacts_is_the_strategy() -> None:
    other = [
        {"id": "u", "type": "tab", "label": "Lab"},
        node("f", "function", z="u"),
        {"id": "g", "type": "global-config"},
    ]
    compiled = from_flow([*other, *flow(END, to="end")])
    assert compiled.checked.strategy is not None
    assert compiled.checked.strategy.name == "Spring"
    assert warnings(compiled) == {"u": "'Lab' is another tab and is left out"}
    assert not {"u", "f"} & {entry["id"] for entry in compiled.drawing}
    copied = from_flow(flow(END, to="end")[1:])
    assert copied.checked.strategy is not None
    assert copied.drawing[0]["type"] == "tab"
    twice = [*flow(END, to="end"), {"id": "u", "type": "tab"}, node("in2", "campaign-contact-in", z="u")]
    assert "2 tabs" in faults(twice)["", "flow"]
    off = flow(END, to="end")
    off[0] = {**TAB, "disabled": True}
    assert ("t", "disabled") in faults(off)


@pytest.mark.req("S2", "S6")
def test_every_fault_is_told_at_once() -> None:
    found = faults(
        flow(
            node("n", "campaign-call", ["end", "s"], ring_s="900", wings=2, x=True),
            node("s", "campaign-sms", "x", text="", name="a\nb"),
            node("x", "exec"),
            node("g", "group", g="h"),
            node("h", "group", g="g", style={"fill": "url(https://example.org)"}),
            node("c", "campaign-end", icon="https://example.org/i.svg", z="nowhere"),
            {"id": "config", "type": "mqtt-broker"},
            7,
            {"id": "__proto__", "type": "campaign-end", "z": "t"},
            {"id": "p", "type": "campaign-end", "z": "t", "deep": [{"__proto__": {"polluted": True}}]},
            node("end", "campaign-end", env=[{"name": "A"}]),
        )
    )
    assert set(found) == {
        ("n", "out.answered"), ("n", "ring_s"), ("n", "wings"), ("n", "x"), ("s", "text"), ("s", "name"),
        ("x", "type"), ("g", "g"), ("h", "style"), ("c", "z"), ("c", "icon"), ("config", "type"), ("flow[9]", "node"),
        ("__proto__", "id"), ("p", "__proto__"), ("end", "env"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "entries",
    [
        flow(*(node(f"n{n}", "campaign-end", name="x" * 20) for n in range(10_000))),
        flow(*(node(f"n{n}", "junction", f"n{n + 1}") for n in range(2_900)), to="n0"),
        [node("n", "junction", *[["n"] * 100] * 1000)],
        [{"id": f"n{n}", "type": ["x"], "wires": {"a": 1}, "z": 5} for n in range(2_900)],
        {"flows": []},
        "x",
        [[]] * 2_000,
    ],
    ids=["many", "chain", "wires", "types", "object", "text", "lists"],
)
@pytest.mark.timeout(60)
def test_large_and_strange_flows_are_refused_quickly(entries: object) -> None:
    assert faults(entries)


def test_script_in_names_is_only_text() -> None:
    name = "<img src=x onerror=alert(1)>"
    strategy = sound(flow({**END, "name": name}, {**node("c", "comment"), "info": "<script>1</script>"}, to="end"))
    assert strategy.by_id["end"].name == name


def test_names_that_are_not_there_are_faults_of_the_node() -> None:
    compiled = from_flow(flow(node("n", "campaign-call", queue="gone")), Known(queues=frozenset({"sales"})))
    assert [(fault.node, fault.field) for fault in compiled.checked.faults] == [("n", "queue")]
