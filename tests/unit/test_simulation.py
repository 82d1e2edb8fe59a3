"""Dry runs small enough to be worked out by hand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import orjson
import pytest

from dialer.domain.campaign import LoadOrder
from dialer.domain.outcome import Outcome
from dialer.domain.windows import ExecutionTime, Validity
from dialer.simulation.chance import For, draw
from dialer.simulation.job import Rules, from_json, to_json
from dialer.simulation.measured import measured
from dialer.simulation.result import result_of, simulate
from dialer.simulation.verdict import unreached
from dialer.strategy.model import to_document
from tests.support.builders import strategy
from tests.support.simulated import EXACT, MONDAY, checked, finished, job, row, rows

Assumed = Mapping[str, Any]
NINE_TO_FIVE = ExecutionTime.read("09:00", "17:00")
pytestmark = pytest.mark.req("S7")


def retrying(tries: int, after: str = "10m", **more: Any) -> dict[str, Any]:
    fields = {"tries": tries, "retry_after": after, "retry_on": ["no_answer", "busy"], "ring_s": 20, **more}
    return strategy(
        {"id": "call", "type": "call", "fields": fields, "out": {"otherwise": "end"}}, {"id": "end", "type": "end"}
    )


def texting(until: str = "delivered", text: str = "Hello") -> dict[str, Any]:
    fields = {"text": text, "until": until, "timeout": "1h"}
    return strategy(
        {"id": "text", "type": "sms", "fields": fields, "out": {"otherwise": "end"}}, {"id": "end", "type": "end"}
    )


def test_one_agent_talks_to_three_one_after_the_other() -> None:
    calls: list[tuple[int, str, float]] = []
    result = result_of(finished(job(), rows(3), calls))
    assert calls == [(1, "call", 0.0), (2, "call", 70.0), (3, "call", 140.0)]
    assert result["finishes_at"] == "2026-05-04T08:03:30+00:00"
    assert (result["calls"], result["connected"], result["reached"]) == (3, 3, 3)
    assert result["agent_utilisation"] == round(180 / 210, 4)
    assert result["results"] == [{"result": "answered", "contacts": 3}]
    assert result["hours"]["calls"] == [3]
    assert result["hours"]["busy_agents"] == [0.05]
    assert result["hours"]["agents"] == [1]
    assert result["unreached"] == []


def test_nobody_answers_and_each_call_rings_to_its_end() -> None:
    calls: list[tuple[int, str, float]] = []
    run = finished(job(retrying(2), answer_rate=0.0), rows(3), calls)
    assert [t for _, _, t in calls] == [0.0, 20.0, 40.0, 620.0, 640.0, 660.0]
    result = result_of(run)
    assert result["finishes_at"] == "2026-05-04T08:11:20+00:00"
    assert result["agent_utilisation"] == 0.0
    assert result["outcomes"] == {"no_answer": 6}
    assert [(one["reason"], one["contacts"]) for one in result["unreached"]] == [("not-answered", 3)]


def test_wrap_up_keeps_an_agent_from_the_next_call() -> None:
    calls: list[tuple[int, str, float]] = []
    finished(job(wrap_up_s=30.0), rows(2), calls)
    assert [t for _, _, t in calls] == [0.0, 100.0]


def test_the_campaigns_limits_hold() -> None:
    calls: list[tuple[int, str, float]] = []
    rules = Rules("UTC", max_concurrent_calls=2, calls_per_second=0.5)
    run = finished(job(rules=rules, agents=10), rows(3), calls)
    assert [t for _, _, t in calls] == pytest.approx([0.0, 2.0, 70.0])
    assert set(run.tally.held_s) == {"calls_per_second", "max_concurrent_calls"}
    gateway = Rules("UTC", gateway_max_calls=1)
    finished(job(rules=gateway, agents=10), rows(2), calls)
    assert [t for _, _, t in calls[3:]] == pytest.approx([0.0, 70.0])


@pytest.mark.parametrize(("order", "ids"), [(LoadOrder.OLDEST_FIRST, [1, 2, 3]), (LoadOrder.NEWEST_FIRST, [3, 2, 1])])
def test_the_load_order_holds(order: LoadOrder, ids: list[int]) -> None:
    calls: list[tuple[int, str, float]] = []
    finished(job(rules=Rules("UTC", load_order=order)), rows(3), calls)
    assert [person for person, _, _ in calls] == ids


def test_each_is_called_when_its_own_window_is_open() -> None:
    calls: list[tuple[int, str, float]] = []
    people = [row(1), row(2, zone="America/New_York"), row(3, zone="Asia/Tokyo")]
    finished(job(rules=Rules("UTC", NINE_TO_FIVE)), people, calls)
    assert {person: t / 3600 for person, _, t in calls} == {1: 1.0, 2: 5.0, 3: 16.0}


def test_agents_work_by_the_campaigns_hours() -> None:
    by_hour = [0] * 24
    by_hour[12] = 2  # in Berlin, which is 10:00 UTC
    calls: list[tuple[int, str, float]] = []
    run = finished(job(rules=Rules("Europe/Berlin"), agents=by_hour), rows(4), calls)
    assert [t for _, _, t in calls] == [7200.0, 7200.0, 7270.0, 7270.0]
    assert sum(run.tally.staffed_s) == 2 * 140
    assert result_of(run)["hours"]["agents"] == [0, 0, 2]


@pytest.mark.parametrize(("begins", "wrap_up_s"), [("08:58:00", 0.0), ("08:57:05", 30.0)])
def test_agents_are_at_work_in_an_hour_of_which_little_was_needed(begins: str, wrap_up_s: float) -> None:
    """The second call ends just after 9:00; or just before, and its agent wraps up then."""
    start = datetime.combine(MONDAY, time.fromisoformat(begins), UTC)
    result = result_of(finished(job(start=start, wrap_up_s=wrap_up_s), rows(2)))
    assert [busy > 0 for busy in result["hours"]["busy_agents"]] == [True, True]
    assert result["hours"]["agents"] == [1, 1]


def test_who_gets_no_agent_gives_up() -> None:
    by_hour = [0] * 24
    by_hour[8] = 1
    start = MONDAY + timedelta(minutes=59, seconds=55)
    result = result_of(finished(job(start=start, agents=by_hour, queue_wait_s=30.0), rows(1)))
    assert result["outcomes"] == {"abandoned": 1}
    assert result["connected"] == 0
    assert "got no agent" in " ".join(result["warnings"])


def test_a_machine_that_nobody_tells_from_a_person_costs_an_agent_time_and_reaches_nobody() -> None:
    calls: list[tuple[int, str, float]] = []
    result = result_of(finished(job(answer_rate=0.0, machine_share=1.0), rows(2), calls))
    assert [t for _, _, t in calls] == [0.0, 18.0]
    assert (result["outcomes"], result["connected"], result["reached"]) == ({"answered": 2}, 2, 0)
    assert [(one["reason"], one["contacts"]) for one in result["unreached"]] == [("machine", 2)]


def test_a_machine_that_is_told_from_a_person_has_no_agent() -> None:
    calls: list[tuple[int, str, float]] = []
    detecting = retrying(1, amd="hang_up")
    result = result_of(finished(job(detecting, answer_rate=0.0, machine_share=1.0), rows(2), calls))
    assert [t for _, _, t in calls] == [0.0, 12.5]
    assert (result["outcomes"], result["connected"]) == ({"machine": 2}, 0)
    people = result_of(finished(job(detecting), rows(1)))
    assert people["finishes_at"] == "2026-05-04T08:01:12+00:00"  # 10 s ringing, 2.5 s of detection, 60 s of talk


def test_in_preview_mode_an_agent_looks_first_and_holds_the_line() -> None:
    calls: list[tuple[int, str, float]] = []
    preview = Rules("UTC", preview=True)
    result = result_of(finished(job(rules=preview, preview_s=30.0), rows(2), calls))
    assert [t for _, _, t in calls] == [30.0, 130.0]
    assert result["agent_utilisation"] == round(180 / 200, 4)
    assert result["outcomes"] == {"answered": 2}
    unanswered = result_of(finished(job(retrying(1), rules=preview, preview_s=30.0, answer_rate=0.0), rows(2), calls))
    assert [t for _, _, t in calls[2:]] == [30.0, 80.0]
    assert unanswered["outcomes"] == {"no_answer": 2}


def test_a_preview_that_outlasts_the_window_calls_nobody_until_the_next_day() -> None:
    calls: list[tuple[int, str, float]] = []
    late = MONDAY.replace(hour=16, minute=59, second=50)
    finished(job(rules=Rules("UTC", NINE_TO_FIVE, preview=True), start=late, preview_s=30.0), rows(1), calls)
    assert [t for _, _, t in calls] == [16 * 3600 + 10 + 30.0]


@pytest.mark.req("D8", "S7")
def test_in_power_mode_more_ring_than_are_free_and_few_are_abandoned() -> None:
    """By the dialer's own rule: sooner through than progressively, and within the limit."""
    told = {}
    for power in (False, True):
        rules = Rules("UTC", power=power, lines_per_agent=3.0)
        assumed = {"answer_rate": 0.3, "variation": 0.5, "agents": 20, "ring_s": 15.0, "talk_s": 120.0}
        told[power] = result_of(finished(job(retrying(1), rules=rules, **assumed), rows(3_000)))
    progressive, powered = told[False], told[True]
    assert "abandoned" not in progressive["outcomes"]
    answered = powered["outcomes"]["answered"] + powered["outcomes"]["abandoned"]
    assert 0 < powered["outcomes"]["abandoned"] / answered <= 0.03
    assert powered["finishes_at"] < progressive["finishes_at"]
    assert powered["agent_utilisation"] > progressive["agent_utilisation"]


