"""Random strategies through Node-RED flow JSON and back: nothing is lost, and other ways to draw them mean the same."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.strategy.model import Strategy, digest
from dialer.strategy.nodered.compile import from_flow
from dialer.strategy.nodered.drawing import to_flow
from dialer.strategy.nodered.redraw import redraw
from tests.support.drawn import as_edited, drawn_otherwise, strategies, with_subflow

STEPS = ("campaign-call", "campaign-branch", "campaign-contact-in", "campaign-end", "campaign-x")
FOREIGN = (
    "tab",
    "subflow",
    "subflow:s",
    "group",
    "junction",
    "link in",
    "link out",
    "switch",
    "delay",
    "change",
    "exec",
)


def meaning(flow: list[dict[str, Any]]) -> str:
    compiled = from_flow(flow)
    assert compiled.checked.faults == ()
    assert compiled.checked.strategy is not None
    return digest(compiled.checked.strategy)


@pytest.mark.req("S6")
@settings(max_examples=120, deadline=None)
@given(strategy=strategies())
def test_a_strategy_comes_back_from_a_flow_as_it_went(strategy: Strategy) -> None:
    flow = to_flow(strategy)
    compiled = from_flow(json.loads(json.dumps(flow)))
    assert compiled.checked.strategy == strategy
    assert compiled.drawing == flow


@pytest.mark.req("S6")
@settings(max_examples=60, deadline=None)
@given(strategy=strategies())
def test_what_the_dialogs_write_back_means_the_same(strategy: Strategy) -> None:
    assert from_flow(as_edited(to_flow(strategy))).checked.strategy == strategy


@pytest.mark.req("S3", "S6")
@settings(max_examples=60, deadline=None)
@given(strategy=strategies(), data=st.data())
def test_junctions_links_groups_and_comments_change_no_meaning(strategy: Strategy, data: st.DataObject) -> None:
    flow = data.draw(drawn_otherwise(to_flow(strategy)))
    compiled = from_flow(flow)
    assert compiled.checked.strategy == strategy
    kept = from_flow(json.loads(json.dumps(compiled.drawing)))
    assert kept.checked.strategy == strategy
    assert kept.drawing == compiled.drawing
    debugs = {entry["id"] for entry in flow if entry["type"] == "debug"}
    assert {entry["id"] for entry in compiled.drawing} == {entry["id"] for entry in flow} - debugs


@pytest.mark.req("S6")
@settings(max_examples=60, deadline=None)
@given(one=strategies(largest=4), other=strategies(largest=4), data=st.data())
def test_another_strategy_in_its_place_is_drawn_with_what_was_there(
    one: Strategy, other: Strategy, data: st.DataObject
) -> None:
    before = from_flow(data.draw(drawn_otherwise(to_flow(one)))).drawing
    assert redraw(one, before) == before
    after = redraw(other, before)
    assert meaning(after) == digest(other)
    assert {"note", "outer", "inner"} <= {entry["id"] for entry in after}


@pytest.mark.req("S6")
@settings(max_examples=60, deadline=None)
@given(strategy=strategies(), data=st.data())
def test_steps_that_were_put_into_a_subflow_do_the_same(strategy: Strategy, data: st.DataObject) -> None:
    flow, inside = data.draw(with_subflow(to_flow(strategy)))
    compiled = from_flow(flow)
    assert compiled.checked.faults == ()
    assert compiled.checked.strategy is not None
    renamed = {node: f"sub/{node}" if node in inside else node for node in strategy.by_id}
    found = {step.id: step for step in compiled.checked.strategy.nodes}
    assert set(found) == set(renamed.values())
    for node in strategy.nodes:
        step = found[renamed[node.id]]
        assert (step.type, step.name, step.fields) == (node.type, node.name, node.fields)
        assert step.out == {port: renamed[target] for port, target in node.out.items()}
    assert from_flow(compiled.drawing).checked.strategy == compiled.checked.strategy


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ids = st.sampled_from(["t", "s", "a", "b", "c", "d/e", "__proto__"])
wires = st.lists(st.lists(ids, max_size=3), max_size=3)
borders = st.lists(
    st.fixed_dictionaries({"wires": st.lists(st.fixed_dictionaries({"id": ids}), max_size=2)}), max_size=2
)
entries = st.fixed_dictionaries(
    {"id": ids, "type": st.sampled_from([*STEPS, *FOREIGN]), "z": st.sampled_from(["", "t", "s"]), "wires": wires},
    optional={
        "links": st.lists(ids, max_size=2),
        "in": borders,
        "out": borders,
        "g": ids,
        "rules": st.lists(st.fixed_dictionaries({"t": st.sampled_from(["eq", "set", "else"]), "p": ids}), max_size=2),
        "checkall": st.just("false"),
        "on": st.just("plan"),
        "x": json_values,
        "name": json_values,
        "__proto__": json_values,
    },
)
wild = st.lists(entries | st.dictionaries(st.sampled_from(["id", "type", "z", "wires"]), json_values), max_size=8)


@pytest.mark.req("S2")
@settings(max_examples=300, deadline=None)
@given(flow=wild | json_values)
@example(flow=[{"id": "a", "type": "campaign-call", "ring_s": 10**5000}])
@example(flow=[{"id": "s", "type": "subflow", "out": [{"wires": [{"id": "s", "port": -1}]}]}])
def test_compiling_never_raises_and_says_why_it_refuses(flow: object) -> None:
    compiled = from_flow(flow)
    assert (compiled.checked.strategy is None) == bool(compiled.checked.faults)
    assert bool(compiled.drawing) == (compiled.checked.strategy is not None)
    if compiled.drawing:
        again = from_flow(compiled.drawing)
        assert (again.checked.strategy, again.drawing) == (compiled.checked.strategy, compiled.drawing)
