"""What was drawn is kept with the version, on either database; of two who deploy at once, one is told."""

import asyncio

import pytest
from sqlalchemy import select

from dialer.domain.errors import InvalidInput, StaleEdit
from dialer.operations import campaigns, deploying, flows, strategies
from dialer.operations.deploying import BadStrategy, Drawn, sound
from dialer.store import tables
from dialer.strategy.check import check
from dialer.strategy.known import Known
from dialer.strategy.nodered.drawing import Flow
from dialer.strategy.nodered.redraw import redraw
from tests.support import builders
from tests.support.context import Bench


@pytest.mark.req("S3", "S6")
async def test_the_drawing_stays_with_the_version(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    flow, rev = await flows.read(bench.ctx, campaign_id)
    note = {"id": "note", "type": "comment", "z": flow[0]["id"], "name": "Why an hour?", "x": 1.5, "y": 2}
    drawn = await flows.deploy(bench.ctx, campaign_id, [*flow, note], rev, "ann")
    assert drawn != rev
    assert await flows.read(bench.ctx, campaign_id) == ([*flow, note], drawn)
    assert (await campaigns.get(bench.ctx, campaign_id)).strategy_version == 1
    assert await flows.deploy(bench.ctx, campaign_id, [*flow, note], drawn) == drawn
    await strategies.deploy(bench.ctx, campaign_id, builders.call_wait_text(tries=3))
    kept, _ = await flows.read(bench.ctx, campaign_id)
    assert note in kept
    await flows.deploy(bench.ctx, campaign_id, kept, by="bob")
    async with bench.ctx.db.read() as tx:
        version = tables.strategy_version.c
        rows = await tx.execute(select(version.version, version.deployed_by).order_by(version.version))
        assert [tuple(row) for row in rows] == [(1, None), (2, "bob")]


@pytest.mark.req("S2")
async def test_a_flow_with_faults_is_refused_with_its_nodes(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    flow, rev = await flows.read(bench.ctx, campaign_id)
    flow[2] |= {"queue": "gone", "ring_s": "x"}
    with pytest.raises(InvalidInput) as refused:
        await flows.deploy(bench.ctx, campaign_id, flow, rev)
    assert isinstance(refused.value, BadStrategy)
    assert [(fault.node, fault.field) for fault in refused.value.node_faults] == [("call", "ring_s"), ("call", "queue")]
    assert (await flows.read(bench.ctx, campaign_id))[1] == rev


async def test_of_two_who_deploy_at_once_one_is_told(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    flow, rev = await flows.read(bench.ctx, campaign_id)
    moved = [[flow[0], {**flow[1], "x": x}, *flow[2:]] for x in range(500, 504)]
    done = await asyncio.gather(
        *(flows.deploy(bench.ctx, campaign_id, one, rev) for one in moved), return_exceptions=True
    )
    assert [type(one) for one in done if not isinstance(one, str)] == [StaleEdit] * 3
    (new,) = (one for one in done if isinstance(one, str))
    assert (await flows.read(bench.ctx, campaign_id))[1] == new


@pytest.mark.req("S6", "C11")
async def test_a_clone_is_drawn_like_its_campaign(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    flow, _ = await flows.read(bench.ctx, campaign_id)
    note = {"id": "note", "type": "comment", "z": flow[0]["id"], "name": "Why an hour?", "x": 1.5, "y": 2, "wires": []}
    await flows.deploy(bench.ctx, campaign_id, [*flow, note])
    fields, document, drawings = await campaigns.clone(bench.ctx, campaign_id)
    clone = await campaigns.create(bench.ctx, fields, document, drawings)
    assert (await flows.read(bench.ctx, clone.id))[0] == [*flow, note]
    other = await campaigns.create(bench.ctx, {"title": "Other"}, document)
    assert (await flows.read(bench.ctx, other.id))[0] == flow


@pytest.mark.req("S6")
async def test_a_strategy_is_drawn_anew_over_what_was_drawn_meanwhile(bench: Bench, second: Bench) -> None:
    """It is redrawn before the transaction, as calls go on meanwhile: what somebody draws in between is not lost."""
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    flow, _ = await flows.read(bench.ctx, campaign_id)
    note = {"id": "note", "type": "comment", "z": flow[0]["id"], "name": "Why an hour?", "x": 1.5, "y": 2}
    seen: list[Flow | None] = []

    def understand(known: Known, before: Flow | None) -> Drawn:
        if not seen:  # in a thread, while nothing holds the database up
            asyncio.run_coroutine_threadsafe(flows.deploy(second.ctx, campaign_id, [*flow, note]), loop).result(20)
        seen.append(before)
        strategy = sound(check(builders.call_wait_text(tries=3), known))
        return Drawn(strategy, redraw(strategy, before) if before is not None else None)

    loop = asyncio.get_running_loop()
    await deploying.put(bench.ctx, campaign_id, understand)
    assert seen == [None, [*flow, note]]
    assert note in (await flows.read(bench.ctx, campaign_id))[0]


async def test_who_edits_a_revision_is_told_of_what_came_meanwhile(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench, builders.call_wait_text())
    _, rev = await flows.read(bench.ctx, campaign_id)

    def understand(known: Known, _before: Flow | None) -> Drawn:
        deploy = strategies.deploy(bench.ctx, campaign_id, builders.call_wait_text(tries=3))
        asyncio.run_coroutine_threadsafe(deploy, loop).result(20)
        return Drawn(sound(check(builders.call_wait_text(tries=4), known)), None)

    loop = asyncio.get_running_loop()
    with pytest.raises(StaleEdit):
        await deploying.put(bench.ctx, campaign_id, understand, rev=rev)
    assert (await campaigns.get(bench.ctx, campaign_id)).strategy_version == 2
