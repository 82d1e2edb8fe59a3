"""A trunk that fails: how many contacts pay for it, who probes it, and how everything goes on when it works again."""

from typing import Any

import pytest
from sqlalchemy import select

from dialer.domain.gateway import VoiceGateway
from dialer.domain.transitions import EnrollmentState
from dialer.engine.outlook import of_call
from dialer.operations import campaigns, gateways
from dialer.operations.attempts import SPARED_AGAIN
from dialer.operations.trail_check import trail_check
from dialer.pacing.breaker import FIRST_WAIT
from dialer.pacing.no_call import of_call as reasons_of
from dialer.pacing.progressive import Limit
from dialer.store import tables
from dialer.store.requests import ContactRequest
from tests.support import builders, invariants
from tests.support.builders import number, persons
from tests.support.context import Bench
from tests.support.loop import Loop, loop_over

NO_CIRCUIT, BUSY = 34, 17


async def storm(bench: Bench, contacts: int = 40, agents: int = 3, **gateway: Any) -> tuple[Loop, int]:
    """Every contact is due, and the trunk is about to fail."""
    await builders.add_gateways(bench)
    await gateways.edit(bench.ctx, "carrier", {"breaker_after": 5, **gateway})
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, persons(contacts))
    await builders.publish(bench, campaign_id)
    return await loop_over(bench, {"sales": tuple(f"agent-{n}" for n in range(agents))}), campaign_id


async def agree(bench: Bench) -> None:
    """The rows with each other, and the trails with the rows."""
    await invariants.check(bench.ctx.db, settled=True)
    async for checked in trail_check(bench.ctx):
        assert not [fault for one in checked for fault in one.faults]


async def rows(bench: Bench, table: Any) -> list[Any]:
    async with bench.ctx.db.read() as tx:
        return list(await tx.execute(select(table).order_by(table.c.id)))


@pytest.mark.req("D4", "D6")
async def test_a_storm_costs_a_handful_of_contacts_a_try_and_then_one_call_probes(bench: Bench) -> None:
    loop, campaign_id = await storm(bench)
    while calls := await loop.next_round():
        for call in calls:
            await loop.end(call, NO_CIRCUIT)
    assert len(loop.calls) == 6, "three agents: after five failures the sixth was on its way"
    assert loop.dialing.limited_by[campaign_id] is Limit.GATEWAY_BREAKER
    ended = {row.number: row.outcome for row in await rows(bench, tables.attempt)}
    assert set(ended.values()) == {"congestion"}, "what happened is recorded as it was"
    states = [row.state for row in await rows(bench, tables.enrollment)]
    assert states.count(EnrollmentState.DONE) == 4, "the call that opened it, and the one on its way, are spared"
    await agree(bench)

    bench.clock.advance(seconds=(FIRST_WAIT / 2).total_seconds())
    assert await loop.next_round() == []
    bench.clock.advance(seconds=(FIRST_WAIT / 2).total_seconds())
    (probe,) = await loop.next_round()
    assert await loop.next_round() == [], "one at a time"
    await loop.end(probe, NO_CIRCUIT)
    bench.clock.advance(seconds=FIRST_WAIT.total_seconds())
    assert await loop.next_round() == [], "twice as long as the first time"
    bench.clock.advance(seconds=FIRST_WAIT.total_seconds())
    (probe,) = await loop.next_round()
    await loop.end(probe, BUSY, rang=True)
    assert len(await loop.next_round()) == 3, "at once, for every agent"
    assert [row.state for row in await rows(bench, tables.enrollment)].count(EnrollmentState.DONE) == 5


@pytest.mark.req("D4", "D6")
async def test_a_restart_in_a_storm_costs_no_contact_more(bench: Bench) -> None:
    loop, campaign_id = await storm(bench)
    while calls := await loop.next_round():
        for call in calls:
            await loop.end(call, NO_CIRCUIT)
    bench.clock.advance(seconds=FIRST_WAIT.total_seconds())
    (probe,) = await loop.next_round()
    await loop.end(probe, NO_CIRCUIT)
    before, now = loop.dialing.breakers.of("carrier"), bench.clock()
    await loop.dialing.feeds.drop_all()

    again = await loop_over(bench, {"sales": ("anna", "ben", "cleo")})
    await again.dialing.breakers.recover(bench.ctx)
    assert again.dialing.breakers.snapshot("carrier", "up", now) == loop.dialing.breakers.snapshot("carrier", "up", now)
    assert again.dialing.breakers.of("carrier").failed_probes == before.failed_probes == 1
    assert await again.next_round() == []
    assert again.dialing.limited_by[campaign_id] is Limit.GATEWAY_BREAKER
    bench.clock.advance(seconds=2 * FIRST_WAIT.total_seconds())
    (probe,) = await again.next_round()
    await again.end(probe, BUSY, rang=True)
    assert len(await again.next_round()) == 3
    await again.dialing.breakers.recover(bench.ctx)
    assert again.dialing.breakers.of("carrier").is_closed, "it worked last"