def test_texts_and_their_segments() -> None:
    result = result_of(finished(job(texting(text="é" * 161)), rows(2)))
    assert (result["texts"], result["segments"], result["delivered"], result["calls"]) == (2, 4, 2, 0)
    assert result["finishes_at"] == "2026-05-04T08:00:06+00:00"
    assert result["reached"] == 2


def test_texts_wait_for_the_gateways_rate() -> None:
    texts: list[tuple[int, str, float]] = []
    finished(job(texting(), rules=Rules("UTC", segments_per_second=0.1)), rows(3), texts)
    assert [t for _, _, t in texts] == pytest.approx([0.0, 10.0, 20.0])


def test_replies_come_when_people_have_thought() -> None:
    answered = result_of(finished(job(texting("replied"), reply_share=1.0, reply_s=600.0), rows(1)))
    assert answered["replies"] == 1
    assert answered["finishes_at"] == "2026-05-04T08:10:06+00:00"
    silent = result_of(finished(job(texting("replied")), rows(1)))
    assert silent["finishes_at"] == "2026-05-04T09:00:00+00:00"
    assert any("nobody is assumed to reply" in warning for warning in silent["warnings"])


def test_why_contacts_are_never_reached() -> None:
    people = [row(1), row(2, channels=("e",)), row(3, channels=("VS",)), row(4, channels=())]
    assert unreached(finished(job(), people)) == {"no-address": 2, "do-not-contact": 1}
    assert unreached(finished(job(invalid_share=1.0), rows(1))) == {"invalid-number": 1}
    tried = strategy(retrying(5)["nodes"][1], {"id": "end", "type": "end"})
    assert unreached(finished(job(tried, answer_rate=0.0), rows(2))) == {"max-attempts": 2}
    assert unreached(finished(job(texting(), delivery_share=0.0), rows(1))) == {"not-delivered": 1}
    assert unreached(finished(job(agents=0), rows(1))) == {"not-in-time": 1}


