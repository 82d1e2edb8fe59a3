"""The durable step function, port by port and rule by rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dialer.domain.outcome import Outcome
from dialer.strategy.call_fields import Machines
from dialer.strategy.check import check
from dialer.strategy.effects import Finish, Hold, RequestCall, RequestSms, Stay, Step
from dialer.strategy.events import CallEnded, ContactFacts, Due, Entered, Event, MessageChanged, Replied, RequestKey
from dialer.strategy.flow import advance
from dialer.strategy.memory import Memory
from dialer.strategy.model import Node, Strategy, default_strategy

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ANNA = ContactFacts(
    addresses=(("voice", "+4930111"), ("sms", "+4917222"), ("voice", "+4930333")),
    attributes={"plan": "gold", "age": "42"},
    names={"first_name": "Anna"},
    time_zone="Europe/Berlin",
)


def graph(*nodes: dict[str, Any], start: str = "s", **limits: object) -> Strategy:
    """A checked strategy: contact-in, the given nodes, and an `end` for each id that is wired but not given."""
    entry = {"id": "in", "type": "contact-in", "fields": limits, "out": {"next": start}}
    wired = {target for node in nodes for target in node.get("out", {}).values()}
    ends = [{"id": e, "type": "end", "fields": {"result": e}} for e in sorted(wired - {node["id"] for node in nodes})]
    checked = check({"format": "campaign-strategy/1", "name": "t", "nodes": [entry, *nodes, *ends]})
    assert checked.strategy is not None, checked.faults
    return checked.strategy


def node(type_: str, out: dict[str, str] | None = None, id_: str = "s", **fields: object) -> dict[str, Any]:
    return {"id": id_, "type": type_, "fields": fields, "out": out or {}}


def enter(strategy: Strategy, contact: ContactFacts = ANNA, now: datetime = NOW) -> Step:
    return advance(strategy, Memory(), Entered(), contact, now)


def end_call(strategy: Strategy, step: Step, outcome: Outcome, now: datetime = NOW) -> Step:
    assert isinstance(step.effect, RequestCall)
    return advance(strategy, step.memory, CallEnded(step.effect.key, outcome), ANNA, now)


def message(strategy: Strategy, step: Step, status: str, now: datetime = NOW) -> Step:
    return advance(strategy, step.memory, MessageChanged(step.memory.key, status), ANNA, now)


def ways(step: Step) -> list[tuple[str, str]]:
    return [(hop.node, hop.port) for hop in step.hops]


# --- call ---------------------------------------------------------------------------------------------------------

CALL_PORTS = {
    Outcome.ANSWERED: "answered",
    Outcome.NO_ANSWER: "no_answer",
    Outcome.BUSY: "busy",
    Outcome.MACHINE: "machine",
    Outcome.ABANDONED: "abandoned",
    Outcome.INVALID_NUMBER: "invalid",
    Outcome.FAILED: "failed",
    Outcome.REJECTED: "failed",
    Outcome.CONGESTION: "failed",
    Outcome.LOST: "failed",
}


@pytest.mark.req("D4")
@pytest.mark.parametrize(("outcome", "port"), CALL_PORTS.items())
def test_each_outcome_takes_its_port_then_otherwise_then_ends(outcome: Outcome, port: str):
    wired = graph(node("call", {port: "own", "otherwise": "other"}))
    step = end_call(wired, enter(wired), outcome)
    assert step.effect == Finish("own")
    assert ways(step) == [("s", port), ("own", "")]

    caught = graph(node("call", {"otherwise": "other"}))
    step = end_call(caught, enter(caught), outcome)
    assert (step.effect, ways(step)) == (Finish("other"), [("s", "otherwise"), ("other", "")])

    bare = graph(node("call"))
    step = end_call(bare, enter(bare), outcome)
    assert (step.effect, ways(step)) == (Finish(outcome.value), [("s", port)])
    assert step.memory.result == outcome.value


def test_a_call_asks_for_what_its_fields_say():
    strategy = graph(
        node("call", number="2", queue="sales", gateway="trunk", ring_s="40", amd="true", priority=9, mode="power")
    )
    assert enter(strategy).effect == RequestCall(
        "s",
        1,
        1,
        "+4930333",
        "power",
        "sales",
        "trunk",
        40,
        amd=Machines.HANG_UP,
        machine_message=None,
        priority=9,
        due_at=NOW,
    )


@pytest.mark.req("D4")
def test_tries_with_growing_delays_then_the_port():
    strategy = graph(node("call", {"no_answer": "gone"}, tries=4, retry_after="10m, 2h", retry_on="no_answer"))
    step = enter(strategy)
    delays = []
    for _ in range(3):
        step = end_call(strategy, step, Outcome.NO_ANSWER)
        assert isinstance(step.effect, RequestCall)
        delays.append(step.effect.due_at - NOW)
    assert delays == [10 * MINUTE, 2 * HOUR, 2 * HOUR]
    assert step.memory.key == ("s", 1, 4)
    assert step.hops[0].why == "no_answer, try 4 of 4 after 2h"
    step = end_call(strategy, step, Outcome.NO_ANSWER)
    assert step.effect == Finish("gone")
    assert step.hops[0].why == "no_answer, 4 of 4 tries"


@pytest.mark.req("D4", "D3")
@pytest.mark.parametrize(("retry_on", "again"), [("busy,no_answer,congestion", False), ("lost", True)])
def test_lost_is_tried_again_only_when_it_is_named(retry_on: str, *, again: bool):
    strategy = graph(node("call", tries=3, retry_on=retry_on))
    effect = end_call(strategy, enter(strategy), Outcome.LOST).effect
    assert isinstance(effect, RequestCall) if again else effect == Finish("lost")


@pytest.mark.req("D4")
def test_one_budget_for_all_calls_of_a_contact():
    strategy = graph(
        node("call", {"busy": "b"}, tries=5, retry_on="busy"),
        node("call", id_="b", tries=5),
        max_attempts=2,
    )
    step = end_call(strategy, enter(strategy), Outcome.BUSY)
    step = end_call(strategy, step, Outcome.BUSY)
    assert step.effect == Finish("max_attempts")
    assert ways(step) == [("s", "busy"), ("b", "")]
    assert step.hops[0].why == "busy, the contact's calls are used up"


@pytest.mark.parametrize(("contact", "number"), [(ContactFacts(), 1), (ANNA, 3)])
def test_a_contact_without_that_number_is_invalid_without_a_request(contact: ContactFacts, number: int):
    strategy = graph(node("call", {"invalid": "none"}, number=number))
    step = enter(strategy, contact)
    assert (step.effect, step.memory.attempts) == (Finish("none"), 0)
    assert step.hops[1].why == f"the contact has no number {number} for calls"
    assert step.memory.last_outcome == "invalid_number"


def test_a_loop_back_to_a_call_waits_its_delay():
    strategy = graph(node("call", {"otherwise": "s"}, retry_after="1h", retry_on=["no_answer"]))
    step = end_call(strategy, enter(strategy), Outcome.BUSY)
    assert isinstance(step.effect, RequestCall)
    assert (step.effect.key, step.effect.due_at) == (("s", 2, 1), NOW + HOUR)


def test_time_already_passed_since_the_last_call_counts_for_the_delay():
    strategy = graph(
        node("call", {"otherwise": "w"}, retry_after="1h"), node("wait", {"next": "s"}, id_="w", duration="1d")
    )
    step = end_call(strategy, enter(strategy), Outcome.BUSY)
    assert step.effect == Hold("w", NOW + DAY)
    step = advance(strategy, step.memory, Due(), ANNA, NOW + DAY)
    assert isinstance(step.effect, RequestCall)
    assert step.effect.due_at == NOW + DAY


# --- text ---------------------------------------------------------------------------------------------------------

SMS_OUT = {"sent": "sent", "replied": "replied", "failed": "failed", "timeout": "timeout"}
STAYS = None
FAILURES = ("undelivered", "expired", "rejected", "failed", "lost")


@pytest.mark.req("M5")
@pytest.mark.parametrize(
    ("until", "statuses", "end"),
    [
        ("accepted", ["pending"], STAYS),
        ("accepted", ["submitted"], "sent"),
        ("accepted", ["delivered"], "sent"),
        ("delivered", ["submitted"], STAYS),
        ("delivered", ["submitted", "submitted", "delivered"], "sent"),
        ("delivered", ["delivered"], "sent"),
        ("replied", ["submitted", "delivered", "submitted"], STAYS),
        ("replied", ["unheard-of"], STAYS),
        *((until, [status], "failed") for until in ("accepted", "delivered", "replied") for status in FAILURES),
    ],
)
def test_a_text_is_left_on_what_it_waits_for(until: str, statuses: list[str], end: str | None):
    strategy = graph(node("sms", SMS_OUT, text="Hi", until=until))
    step = enter(strategy)
    for status in statuses:
        step = message(strategy, step, status)
    if end is None:
        assert isinstance(step.effect, Stay)
        assert step.memory.result is None
    else:
        assert step.effect == Finish(end)
        assert step.memory.last_status == statuses[-1]


@pytest.mark.req("M4")
def test_a_lost_text_is_sent_again_as_often_as_the_step_says():
    strategy = graph(node("sms", SMS_OUT, text="Hi", resend_lost=1))
    again = message(strategy, enter(strategy), "lost")
    assert isinstance(again.effect, RequestSms)
    assert (again.effect.try_no, again.memory.texts) == (2, 2)
    assert message(strategy, again, "lost").effect == Finish("failed")
    assert message(strategy, again, "submitted").effect == Finish("sent")


def test_a_text_is_filled_in_and_asks_for_what_its_fields_say():
    strategy = graph(
        node("sms", text="Hi {{first_name}}, {{plan}}", gateway="g", sender="ACME", until="delivered", validity="2h")
    )
    effect = enter(strategy).effect
    assert isinstance(effect, RequestSms)
    assert (effect.key, effect.number, effect.gateway, effect.sender) == (("s", 1, 1), "+4917222", "g", "ACME")
    assert (effect.text, effect.until, effect.validity) == ("Hi Anna, gold", "delivered", 2 * HOUR)
    assert (effect.timeout, effect.due_at) == (3 * DAY, NOW)


@pytest.mark.parametrize(
    ("contact", "text", "why"),
    [
        (ContactFacts(), "Hi", "no number 1 for texts"),
        (ANNA, "Hi {{nick}}", "no value for 'nick'"),
        (ANNA, "{{nick|}}", "empty once filled in"),
    ],
)
def test_a_text_that_cannot_be_made_fails_without_a_request(contact: ContactFacts, text: str, why: str):
    strategy = graph(node("sms", SMS_OUT, text=text))
    step = enter(strategy, contact)
    assert (step.effect, step.memory.texts, step.memory.last_status) == (Finish("failed"), 0, "failed")
    assert why in step.hops[1].why


def test_the_timeout_runs_from_acceptance_and_is_not_pushed_on():
    strategy = graph(node("sms", SMS_OUT, text="Hi", until="delivered", timeout="1h"))
    step = enter(strategy)
    assert advance(strategy, step.memory, Due(), ANNA, NOW + 9 * DAY).effect == Stay(None)
    step = message(strategy, step, "submitted")
    assert step.effect == Stay(NOW + HOUR)
    again = message(strategy, step, "submitted", NOW + 30 * MINUTE)
    assert (again.effect, again.memory) == (Stay(NOW + HOUR), step.memory)
    early = advance(strategy, step.memory, Due(), ANNA, NOW + 59 * MINUTE)
    assert (early.effect, early.memory) == (Stay(NOW + HOUR), step.memory)
    assert advance(strategy, step.memory, Due(), ANNA, NOW + HOUR).effect == Finish("timeout")


@pytest.mark.req("M5")
def test_a_reply_leaves_the_step_that_waits_for_it_and_is_remembered_elsewhere():
    waits = graph(node("sms", SMS_OUT, text="Hi", until="replied"))
    step = advance(waits, enter(waits).memory, Replied("YES"), ANNA, NOW)
    assert (step.effect, step.memory.last_reply) == (Finish("replied"), "YES")

    later = graph(node("sms", {"sent": "w"}, text="Hi"), node("wait", id_="w", duration="1d"))
    step = message(later, enter(later), "submitted")
    step = advance(later, step.memory, Replied("x" * 900), ANNA, NOW)
    assert (step.effect, step.memory.last_reply) == (Stay(NOW + DAY), "x" * 500)


def test_unwired_text_ports_end_with_the_status():
    strategy = graph(node("sms", text="Hi", until="delivered"))
    assert message(strategy, enter(strategy), "expired").effect == Finish("expired")


# --- time ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("S4", "C9")
@pytest.mark.parametrize(
    ("fields", "now", "due"),
    [
        ({"duration": "90s"}, NOW, NOW + timedelta(seconds=90)),
        ({"kind": "until_time", "at": "11:00"}, NOW, datetime(2026, 3, 2, 10, 0, tzinfo=UTC)),
        ({"kind": "until_time", "at": "10:00"}, NOW, datetime(2026, 3, 3, 9, 0, tzinfo=UTC)),
        # Berlin's clocks go forward on 2026-03-29 and back on 2026-10-25.
        (
            {"kind": "until_time", "at": "09:00"},
            datetime(2026, 3, 28, 9, tzinfo=UTC),
            datetime(2026, 3, 29, 7, tzinfo=UTC),
        ),
        (
            {"kind": "until_time", "at": "02:30"},
            datetime(2026, 3, 29, 0, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),
        (
            {"kind": "until_time", "at": "02:30"},
            datetime(2026, 10, 25, 0, tzinfo=UTC),
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        ),
        # A month over the change ends at the same time of day, hours are hours.
        ({"duration": "30d"}, NOW, datetime(2026, 4, 1, 8, tzinfo=UTC)),
        ({"duration": "719h"}, NOW, datetime(2026, 4, 1, 8, tzinfo=UTC)),
        ({"duration": "1d"}, datetime(2026, 3, 28, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ({"kind": "until_date", "at": "2026-04-02T09:00"}, NOW, datetime(2026, 4, 2, 7, tzinfo=UTC)),
        ({"kind": "until_date", "at": "2026-04-02"}, NOW, datetime(2026, 4, 1, 22, tzinfo=UTC)),
        ({"kind": "until_date", "at": "2026-04-02T09:00Z"}, NOW, datetime(2026, 4, 2, 9, tzinfo=UTC)),
        ({"kind": "until_attribute", "at": "Renewal"}, NOW, datetime(2026, 12, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_wait_holds_until_the_right_instant(fields: dict[str, str], now: datetime, due: datetime):
    contact = replace(ANNA, attributes={"renewal": "2026-12-01 09:00"})
    strategy = graph(node("wait", {"next": "after"}, **fields))
    step = enter(strategy, contact, now)
    assert step.effect == Hold("s", due)
    assert step.memory.due_at == due
    assert step.hops[-1].why.startswith(("for ", "until "))
    restarted = Memory.from_json(step.memory.to_json())
    assert advance(strategy, restarted, Due(), contact, due - timedelta(seconds=1)).effect == Stay(due)
    assert advance(strategy, restarted, Due(), contact, due).effect == Finish("after")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"kind": "until_date", "at": "2026-01-01"}, "has passed"),
        ({"kind": "until_attribute", "at": "plan"}, "holds no date"),
        ({"kind": "until_attribute", "at": "nothing"}, "holds no date"),
        ({"kind": "until_attribute", "at": "far"}, "holds no date"),
    ],
)
def test_a_date_that_holds_nobody(fields: dict[str, str], why: str):
    contact = replace(ANNA, attributes={**ANNA.attributes, "far": "0001-01-01T00:00"})
    step = enter(graph(node("wait", {"next": "after"}, **fields)), contact)
    assert step.effect == Finish("after")
    assert why in step.hops[1].why


def test_an_unknown_zone_counts_as_utc():
    strategy = graph(node("wait", kind="until_time", at="11:00"))
    assert enter(strategy, replace(ANNA, time_zone="Nowhere/../x")).effect == Hold("s", NOW + 2 * HOUR)
    window = graph(node("time-window", {"open": "inside"}, **{"from": "08:00", "to": "09:30"}))
    assert enter(window, replace(ANNA, time_zone="Nowhere")).effect == Finish("inside")


@pytest.mark.req("C9")
@pytest.mark.parametrize(
    ("kind", "zone", "effect"),
    [
        ("hold", "", Finish("open")),  # 10:00 in Berlin
        ("branch", "", Finish("open")),
        ("hold", "UTC", Hold("s", datetime(2026, 3, 2, 10, tzinfo=UTC))),
        ("branch", "UTC", Finish("closed")),
    ],
)
def test_a_time_window_holds_or_branches(kind: str, zone: str, effect: object):
    fields = {"from": "10:00", "to": "11:00", "kind": kind, "time_zone": zone, "days": "tue, mon"}
    strategy = graph(node("time-window", {"open": "open", "closed": "closed"}, **fields))
    step = enter(strategy)
    assert step.effect == effect
    if isinstance(effect, Hold):
        assert advance(strategy, step.memory, Due(), ANNA, effect.due_at).effect == Finish("open")
        late = advance(strategy, step.memory, Due(), ANNA, effect.due_at + 2 * HOUR)
        assert late.effect == Hold("s", effect.due_at + DAY)


# --- steps that take no time ----------------------------------------------------------------------------------------


def test_a_branch_takes_the_first_rule_that_holds():
    rules = [{"op": "eq", "value": "silver"}, {"op": "eq", "value": "GOLD "}, {"op": "contains", "value": "o"}]
    strategy = graph(
        node("branch", {"rule1": "e1", "rule2": "e2", "rule3": "e3", "otherwise": "e4"}, on="plan", rules=rules)
    )
    assert enter(strategy).effect == Finish("e2")
    assert enter(strategy, replace(ANNA, attributes={"plan": "iron"})).effect == Finish("e3")
    assert enter(strategy, replace(ANNA, attributes={})).effect == Finish("e4")
    bare = graph(node("branch", on="plan", rules=rules))
    assert enter(bare).effect == Finish("done")


@pytest.mark.req("M5")
def test_a_branch_sees_what_a_step_before_it_set_and_what_happened():
    strategy = graph(
        node("call", {"otherwise": "set"}),
        node("set-attribute", {"next": "b"}, id_="set", attribute="Do not contact", value="{{last|yes}}"),
        node("branch", {"rule1": "c"}, id_="b", on="do_not_contact", rules=[{"op": "eq", "value": "yes"}]),
        node("branch", {"rule1": "stop"}, id_="c", on="last.outcome", rules=[{"op": "in", "value": "busy, machine"}]),
    )
    step = end_call(strategy, enter(strategy), Outcome.BUSY)
    assert (step.effect, step.changes) == (Finish("stop"), (("do_not_contact", "yes"),))


def test_an_attribute_that_cannot_be_made_stays_as_it_is():
    step = enter(graph(node("set-attribute", {"next": "e"}, attribute="plan", value="{{nick}}")))
    assert (step.effect, step.changes) == (Finish("e"), ())
    assert step.hops[1].why.startswith("plan not set")


@pytest.mark.parametrize(
    ("fields", "memory", "result"),
    [
        ({"result": "won"}, Memory(last_outcome="busy"), "won"),
        ({}, Memory(last_outcome="busy", last_status="lost"), "busy"),
        ({}, Memory(last_status="lost"), "lost"),
        ({}, Memory(), "done"),
    ],
)
def test_an_end_without_a_result_tells_the_last_outcome(fields: dict[str, str], memory: Memory, result: str):
    step = advance(graph(node("end", **fields)), memory, Entered(), ANNA, NOW)
    assert (step.effect, step.memory.result) == (Finish(result), result)


# --- what changes nothing, and what ends badly ----------------------------------------------------------------------


@pytest.mark.req("D3", "S4")
@pytest.mark.parametrize(
    "event",
    [
        Entered(),
        CallEnded(RequestKey("s", 1, 1), Outcome.ANSWERED),
        CallEnded(RequestKey("w", 2, 0), Outcome.ANSWERED),
        CallEnded(RequestKey("w", 1, 0), Outcome.ANSWERED),
        MessageChanged(RequestKey("s", 1, 1), "delivered"),
        Due(),
    ],
)
def test_late_and_foreign_events_change_nothing(event: Event):
    strategy = graph(node("call", {"busy": "w"}), node("wait", {"next": "e"}, id_="w", duration="1h"))
    waiting = end_call(strategy, enter(strategy), Outcome.BUSY)
    step = advance(strategy, waiting.memory, event, ANNA, NOW)
    assert step == Step(waiting.memory, Stay(NOW + HOUR))


def test_an_ended_contact_stays_ended():
    strategy = default_strategy()
    done = end_call(strategy, enter(strategy), Outcome.ANSWERED)
    assert done.effect == Finish("answered")
    for event in (Entered(), Due(), Replied("hi"), CallEnded(RequestKey("call", 1, 1), Outcome.BUSY)):
        assert advance(strategy, done.memory, event, ANNA, NOW) == Step(done.memory, Stay(None))


def test_nothing_happens_before_the_contact_entered():
    for event in (Due(), Replied("hi"), CallEnded(RequestKey("call", 1, 1), Outcome.BUSY)):
        step = advance(default_strategy(), Memory(), event, ANNA, NOW)
        assert (step.effect, step.memory.node) == (Stay(None), "")


def test_visits_are_limited():
    strategy = graph(node("wait", {"next": "s"}, duration="1h"), max_visits=3)
    step, now = enter(strategy), NOW
    for _ in range(2):
        now += HOUR
        step = advance(strategy, step.memory, Due(), ANNA, now)
        assert isinstance(step.effect, Hold)
    step = advance(strategy, step.memory, Due(), ANNA, now + HOUR)
    assert step.effect == Finish("max_visits")


def test_a_loop_that_lets_no_time_pass_for_this_contact_ends_it():
    strategy = graph(node("call", {"invalid": "s"}))
    step = enter(strategy, ContactFacts())
    assert step.effect == Finish("endless_loop")


def test_a_contact_at_a_step_that_is_gone_ends():
    memory = Memory(node="gone", visits={"gone": 1}, due_at=NOW)
    assert advance(default_strategy(), memory, Due(), ANNA, NOW).effect == Finish("step_missing")


def test_a_thousand_instant_steps_are_one_advance():
    steps = [node("set-attribute", {"next": f"n{i + 1}"}, id_=f"n{i}", attribute="a", value=str(i)) for i in range(900)]
    step = enter(graph(*steps, start="n0"))
    assert (step.effect, step.changes) == (Finish("n900"), (("a", "899"),))


def test_an_unwired_start_ends_at_once():
    strategy = Strategy("t", (Node("in", "contact-in", default_strategy().start.fields),))
    assert enter(strategy).effect == Finish("done")
