"""Drafts on either database: kept to the letter, guarded against stale edits, and never run."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from dialer.domain.errors import IllegalTransition, Incomplete, NotFound, StaleEdit
from dialer.operations import campaigns, deleting, drafts, flows, strategies
from dialer.operations.drafts import ABSENT
from dialer.store import tables
from dialer.store.drafts import Base
from tests.support import builders
from tests.support.context import MONDAY, Bench

# In an order that JSONB would change, with what PostgreSQL's JSON can't hold.
UNFINISHED: list[dict[str, Any]] = [
    {"type": "tab", "id": "t", "info": "Half \u0000 way"},
    {"z": "t", "y": 1.5, "x": 100, "wires": [["gone"]], "type": "campaign-contact-in", "id": "in"},
    {"wires": [], "z": "t", "type": "campaign-call", "id": "call", "ring_s": "soon", "y": 1, "x": 2},
]


@pytest.mark.req("S2")
async def test_a_draft_comes_back_to_the_letter(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    deployed = await flows.read(bench.ctx, campaign_id)
    assert await drafts.find(bench.ctx, campaign_id) is None
    with pytest.raises(NotFound):
        await drafts.read(bench.ctx, campaign_id)
    saved = await drafts.save(bench.ctx, campaign_id, UNFINISHED, by="anna")
    assert orjson.dumps(saved.kept.flow) == orjson.dumps(UNFINISHED)
    assert (saved.kept.saved_by, saved.kept.saved_at, saved.kept.base) == ("anna", MONDAY, Base(deployed[1], 1))
    assert not saved.is_older
    assert {(fault.node, fault.field) for fault in saved.checked.faults} == {("call", "ring_s"), ("in", "out.next")}
    assert await flows.read(bench.ctx, campaign_id) == deployed
    assert await drafts.read(bench.ctx, campaign_id) == saved


@pytest.mark.req("S2")
async def test_a_draft_is_never_published(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await drafts.save(bench.ctx, campaign_id, UNFINISHED, by="anna")
    with pytest.raises(Incomplete) as refused:
        await campaigns.publish(bench.ctx, campaign_id)
    fields = [fault.field for fault in refused.value.faults]
    assert fields[0] == "draft"
    assert set(fields[1:]) == {"draft.nodes.call.ring_s", "draft.nodes.in.out.next"}
    assert "saved 2026-05-04 09:00 UTC by anna, which has 2 faults" in refused.value.faults[0].reason
    assert await campaigns.missing(bench.ctx, campaign_id) == refused.value.faults
    flow, _ = await flows.read(bench.ctx, campaign_id)
    await drafts.save(bench.ctx, campaign_id, flow, by="anna")
    with pytest.raises(Incomplete) as refused:
        await campaigns.publish(bench.ctx, campaign_id)
    assert [fault.field for fault in refused.value.faults] == ["draft"], "no faults, and not deployed all the same"
    await drafts.discard(bench.ctx, campaign_id)
    assert (await campaigns.publish(bench.ctx, campaign_id)).strategy_version == 1


@pytest.mark.req("S2")
async def test_what_is_deployed_runs_while_there_is_a_draft(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    await drafts.save(bench.ctx, campaign_id, UNFINISHED, by="anna")
    await builders.publish(bench, campaign_id)
    assert (await drafts.read(bench.ctx, campaign_id)).kept.flow == UNFINISHED


@pytest.mark.req("S2", "S3")
async def test_a_deploy_takes_the_place_of_the_draft_it_was_made_from_only(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    flow, rev = await flows.read(bench.ctx, campaign_id)
    first = await drafts.save(bench.ctx, campaign_id, UNFINISHED, by="anna")
    other = await drafts.save(bench.ctx, campaign_id, [*UNFINISHED, {"id": "x", "type": "comment", "z": "t"}], by="bob")
    moved = [flow[0], {**flow[1], "x": 700}, *flow[2:]]
    await flows.deploy(bench.ctx, campaign_id, moved, rev, draft=first.rev)
    kept = await drafts.read(bench.ctx, campaign_id)
    assert (kept.rev, kept.is_older, kept.kept.base) == (other.rev, True, Base(rev, 1))
    await strategies.deploy(bench.ctx, campaign_id, builders.call_wait_text(tries=3))
    assert (await drafts.read(bench.ctx, campaign_id)).deployed == 2
    await flows.deploy(bench.ctx, campaign_id, flow, draft=other.rev)
    assert await drafts.find(bench.ctx, campaign_id) is None


@pytest.mark.req("S2")
async def test_what_replaces_a_draft_goes_on_from_where_it_was_begun(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    _, rev = await flows.read(bench.ctx, campaign_id)
    await drafts.save(bench.ctx, campaign_id, UNFINISHED, by="anna")
    await strategies.deploy(bench.ctx, campaign_id, builders.call_wait_text(tries=3))
    assert (await drafts.save(bench.ctx, campaign_id, [], by="bob")).kept.base == Base(rev, 1)
    assert {"id": "text"}.items() <= (await drafts.begun_from(bench.ctx, campaign_id, Base(rev, 1)))[-2].items()
    _, now = await flows.read(bench.ctx, campaign_id)
    merged = await drafts.save(bench.ctx, campaign_id, [], by="bob", base=Base(now, 2))
    assert (merged.kept.base.version, merged.is_older) == (2, False)
    assert (await drafts.save(bench.ctx, campaign_id, [], by="bob", base=Base("x", 99))).kept.base.version is None


@pytest.mark.req("S2")
async def test_of_two_who_save_at_once_one_is_told(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    many = [[{"id": f"t{n}", "type": "tab"}] for n in range(4)]

    async def at_once(rev: str) -> list[Any]:
        saving = (drafts.save(bench.ctx, campaign_id, one, by="anna", rev=rev) for one in many)
        return await asyncio.gather(*saving, return_exceptions=True)

    for rev in (ABSENT, "stale"):
        done = await at_once(rev)
        expected = 3 if rev == ABSENT else 4
        assert [type(one) for one in done].count(StaleEdit) == expected
    there = (await drafts.read(bench.ctx, campaign_id)).rev
    with pytest.raises(StaleEdit):
        await drafts.discard(bench.ctx, campaign_id, "stale")
    await drafts.save(bench.ctx, campaign_id, [], by="bob", rev=there)
    with pytest.raises(StaleEdit):
        await drafts.save(bench.ctx, campaign_id, [], by="bob", rev=ABSENT)


@pytest.mark.req("S2", "C11")
async def test_a_clone_takes_the_draft_along_and_can_not_be_published_for_it(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await drafts.save(bench.ctx, campaign_id, UNFINISHED, by="anna")
    fields, document, drawings = await campaigns.clone(bench.ctx, campaign_id)
    assert document is None, "the default strategy is not put in the place of the draft"
    copy = await campaigns.create(bench.ctx, fields, document, replace(drawings, by="bob"))
    cloned = await drafts.read(bench.ctx, copy.id)
    assert (cloned.kept.flow, cloned.kept.saved_by, cloned.is_older) == (UNFINISHED, "bob", False)
    with pytest.raises(Incomplete):
        await campaigns.publish(bench.ctx, copy.id)
    await strategies.deploy(bench.ctx, campaign_id, builders.call_wait_text())
    again = await campaigns.create(bench.ctx, *await campaigns.clone(bench.ctx, campaign_id))
    assert (await drafts.read(bench.ctx, again.id)).is_older
    await drafts.discard(bench.ctx, campaign_id)
    last = await campaigns.create(bench.ctx, *await campaigns.clone(bench.ctx, campaign_id))
    assert await drafts.find(bench.ctx, last.id) is None


@pytest.mark.req("S2", "C4")
async def test_a_draft_ends_with_its_campaign(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    bench.clock.advance(minutes=3)
    saved = await drafts.save(bench.ctx, campaign_id, UNFINISHED, by="anna")
    assert saved.kept.saved_at == MONDAY + timedelta(minutes=3)
    await campaigns.end(bench.ctx, campaign_id)
    for refused in (drafts.save(bench.ctx, campaign_id, [], by="bob"), drafts.discard(bench.ctx, campaign_id)):
        with pytest.raises(IllegalTransition):
            await refused
    await deleting.remove(bench.ctx, campaign_id)
    async with bench.ctx.db.read() as tx:
        assert (await tx.execute(select(tables.strategy_draft))).all() == []
    for missing in (drafts.save(bench.ctx, campaign_id, [], by="bob"), drafts.find(bench.ctx, campaign_id)):
        with pytest.raises(NotFound):
            await missing