def test_who_is_listed_by_a_step_is_not_called_later() -> None:
    document = strategy(
        {
            "id": "list",
            "type": "set-attribute",
            "fields": {"attribute": "do_not_contact", "value": "yes"},
            "out": {"next": "wait"},
        },
        {"id": "wait", "type": "wait", "fields": {"kind": "for", "duration": "1h"}, "out": {"next": "call"}},
        {"id": "call", "type": "call", "out": {"otherwise": "end"}},
        {"id": "end", "type": "end"},
    )
    run = finished(job(document), rows(2))
    assert (run.tally.calls, unreached(run)) == ([], {"do-not-contact": 2})


def test_contacts_follow_a_new_version_where_its_rule_says_so() -> None:
    """They stand at a wait of version 1; in version 2, which takes over at the next step, a text follows it."""
    wait = {"id": "wait", "type": "wait", "fields": {"kind": "for", "duration": "1h"}, "out": {"next": "next"}}
    old = strategy(wait, {"id": "next", "type": "end"})
    new = strategy(wait, {"id": "next", "type": "sms", "fields": {"text": "Hello"}})
    new["nodes"][0]["fields"]["on_edit"] = "next_step"
    given = replace(job(new), strategies={1: checked(old), 2: checked(new)}, version=2)
    memory = '{"node":"wait","visits":{"in":1,"wait":1},"due_at":"2026-05-04T09:00:00+00:00"}'
    standing = [row(1, version=1, memory=memory), row(2, version=2)]
    result = result_of(finished(given, standing))
    assert (result["texts"], result["unfinished"]) == (2, 0)


