"""Random strategies through readable text and back: nothing is lost, and whatever else comes is answered."""

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.strategy.check import check
from dialer.strategy.model import FORMAT, Strategy, digest
from dialer.strategy.nodered.compile import from_flow
from dialer.strategy.nodered.drawing import to_flow
from dialer.strategy.text.read import from_text
from dialer.strategy.text.write import to_text
from dialer.strategy.text.yaml_form import read_yaml
from tests.support.drawn import TEXTS, drawn_otherwise, strategies


@pytest.mark.req("S6")
@settings(max_examples=150, deadline=None)
@given(strategy=strategies())
def test_a_strategy_comes_back_from_text_as_it_went(strategy: Strategy) -> None:
    read = from_text(to_text(strategy))
    assert read.check().faults == ()
    assert read.check().strategy == strategy
    assert read.drawn is None
    assert to_text(strategy, to_flow(strategy)) == to_text(strategy), "a plain drawing is not worth a line"


@pytest.mark.req("S6")
@settings(max_examples=60, deadline=None)
@given(strategy=strategies(), data=st.data())
def test_what_was_drawn_comes_back_with_it(strategy: Strategy, data: st.DataObject) -> None:
    drawing = from_flow(data.draw(drawn_otherwise(to_flow(strategy)))).drawing
    read = from_text(to_text(strategy, drawing))
    assert read.check().strategy == strategy
    assert read.drawing(strategy, None) == drawing


@pytest.mark.req("S6")
@settings(max_examples=60, deadline=None)
@given(one=strategies(largest=4), other=strategies(largest=4), data=st.data())
def test_steps_that_were_changed_in_the_text_go_before_what_is_drawn(
    one: Strategy, other: Strategy, data: st.DataObject
) -> None:
    drawing = from_flow(data.draw(drawn_otherwise(to_flow(one)))).drawing
    text = to_text(other) + to_text(one, drawing).partition("\n# What else is drawn")[2].partition("\n")[2]
    read = from_text(text)
    assert read.check().strategy == other
    redrawn = from_flow(read.drawing(other, None)).checked.strategy
    assert redrawn is not None
    assert digest(redrawn) == digest(other)


@pytest.mark.req("S2")
@settings(max_examples=300, deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=[])) | st.text(st.sampled_from("-:{}[],&*!|>'\"#% \n\tab\x00\u2028"))
)
@example(text="[" * 100_000)
@example(text="- " * 100_000)
@example(text="steps: &a {x: *a}")
@example(text="steps: !!python/object/apply:os.system ['true']")
@example(text="steps: {a: {type: end}}\n---\n{}")
@example(text="drawing: |\n  [1\n  {}\n  null")
@example(text="\ud800")
def test_no_text_is_too_strange(text: str) -> None:
    read = from_text(text)
    checked = read.check()
    assert checked.strategy is None
    assert checked.faults


@pytest.mark.req("S6")
@pytest.mark.parametrize("mark", ["", "\ufeff", "#\n", "#\r", "#\r\n", "#\x85", "#\u2028", "#\u2029", "%YAML 1.1\n"])
def test_directives_are_refused_before_anything_is_parsed(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte of %TAG would keep LibYAML busy for ten seconds, in which nothing else of the process runs."""
    monkeypatch.setattr(yaml, "parse", lambda *_, **__: pytest.fail("it was parsed"))
    (fault,) = from_text(f"{mark}%TAG !a! b\n--- {{}}").faults
    assert "directive" in fault.reason


@pytest.mark.req("S6")
def test_a_percent_sign_elsewhere_is_text() -> None:
    assert read_yaml("name: 50 %\nsteps:\n  a: |\n    %TAG !a! b") == {"name": "50 %", "steps": {"a": "%TAG !a! b"}}


WORDS = TEXTS | st.sampled_from(
    ["no", "1", "~", "null", "x: y", "a # b", "- a", "'", '"', "{{", "yes\nno", "  a\n b ", "&a"]
)


@pytest.mark.req("S6")
@settings(max_examples=200, deadline=None)
@given(words=WORDS.filter(lambda words: bool(words.strip()) and "{" not in words))
def test_words_are_what_was_written(words: str) -> None:
    nodes = [
        {"id": "in", "type": "contact-in", "out": {"next": "null"}},
        {"id": "null", "type": "sms", "fields": {"text": words}, "out": {"otherwise": "1"}},
        {"id": "1", "type": "branch", "fields": {"on": "plan", "rules": [{"op": "eq", "value": words}]}},
    ]
    strategy = check({"format": FORMAT, "nodes": nodes}).strategy
    assert strategy is not None
    assert from_text(to_text(strategy)).check().strategy == strategy
