"""What a new version means for contacts that are in the strategy already (S3)."""

from datetime import timedelta

import pytest

from dialer.domain.outcome import Outcome
from dialer.strategy.effects import Finish, Hold, RequestCall, Step
from dialer.strategy.events import CallEnded, Due
from dialer.strategy.flow import advance
from dialer.strategy.model import Strategy
from tests.unit.test_strategy_flow import ANNA, DAY, NOW, enter, graph, node, ways

OLD = graph(
    node("call", {"no_answer": "wait", "otherwise": "done"}, "s", tries=2, retry_after=["1h"]),
    node("wait", {"next": "gone"}, "wait", kind="for", duration="1d"),
    node("set-attribute", {"next": "again"}, "gone", attribute="seen", value="yes"),
    node("call", {"otherwise": "done"}, "again"),
)


def busy(strategy: Strategy, step: Step, successor: Strategy | None) -> Step:
    assert isinstance(step.effect, RequestCall)
    return advance(strategy, step.memory, CallEnded(step.effect.key, Outcome.NO_ANSWER), ANNA, NOW, successor)


@pytest.mark.req("S3")
def test_the_step_is_finished_as_it_was_and_left_as_it_is_now() -> None:
    new = graph(
        node("call", {"no_answer": "text", "otherwise": "done"}, "s", tries=1),
        node("sms", {"otherwise": "done"}, "text", text="Hello"),
    )
    again = busy(OLD, enter(OLD), new)
    assert isinstance(again.effect, RequestCall), "two tries, as its own version has it"
    assert again.moved_after is None
    left = busy(OLD, again, new)
    assert (left.effect.node, left.moved_after) == ("text", 1)  # type: ignore[union-attr]
    assert ways(left) == [("s", "no_answer")]


@pytest.mark.req("S3")
def test_a_way_that_is_not_wired_any_more_ends_there() -> None:
    new = graph(node("call", {"answered": "done"}, "s"))
    left = busy(OLD, busy(OLD, enter(OLD), None), new)
    assert (left.effect, left.moved_after) == (Finish("no_answer"), 1)


@pytest.mark.req("S3")
def test_who_stands_where_no_step_is_any_more_goes_on_until_both_have_one() -> None:
    new = graph(node("call", {"otherwise": "done"}, "again", ring_s=40), start="again")
    waiting = busy(OLD, busy(OLD, enter(OLD), new), None)
    assert isinstance(waiting.effect, Hold)
    step = advance(OLD, waiting.memory, Due(), ANNA, NOW + DAY, new)
    assert isinstance(step.effect, RequestCall)
    assert (step.effect.ring_s, step.changes, step.moved_after) == (40, (("seen", "yes"),), 2)


@pytest.mark.req("S3")
def test_a_step_that_became_another_type_is_another_step() -> None:
    new = graph(
        node("sms", {"otherwise": "end2"}, "s", text="Hi"),
        node("wait", {"next": "end2"}, "wait", kind="for", duration="2d"),
    )
    left = busy(OLD, busy(OLD, enter(OLD), None), new)
    assert isinstance(left.effect, Hold)
    assert (left.effect.due_at, left.moved_after) == (NOW + timedelta(days=2), 1)


@pytest.mark.req("S3")
def test_without_any_common_step_the_own_version_is_finished() -> None:
    new = graph(node("sms", {"otherwise": "fin"}, "text", text="Hi"), start="text")
    step = busy(OLD, busy(OLD, enter(OLD), new), new)
    step = advance(OLD, step.memory, Due(), ANNA, NOW + DAY, new)
    assert (step.effect.node, step.moved_after) == ("again", None)  # type: ignore[union-attr]
    assert busy(OLD, step, new).effect == Finish("done")