@pytest.mark.req("D4", "K12")
async def test_who_was_spared_is_called_again_with_the_same_try_and_the_trail_says_so(bench: Bench) -> None:
    loop, _ = await storm(bench, contacts=6, agents=6)
    calls = await loop.next_round()
    for call in calls:
        await loop.end(call, NO_CIRCUIT)
    spared = calls[4:]
    bench.clock.advance(seconds=SPARED_AGAIN.total_seconds())
    assert await loop.next_round() == [], "the hopper is filled"
    (probe,) = await loop.next_round()
    await loop.end(probe, BUSY, rang=True)
    (last,) = await loop.next_round()
    await loop.end(last, BUSY, rang=True)
    assert {probe.number, last.number} == {call.number for call in spared}
    requests = [row for row in await rows(bench, tables.contact_request) if row.address == spared[0].number]
    assert [(row.try_no, row.requeue_no) for row in requests] == [(1, 0), (1, 1)]
    contact = requests[0].contact_id
    kinds = [row.kind for row in await rows(bench, tables.trail) if row.contact_id == contact]
    calls_of = [kind for kind in kinds if kind.startswith("call-")]
    assert calls_of == ["call-queued", "call-dialed", "call-ended", "call-spared", "call-dialed", "call-ended"]
    assert kinds[-1] == "finished"
    await agree(bench)


@pytest.mark.req("C6", "C7")
async def test_who_was_spared_while_the_campaign_was_stopped_is_flagged(bench: Bench) -> None:
    loop, campaign_id = await storm(bench, contacts=6, agents=6)
    calls = await loop.next_round()
    await campaigns.unpublish(bench.ctx, campaign_id)
    for call in calls:
        await loop.end(call, NO_CIRCUIT)
    await builders.settle(bench, campaign_id)
    found = [(row.state, row.stop_reason) for row in await rows(bench, tables.enrollment)]
    assert found.count((EnrollmentState.STOPPED, "campaign-unpublished")) == 2
    await agree(bench)


@pytest.mark.req("K13")
async def test_a_contact_is_told_since_when_and_until_when(bench: Bench) -> None:
    loop, campaign_id = await storm(bench)
    for call in [*await loop.next_round(), *await loop.next_round()]:
        await loop.end(call, NO_CIRCUIT)
    while calls := await loop.next_round():
        for call in calls:
            await loop.end(call, NO_CIRCUIT)
    now = bench.clock()
    campaign = loop.dialing.board.campaigns[campaign_id]
    request: ContactRequest = loop.dialing.feeds._feeds[campaign_id].ready[0]
    (reason,) = list(reasons_of(of_call(loop.dialing, campaign, request, now), request.address, now))
    assert (reason.code, reason.until) == ("gateway-breaker-open", now + FIRST_WAIT)
    assert f"open since {now:%Y-%m-%d %H:%M:%S} UTC" in reason.text
    told = loop.dialing.breakers.snapshot("carrier", "up", now)
    assert (told["state"], told["breaker"]) == ("breaker_open", "open")
    assert told["next_probe_at"] == (now + FIRST_WAIT).isoformat()


@pytest.mark.req("D6")
async def test_a_breaker_that_is_switched_off_lets_every_call_go(bench: Bench) -> None:
    loop, _ = await storm(bench, contacts=9, breaker_after=0)
    while calls := await loop.next_round():
        for call in calls:
            await loop.end(call, NO_CIRCUIT)
    assert len(loop.calls) == 9


@pytest.mark.req("D6")
async def test_another_gateway_goes_on(bench: Bench) -> None:
    loop, _ = await storm(bench, contacts=12)
    await gateways.create(bench.ctx, VoiceGateway(name="Other", dial="PJSIP/{number}@other"))
    other = await builders.add_campaign(bench, None, title="Other", voice_gateway="other")
    await builders.load(bench, other, persons(6, 100))
    await builders.publish(bench, other)
    await loop.dialing.board.load()
    for _ in range(12):
        for call in await loop.next_round():
            await loop.end(call, NO_CIRCUIT if call.dial.endswith("@carrier") else BUSY, rang="other" in call.dial)
    assert sum(call.dial.endswith("@other") for call in loop.calls) == 6
    assert sum(call.dial.endswith("@carrier") for call in loop.calls) <= 7


@pytest.mark.req("K11", "D3")
async def test_a_number_that_its_contact_lost_meanwhile_is_not_called_again(bench: Bench) -> None:
    loop, _ = await storm(bench, contacts=1, agents=1)
    (call,) = await loop.next_round()
    async with bench.ctx.db.write() as tx:
        await tx.execute(tables.channel_address.update().values(address=number(999)))
    (one,) = list(loop.dialing.tracker)
    one.told = one.spared = True
    await loop.end(call, NO_CIRCUIT)
    assert [row.state for row in await rows(bench, tables.enrollment)] == [EnrollmentState.DONE]
