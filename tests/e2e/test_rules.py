"""A campaign with a rule pack on the real Asterisk: the call that would be one too many is not made, and the rule is cited."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from asterisk.lab.numbers import Callee, number
from dialer.operations import campaigns, evidence, why_not
from dialer.store.tables import contact
from tests.support.invariants import check
from tests.support.rig import Rig, call, strategy

FIRST = 9_000  # numbers from here on are this file's
FLORIDA = {"rule": "attempts", "pack": "us-florida", "version": "2026.1"}


def zone_at_one_in_the_afternoon() -> str:
    """A zone where it is past 13:00 now, so that the hours are open whenever this runs."""
    east = 13 - datetime.now(UTC).hour
    return "UTC" if not east else f"Etc/GMT{-east:+}"  # POSIX: what is east has a minus


@pytest.mark.req("D7", "K13")
async def test_a_fourth_call_within_24_hours_is_put_off_and_cited(running: Rig) -> None:
    often = strategy(call(tries=5, retry_after="1s", retry_on=["busy"]))
    busy, other = number(Callee.BUSY, FIRST), number(Callee.ANSWER, FIRST + 1)
    campaign_id = await running.campaign([busy, other], often, rule_pack="us-florida", caller_id="+12025550999")
    async with running.ctx.db.write() as tx:
        await tx.execute(update(contact).values(time_zone=zone_at_one_in_the_afternoon()))
    began = datetime.now(UTC)
    await running.publish(campaign_id)

    async def refused() -> bool:
        return "put-off" in (await running.stories(campaign_id))[0].kinds

    await running.until(refused, "the fourth call to be put off")
    await asyncio.sleep(2)  # another try would have been due
    story, answered = await running.stories(campaign_id)
    assert [placed.number for placed in running.placed()].count(busy) == 3
    assert story.outcomes == ["busy"] * 3
    assert answered.outcomes == ["answered"]
    (told,) = story.data("put-off")
    assert told["rule"] == FLORIDA
    until = datetime.fromisoformat(told["until"])
    assert began + timedelta(hours=24) <= until <= datetime.now(UTC) + timedelta(hours=24)
    found = await why_not.why_not(running.ctx, campaign_id, story.place.contact_id)
    assert [(one.until, one.rule.to_json()) for one in found.reasons if one.rule] == [(until, FLORIDA)]
    proof = await evidence.of_number(running.ctx, busy)
    assert [one.kind for one in proof.items] == ["call", "call", "call", "refusal"]
    assert {(one.rule_pack, one.rule_version) for one in proof.items} == {("us-florida", "2026.1")}
    assert {one.caller_id for one in proof.items if one.kind == "call"} == {"+12025550999"}
    await campaigns.edit(running.ctx, campaign_id, {"rule_pack": "none"})  # takes effect at once (C13)
    await running.done(campaign_id)
    assert [placed.number for placed in running.placed()].count(busy) == 5
    await check(running.ctx.db, settled=True)
