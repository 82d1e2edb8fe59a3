"""Limits of campaigns and gateways (D6), by the world's own record, while more agents are free than may be used."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import pairwise

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.ledger import Placed
from asterisk.lab.numbers import Callee, number
from dialer.domain.contact import Address, NewContact
from dialer.domain.gateway import VoiceGateway
from dialer.domain.transitions import SourceState
from dialer.operations import campaigns, contacts, gateways, strategies
from dialer.store import sources
from tests.support.invariants import check
from tests.support.rig import Rig, call, strategy

FIRST = 800  # numbers from here on are this file's


def most_at_once(placed: Sequence[Placed]) -> int:
    """By the arrivals and ends that the world wrote down; an end comes before what it makes room for if the callee hangs up."""
    changes = sorted([(p.at, 1) for p in placed] + [(p.ended_at, -1) for p in placed if p.ended_at])
    going = [0]
    for _, change in changes:
        going.append(going[-1] + change)
    return max(going)


@pytest.fixture
async def callees_hang_up(lab: Lab) -> AsyncIterator[None]:
    """Those who talk; otherwise agents do."""
    await lab.set_talk(10, 10, ring_s=0.1)
    yield
    await lab.set_talk(0.2, 0.3, ring_s=0.1)


def people(many: int, start: int, callee: Callee = Callee.BUSY) -> list[str]:
    return [number(callee, FIRST + start + i) for i in range(many)]


@pytest.mark.req("D6")
@pytest.mark.usefixtures("callees_hang_up")
async def test_no_more_calls_at_once_than_a_campaign_may_have(running: Rig):
    numbers = people(8, 0, Callee.TALK)
    campaign = await running.campaign(numbers, max_concurrent_calls=2)
    await running.publish(campaign)
    await running.done(campaign)
    assert most_at_once(running.placed()) == 2
    await check(running.ctx.db, settled=True)


@pytest.mark.req("D6")
async def test_no_more_calls_at_once_than_a_gateway_may_have_and_in_order(running: Rig):
    gateway = VoiceGateway(name="narrow", dial=running.lab.trunk_dial, max_calls=1)
    await gateways.create(running.ctx, gateway)
    numbers = people(8, 20)
    campaign = await running.campaign(numbers, voice_gateway="narrow")
    await running.publish(campaign)
    await running.done(campaign)
    assert most_at_once(running.placed()) == 1
    assert [p.number for p in running.placed()] == numbers, "what had to wait keeps its place in the line"


@pytest.mark.req("D6")
@pytest.mark.parametrize("whose", ["campaign", "gateway"])
async def test_no_more_calls_a_second_than_allowed(running: Rig, whose: str):
    fields = {"calls_per_second": 4.0} if whose == "campaign" else {"voice_gateway": "slow"}
    gateway = VoiceGateway(name="slow", dial=running.lab.trunk_dial, calls_per_second=4.0)
    await gateways.create(running.ctx, gateway)
    campaign = await running.campaign(people(10, 40 if whose == "campaign" else 60), **fields)
    await running.publish(campaign)
    await running.done(campaign)
    calls = [story.attempts[0].started_at for story in await running.stories(campaign)]
    gaps = [(later - one).total_seconds() for one, later in pairwise(sorted(calls))]
    assert min(gaps) > 0.2, "a quarter of a second, less the clock's steps"
    arrivals = sorted(p.at for p in running.placed())
    assert arrivals[-1] - arrivals[0] > timedelta(seconds=9 * 0.25 - 0.3)


@pytest.mark.req("D6", "D3")
@pytest.mark.usefixtures("callees_hang_up")
async def test_the_same_number_is_never_in_two_calls_at_once(running: Rig):
    """One contact in two campaigns, both of which are due at the same moment."""
    shared = number(Callee.TALK, FIRST + 80)
    first = await running.campaign([shared])
    made = await campaigns.create(running.ctx, {"title": "Second", "queue": "support", "voice_gateway": "world"})
    await strategies.deploy(running.ctx, made.id, strategy(call()))
    async with running.ctx.db.write() as tx:
        source_id = await sources.add(tx, made.id, "rest", "test", running.ctx.clock(), state=SourceState.DONE)
        again = NewContact(first_name="P0", addresses=(Address(shared, voice=True, sms=True),))
        loaded = await contacts.load(tx, made.id, source_id, [again], running.ctx.clock())
        assert loaded.merged == 1, loaded
    await running.publish(first)
    await running.publish(made.id)
    await running.done(first)
    await running.done(made.id)
    assert [p.number for p in running.placed()] == [shared, shared]
    assert most_at_once(running.placed()) == 1