def test_a_window_that_never_opens_within_the_validity_period() -> None:
    rules = Rules("UTC", NINE_TO_FIVE, Validity(until=MONDAY + timedelta(hours=6)))
    run = finished(job(rules=rules), [row(1), row(2, zone="Pacific/Auckland")])
    assert unreached(run) == {"window-never-opens": 1}
    sunday = replace(rules, execution=ExecutionTime.read("09:00", "17:00", ["sun"]))
    result = result_of(finished(job(rules=sunday), rows(2)))
    assert result["unreached"][0]["reason"] == "window-never-opens"
    assert (result["finishes_at"], result["unfinished"]) == (None, 2)


def test_the_validity_period_ends_what_is_left() -> None:
    rules = Rules("UTC", None, Validity(MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=1, seconds=100)))
    calls: list[tuple[int, str, float]] = []
    run = finished(job(rules=rules), rows(3), calls)
    assert [t for _, _, t in calls] == [3600.0, 3670.0]
    assert run.tally.outcomes == {"answered": 2}  # the call that was under way came to its end
    assert unreached(run) == {"validity-period-expired": 1}


def test_not_within_the_horizon() -> None:
    result = result_of(finished(job(retrying(3, "20h"), answer_rate=0.0, horizon_days=1), rows(1)))
    assert result["finishes_at"] is None
    assert (result["unfinished"], result["calls"]) == (1, 2)
    assert "It is not finished within 1 days." in result["warnings"]


def test_contacts_go_on_from_where_they_stand() -> None:
    document = retrying(3)
    memory = '{"node":"call","visits":{"in":1,"call":1},"try_no":2,"attempts":2,"last_outcome":"no_answer"}'
    standing = row(1, memory=memory, due_at="2026-05-04T08:05:00+00:00")
    calls: list[tuple[int, str, float]] = []
    run = finished(job(document, answer_rate=0.0), [standing], calls)
    assert [t for _, _, t in calls] == [300.0, 920.0]
    assert run.people[0].memory.attempts == 3
    barred = row(2, channels=("VS",), memory=memory)
    assert unreached(finished(job(document), [barred])) == {"do-not-contact": 1}


@pytest.mark.parametrize(("status", "seconds"), [("", 5.5), ("submitted", 600.0)])
def test_texts_go_on_from_where_they_stand(status: str, seconds: float) -> None:
    due = '"due_at":"2026-05-04T08:10:00+00:00",' if status else ""
    memory = f'{{{due}"node":"text","visits":{{"in":1,"text":1}},"try_no":1,"texts":1,"last_status":"{status}"}}'
    run = finished(job(texting()), [row(1, memory=memory)])
    assert run.tally.last == seconds


