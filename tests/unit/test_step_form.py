"""A strategy as a form and back: nothing is lost, whatever stands in it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import MultiDict

from admin.pages import step_form
from dialer.strategy.check import check
from dialer.strategy.model import digest, to_document
from dialer.strategy.read import NodeFault
from dialer.strategy.templates import TEMPLATES, document_of


def filled(document: dict[str, Any]) -> MultiDict[str]:
    """What a browser would send of the form, untouched."""
    form = MultiDict[str]([("strategy", document["name"])])
    for step in step_form.steps(document):
        form.add("step", step.id)
        for name, value in (("type", step.type), ("name", step.name), ("x", step.x), ("y", step.y)):
            form.add(f"{step.id}|{name}", str(value))
        for way in step.ways:
            form.add(f"{step.id}|out|{way.name}", way.to)
        for one in step.controls:
            name, kind = f"{step.id}|{one.name}", one.asked["kind"]
            if kind == "switch":
                form.extend([(name, "yes")] if one.value else [])
            elif kind == "choices":
                form.extend([(name, value) for value in one.value])
            elif kind == "rules":
                for rule in one.value:
                    form.extend([(f"{name}|op", rule["op"]), (f"{name}|value", rule["value"])])
            else:
                form.add(name, str(one.value))
    return form


def meaning(document: dict[str, Any]) -> str:
    strategy = check(document).strategy
    assert strategy is not None, check(document).faults
    return digest(strategy)


@pytest.mark.req("S1", "S6")
@pytest.mark.parametrize("template", [one.name for one in TEMPLATES])
def test_a_form_that_nobody_touches_means_the_same(template: str) -> None:
    document = document_of(template)
    again = step_form.read(filled(document))
    assert meaning(again) == meaning(document)
    assert [(node["x"], node["y"]) for node in again["nodes"]] == [(node["x"], node["y"]) for node in document["nodes"]]
    strategy = check(document).strategy
    assert strategy is not None
    assert meaning(step_form.read(filled(to_document(strategy)))) == meaning(document)


@pytest.mark.req("S2")
def test_each_fault_stands_at_its_field() -> None:
    document = document_of("call-then-text")
    faults = [
        NodeFault("call", "tries", "too many"), NodeFault("call", "out.busy", "leads nowhere"), NodeFault("call", "id", "twice"),
        NodeFault("", "name", "too long"),
    ]  # fmt: skip
    call = next(step for step in step_form.steps(document, faults) if step.id == "call")
    assert {one.name: one.faults for one in call.controls if one.faults} == {"tries": ["too many"]}
    assert {one.name: one.faults for one in call.ways if one.faults} == {"busy": ["leads nowhere"]}
    assert call.faults == ["twice"]
    assert step_form.elsewhere(document, faults) == [faults[3]]


@pytest.mark.req("S1")
def test_a_step_more_and_a_step_less() -> None:
    document, new = step_form.add(document_of("call-once"), "call")
    assert (new, document["nodes"][-1]["id"]) == ("call-2", "call-2")
    assert step_form.add(document, "contact-in") == (document, "")
    assert step_form.add(document, "webhook")[1] == "webhook"
    less = step_form.remove(document, "end")
    assert [node["id"] for node in less["nodes"]] == ["in", "call", "call-2"]
    assert less["nodes"][1]["out"] == {}
    assert step_form.remove(document, "in")["nodes"][0]["id"] == "in"


@pytest.mark.req("S1")
def test_a_rule_less_moves_the_ways_of_those_behind_it() -> None:
    document = step_form.add_rule(document_of("survey-by-reply"), "answer")
    branch = next(node for node in document["nodes"] if node["id"] == "answer")
    assert [rule["op"] for rule in branch["fields"]["rules"]] == ["in", "in", "eq"]
    less = next(node for node in step_form.remove_rule(document, "answer", 1)["nodes"] if node["id"] == "answer")
    assert [rule["value"] for rule in less["fields"]["rules"]] == ["3,4,5", ""]
    assert less["out"] == {"rule1": "high", "otherwise": "unclear"}


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=20))
def test_whatever_is_sent_is_read(pairs: list[tuple[str, str]]) -> None:
    form = MultiDict(
        [*pairs, ("step", "a"), ("a|type", "branch"), ("a|rules|op", "eq"), ("step", "b|c"), ("step", "x")]
    )
    read = step_form.read(form)
    assert [node["id"] for node in read["nodes"]] == ["a"]
    check(read)
