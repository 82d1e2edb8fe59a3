"""A new version of a strategy, and the three rules for those who are in the campaign already (S3)."""

from typing import Any

import pytest
from sqlalchemy import select

from dialer.domain.outcome import Outcome
from dialer.operations import campaigns, edits, strategies
from dialer.store import tables, trail
from dialer.strategy.check import check
from tests.support import builders, invariants
from tests.support.context import Bench


def _document(on_edit: str, *, texts: bool) -> dict[str, Any]:
    """Call; who does not answer is done, or with `texts` gets a text."""
    leads = "text" if texts else "end"
    return {
        "format": "campaign-strategy/1",
        "name": "Edited",
        "nodes": [
            {"id": "in", "type": "contact-in", "fields": {"on_edit": on_edit}, "out": {"next": "call"}},
            {"id": "call", "type": "call", "fields": {}, "out": {"no_answer": leads, "otherwise": "end"}},
            {"id": "text", "type": "sms", "fields": {"text": "Hello"}, "out": {"otherwise": "end"}},
            {"id": "end", "type": "end", "fields": {}},
        ],
    }


async def _versions(bench: Bench) -> list[int | None]:
    """Of each contact, in order."""
    async with bench.ctx.db.read() as tx:
        return list(
            (await tx.execute(select(tables.enrollment.c.strategy_version).order_by(tables.enrollment.c.id))).scalars()
        )


async def _edited(bench: Bench, on_edit: str) -> int:
    """Two contacts whose call is queued, two who came while the campaign was paused, a new version, and two who came after."""
    campaign_id = await builders.add_campaign(bench, _document("not_started", texts=False))
    await builders.load(bench, campaign_id, builders.persons(2))
    await builders.publish(bench, campaign_id)
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.settle(bench, campaign_id)
    await builders.load(bench, campaign_id, [builders.person(n) for n in (10, 11)])
    await strategies.deploy(bench.ctx, campaign_id, _document(on_edit, texts=True))
    await builders.load(bench, campaign_id, [builders.person(n) for n in (20, 21)])
    await builders.publish(bench, campaign_id)
    return campaign_id


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("on_edit", "begun", "after_the_call"),
    [
        ("not_started", [1, 1, 2, 2, 2, 2], [1, 1, 2, 2, 2, 2]),
        ("next_step", [1, 1, 2, 2, 2, 2], [2, 2, 2, 2, 2, 2]),
        ("keep", [1, 1, 1, 1, 2, 2], [1, 1, 1, 1, 2, 2]),
    ],
)
async def test_who_follows_a_new_version(
    bench: Bench, on_edit: str, begun: list[int], after_the_call: list[int]
) -> None:
    campaign_id = await _edited(bench, on_edit)
    assert await _versions(bench) == begun
    assert await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER) == 6
    assert await _versions(bench) == after_the_call
    found = await invariants.states(bench.ctx.db, campaign_id)
    assert found.get("pending", 0) == after_the_call.count(2), "those on the new version get their text"
    assert await builders.text_all(bench, campaign_id) == after_the_call.count(2)
    await invariants.check(bench.ctx.db, settled=True)


@pytest.mark.req("S3", "K12")
async def test_the_trail_says_on_which_version_each_step_was_taken(bench: Bench) -> None:
    campaign_id = await _edited(bench, "next_step")
    await builders.call_all(bench, campaign_id, Outcome.NO_ANSWER)
    await builders.text_all(bench, campaign_id)
    async with bench.ctx.db.read() as tx:
        entries = await trail.of_contact(tx, 1, campaign_id)
    steps = [(one["data"]["node"], one["data"]["version"]) for one in entries if one["kind"] == "step"]
    assert steps == [("in", 1), ("call", 1), ("text", 2), ("end", 2)]


@pytest.mark.req("S3")
async def test_before_the_first_publish_a_draft_binds_nobody(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, _document("keep", texts=False))
    await builders.load(bench, campaign_id, builders.persons(2))
    await strategies.deploy(bench.ctx, campaign_id, _document("keep", texts=True))
    await builders.publish(bench, campaign_id)
    assert await _versions(bench) == [2, 2]


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("on_edit", "told"),
    [
        ("not_started", (True, 4, 4, 2, {})),
        ("next_step", (True, 4, 4, 2, {"call": 2})),
        ("keep", (True, 4, 0, 2, {})),
    ],
)
async def test_what_a_deploy_would_change_is_told_before(
    bench: Bench, on_edit: str, told: tuple[bool, int, int, int, dict[str, int]]
) -> None:
    campaign_id = await builders.add_campaign(bench, _document("not_started", texts=False))
    await builders.load(bench, campaign_id, builders.persons(3))
    await builders.publish(bench, campaign_id)
    await builders.end_call(
        bench, str(await builders.intend_call(bench, (await builders.claim(bench, campaign_id))[0])), Outcome.ANSWERED
    )
    await campaigns.unpublish(bench.ctx, campaign_id)
    await builders.settle(bench, campaign_id)
    await builders.load(bench, campaign_id, [builders.person(n) for n in range(10, 14)])
    strategy = check(_document(on_edit, texts=True)).strategy
    assert strategy is not None
    found = await edits.impact(bench.ctx, campaign_id, strategy)
    assert (found.is_new, found.not_started, found.starting, found.in_flight, found.changing) == told
    same = check(_document("not_started", texts=False)).strategy
    assert same is not None
    again = await edits.impact(bench.ctx, campaign_id, same)
    assert (again.is_new, again.changing) == (False, {})