def test_webhooks_are_answered_at_once_wherever_contacts_stand() -> None:
    """Who receives them is not known to a dry run: with success, and with nothing in it."""
    sent = {"url": "https://hooks.example/{{first_name|x}}", "save_as": "plan"}
    document = strategy(
        {"id": "hook", "type": "webhook", "fields": sent, "out": {"ok": "text"}},
        {"id": "text", "type": "sms", "fields": {"text": "Hello"}, "out": {"otherwise": "end"}},
        {"id": "end", "type": "end"},
    )
    standing = row(2, memory='{"node":"hook","visits":{"in":1,"hook":1},"try_no":1}')
    run = finished(job(document), [row(1), standing])
    assert sum(run.tally.texts) == 2
    assert all(person.memory.result == "submitted" for person in run.people)


def test_equal_seeds_give_equal_results_and_others_do_not() -> None:
    document, unsure = (
        retrying(3),
        {"answer_rate": 0.3, "busy_share": 0.1, "invalid_share": 0.05, "variation": 0.5, "agents": 4},
    )
    first, again, other = (simulate(job(document, seed=seed, **unsure), rows(200)) for seed in (1, 1, 2))
    assert first == again
    assert first["hours"] != other["hours"]


def test_a_higher_answer_rate_reaches_whom_a_lower_one_reached() -> None:
    few, many = (finished(job(answer_rate=rate, agents=5), rows(100)) for rate in (0.2, 0.4))
    reached = [{person.id for person in run.people if person.reached} for run in (few, many)]
    assert reached[0] < reached[1]


def test_chance_is_even() -> None:
    drawn = [draw(7, person, For.ANSWERS, number) for person in range(1000) for number in range(10)]
    assert len(set(drawn)) == len(drawn)
    assert sum(drawn) / len(drawn) == pytest.approx(0.5, abs=0.01)
    assert all(0 <= one < 1 for one in drawn)


def test_a_job_is_the_same_after_its_way_through_json() -> None:
    rules = Rules("Europe/Berlin", NINE_TO_FIVE, Validity(until=MONDAY + timedelta(days=3)), LoadOrder.NEWEST_FIRST, 4)
    given = job(retrying(2), rules=rules)
    document = orjson.loads(orjson.dumps(to_json(given, {1: to_document(given.strategies[1])})))
    assert from_json(document) == given


class TestMeasured:
    @staticmethod
    def calls(many: int, outcome: Outcome, hour: int = 10) -> list[Any]:
        at = datetime(2026, 5, 4, hour, tzinfo=UTC)
        met = outcome is Outcome.ANSWERED
        times = (at, at + timedelta(seconds=12), at + timedelta(seconds=13)) if met else (at, None, None)
        return [(outcome.value, "UTC", *times, at + timedelta(seconds=73))] * many

    def test_too_few_say_nothing(self) -> None:
        assert measured(job().assumptions, self.calls(49, Outcome.ANSWERED)) is None

    def test_rates_by_hour_and_times(self) -> None:
        calls = self.calls(30, Outcome.ANSWERED) + self.calls(50, Outcome.NO_ANSWER) + self.calls(20, Outcome.BUSY)
        calls += self.calls(20, Outcome.NO_ANSWER, 15) + self.calls(10, Outcome.INVALID_NUMBER)
        found = measured(job().assumptions, calls)
        assert found is not None
        assert found.answer_rate[10] == 0.3
        assert found.answer_rate[15] == 0.0
        assert found.answer_rate[3] == 0.25  # of all: no calls were made at this hour
        assert (found.ring_s, found.talk_s) == (12.0, 60.0)
        assert found.busy_share == round(20 / 120, 4)
        assert found.invalid_share == round(10 / 130, 4)
        assert found.agents == job().assumptions.agents

    def test_machines_are_not_people(self) -> None:
        calls = self.calls(30, Outcome.ANSWERED) + self.calls(25, Outcome.MACHINE) + self.calls(5, Outcome.NO_ANSWER)
        found = measured(job().assumptions, calls)
        assert found is not None
        assert (found.answer_rate[10], found.machine_share) == (0.5, 0.4166)


def test_the_builders_are_sound() -> None:
    assert checked(retrying(2)).limits.max_attempts == 5
    assert EXACT["agents"] == 1
