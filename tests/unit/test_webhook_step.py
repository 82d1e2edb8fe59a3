"""The webhook step: what it asks for, by which port it is left, and how a contact's values get into address and body."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dialer.domain.errors import InvalidInput
from dialer.strategy.cases.read import Case
from dialer.strategy.cases.run import play
from dialer.strategy.check import check
from dialer.strategy.effects import Effect, Finish, RequestWebhook, Stay, Step
from dialer.strategy.events import ContactFacts, Entered, RequestKey, WebhookAnswered
from dialer.strategy.flow import advance
from dialer.strategy.known import Known
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy
from dialer.strategy.web import fill_body, fill_url, fixed_host

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
ANNA = ContactFacts(attributes={"plan": "gold & more/?#é", "quote": 'a "b" \\\n'}, names={"first_name": "Anna"})


def document(**fields: Any) -> dict[str, Any]:
    hook = {"url": "https://hooks.example/{{plan}}?n={{first_name}}", "body": "Hi {{first_name}}", **fields}
    nodes = [
        {"id": "in", "type": "contact-in", "out": {"next": "hook"}},
        {"id": "hook", "type": "webhook", "fields": hook, "out": {"ok": "good", "error": "bad"}},
        {"id": "good", "type": "end", "fields": {"result": "good"}},
        {"id": "bad", "type": "end", "fields": {"result": "bad"}},
    ]
    return {"format": "campaign-strategy/1", "name": "t", "nodes": nodes}


def strategy(**fields: Any) -> Strategy:
    checked = check(document(**fields))
    assert checked.strategy is not None, checked.faults
    return checked.strategy


def enter(**fields: Any) -> Step:
    return advance(strategy(**fields), Memory(), Entered(), ANNA, NOW)


def answer(step: Step, *, ok: bool, text: str, **fields: Any) -> Step:
    assert isinstance(step.effect, RequestWebhook)
    return advance(strategy(**fields), step.memory, WebhookAnswered(step.effect.key, ok, text), ANNA, NOW)


@pytest.mark.req("S3")
def test_it_asks_for_one_request_with_everything_filled_in() -> None:
    effect = enter(method="PUT", timeout_s=7, save_as="Rating").effect
    assert effect == RequestWebhook(
        node="hook", visit=1, try_no=1, method="PUT", host="hooks.example", body="Hi Anna", timeout_s=7, save_as="rating",
        url="https://hooks.example/gold%20%26%20more%2F%3F%23%C3%A9?n=Anna", due_at=NOW,
    )  # fmt: skip


def ended(effect: Effect) -> str:
    assert isinstance(effect, Finish)
    return effect.result


@pytest.mark.req("S3")
def test_it_is_left_by_how_it_was_answered() -> None:
    good = answer(enter(save_as="rating"), ok=True, text="  five\x00stars\n", save_as="rating")
    assert ended(good.effect) == "good"
    assert good.changes == (("rating", "five stars"),)
    bad = answer(enter(save_as="rating"), ok=False, text="answered 500", save_as="rating")
    assert ended(bad.effect) == "bad"
    assert (bad.hops[0].port, bad.hops[0].why, bad.changes) == ("error", "answered 500", ())
    assert answer(enter(), ok=True, text="nobody keeps it").changes == ()


@pytest.mark.req("S3")
def test_of_a_long_response_the_beginning_is_kept() -> None:
    step = answer(enter(save_as="rating"), ok=True, text="é" * 5000, save_as="rating")
    assert step.changes == (("rating", "é" * 4000),)


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"url": "https://hooks.example/{{nothing}}"}, "no value for 'nothing'"),
        ({"body": "{{nothing}} {{none}}"}, "no value for 'nothing', 'none'"),
        ({"url": "https://{{plan}}.example/"}, "names no host"),
        ({"url": "https://{{dots}}.example/"}, "no value for 'dots'"),
    ],
)
def test_what_cannot_be_filled_in_is_an_error_at_once(fields: dict[str, Any], why: str) -> None:
    step = enter(**fields)
    assert ended(step.effect) == "bad"
    assert (step.hops[1].node, step.hops[1].port) == ("hook", "error")
    assert why in step.hops[1].why


@pytest.mark.req("S3", "S4")
def test_an_answer_to_another_request_changes_nothing() -> None:
    step = enter()
    for key in (RequestKey("hook", 2, 1), RequestKey("hook", 1, 2), RequestKey("other", 1, 1)):
        later = advance(strategy(), step.memory, WebhookAnswered(key, True, "x"), ANNA, NOW)
        assert (later.memory, later.effect) == (step.memory, Stay(None))
    done = answer(step, ok=True, text="x")
    again = advance(strategy(), done.memory, WebhookAnswered(RequestKey("hook", 1, 1), True, "x"), ANNA, NOW)
    assert (again.memory, again.hops) == (done.memory, ())


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    "value",
    ["evil.example/", "evil.example#", "evil.example?", "a@evil.example", "evil.example\\", "..", "a b", "é", ""],
)
def test_no_value_leads_to_another_host_or_path(value: str) -> None:
    with pytest.raises((ValueError, InvalidInput)):
        fill_url("https://{{v}}.hooks.example/", {"v": value})
    if value and value != "..":
        _, address = fill_url("https://hooks.example/a/{{v}}?b={{v}}", {"v": value})
        assert address.host == "hooks.example"
        assert address.target.count("/") == 2
        assert address.target.count("?") == 1


@pytest.mark.req("S3")
def test_no_value_becomes_a_header_or_a_line() -> None:
    url, _ = fill_url("https://hooks.example/{{v}}", {"v": "a\r\nX-Evil: 1"})
    assert url == "https://hooks.example/a%20%20X-Evil%3A%201"


@pytest.mark.req("S3")
def test_a_body_of_json_stays_json() -> None:
    filled = fill_body('{"quote": "{{quote}}", "name": "{{first_name}}"}', {**ANNA.values, "quote": 'a "b" \\ é'})
    assert json.loads(filled) == {"quote": 'a "b" \\ é', "name": "Anna"}
    assert fill_body("say {{v}}", {"v": '"x"'}) == 'say "x"'


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("url", "host"),
    [("https://A.example/{{a}}", "a.example"), ("https://{{a}}.example/", None), ("http://[::1]/{{a|b}}", "::1")],
)
def test_a_host_is_fixed_unless_a_value_is_part_of_it(url: str, host: str | None) -> None:
    assert fixed_host(url) == host


@pytest.mark.req("S2", "S3")
def test_a_host_that_is_not_allowed_is_a_fault_at_its_field() -> None:
    def fault(url: str) -> tuple[str, str] | None:
        found = check(document(url=url), Known(webhook_hosts=frozenset({"*.crm.example"}))).faults
        return (found[0].node, found[0].field) if found else None

    assert fault("https://a.crm.example/x") is None
    assert fault("https://{{plan}}.evil.example/x") is None, "it is looked at when it is known"
    assert fault("https://evil.example/x") == ("hook", "url")
    assert check(document(), Known(webhook_hosts=frozenset())).faults


@pytest.mark.req("S2", "S3")
def test_placeholders_that_nothing_fills_are_told_and_save_as_fills_one() -> None:
    looped = document(url="https://hooks.example/{{rating|0}}{{other}}", body="{{plan}}", save_as="rating")
    warned = check(looped, Known(attributes=frozenset({"plan"}))).warnings
    assert [(one.node, one.field) for one in warned] == [("hook", "url")]
    later = document(body="{{rating}}", save_as="rating", url="https://hooks.example/")
    assert check(later, Known(attributes=frozenset())).warnings == ()


@pytest.mark.req("S2", "S3")
def test_webhooks_in_a_circle_are_refused() -> None:
    circle = document()
    circle["nodes"][1]["out"] = {"ok": "hook"}
    assert "lets no time pass" in check(circle).faults[0].reason


@pytest.mark.req("S3", "S6")
@pytest.mark.parametrize(
    ("entry", "result", "differs"),
    [
        ({"url": "https://hooks.example/gold?n=Ann", "says": "Hi Ann", "answer": "5"}, "good", None),
        ({"fails": "answered 500"}, "bad", None),
        ({"url": "https://hooks.example/"}, "good", "goes to 'https://hooks.example/gold?n=Ann'"),
        ({"says": "Ho"}, "good", "says 'Hi Ann'"),
    ],
)
def test_cases_beside_a_strategy_know_webhooks(entry: dict[str, Any], result: str, differs: str | None) -> None:
    contact = {"first_name": "Ann", "plan": "gold"}
    story = [{"webhook": "hook", **entry}, {"end": result, "attributes": {"rating": entry.get("answer", "")}}]
    case = Case.model_validate({"name": "n", "contact": contact, "start": "2026-05-04 09:00", "story": story})
    found = play(strategy(save_as="rating"), case)
    assert (found or "").endswith(differs or "")
    assert (found is None) is (differs is None)
