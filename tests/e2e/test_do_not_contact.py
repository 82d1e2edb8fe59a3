"""Who is listed, or erased, is not dialed after the answer: by the world's record, while a campaign dials."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from asterisk.lab.numbers import Callee, number
from dialer.domain.errors import DomainError
from dialer.operations import do_not_contact, people
from dialer.operations.do_not_contact import NewEntry
from dialer.store.tables import contact
from tests.e2e.test_lifecycle import dialed, now
from tests.support.invariants import check
from tests.support.rig import Rig
from tests.support.written import Written

FIRST = 2_000  # numbers from here on are this file's
MANY = 60


def callees(start: int) -> list[str]:
    return [number((Callee.ANSWER, Callee.BUSY, Callee.TALK)[i % 3], FIRST + start + i) for i in range(MANY)]


def none_of(written: Written, numbers: set[str], since: datetime) -> None:
    """The others are all dialed, so there was every chance to dial these."""
    assert written.calls
    late = [channel for at, channel in written.calls if at > since and any(one[1:] in channel for one in numbers)]
    assert late == []


@pytest.mark.req("D7", "C6")
async def test_from_the_answer_on_no_call_leaves_to_who_is_listed(running: Rig, written: Written) -> None:
    """The hopper holds many of them; every second number comes onto the list while calls go out."""
    numbers = callees(0)
    campaign = await running.campaign(numbers)
    await running.publish(campaign)
    await dialed(running, 6)
    listed = set(numbers[1::2])
    added = await do_not_contact.add(running.ctx, [NewEntry(one) for one in sorted(listed)])
    answered = now()
    asked_before = [channel for _, channel in written.calls]
    called_before = {one for one in numbers if any(one[1:] in channel for channel in asked_before)}
    found = await running.done(campaign)
    none_of(written, listed, answered)
    assert {placed.number for placed in running.placed()} == called_before | (set(numbers) - listed)
    refused = [story for story in found if "refused" in story.kinds]
    assert {story.number for story in refused} == listed - called_before
    assert added.refused == len(refused) > 10
    assert {data["reason"] for story in refused for data in story.data("refused")} == {"do-not-contact"}
    await check(running.ctx.db, settled=True)


@pytest.mark.req("D7", "C6")
async def test_a_call_committed_just_before_does_not_leave_after_the_answer(
    running: Rig, written: Written, a_late_call: Callable[[], Awaitable[None]]
) -> None:
    """A slow disk: the intent is on it, and the number listed, before the dialer gets to send the call."""
    numbers = callees(200)
    campaign = await running.campaign(numbers)
    await running.publish(campaign)
    await dialed(running, 4)
    await a_late_call()
    await do_not_contact.add(running.ctx, [NewEntry(one) for one in numbers])
    answered = now()
    await running.done(campaign)
    await running.idle()
    none_of(written, set(numbers), answered)
    await check(running.ctx.db, settled=True)


@pytest.mark.req("K11", "C6")
async def test_from_the_answer_on_no_call_leaves_to_who_was_erased(running: Rig) -> None:
    """One after the other while calls go out; who is in a call at that moment is refused, and called to the end."""
    numbers = callees(400)
    campaign = await running.campaign(numbers)
    await running.publish(campaign)
    await dialed(running, 6)
    erased, under_way = {}, 0
    for contact_id, one in enumerate(numbers, 1):
        try:
            await people.erase(running.ctx, contact_id, by="test")
        except DomainError:
            under_way += 1
        else:
            erased[one] = now()
    await running.idle()
    await asyncio.sleep(1.0)
    late = [placed.number for placed in running.placed() if placed.at > erased.get(placed.number, placed.at)]
    assert late == []
    assert under_way > 0
    async with running.ctx.db.read() as tx:
        left = await tx.execute(select(contact.c.id).where(contact.c.erased_at.is_(None)))
        assert len(list(left)) == under_way
    await check(running.ctx.db)
