"""Campaigns that are stopped, run out, are changed and go on while they dial: by the world's record, not by our own."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from dialer.domain.errors import IllegalTransition
from dialer.domain.windows import ExecutionTime, Validity
from dialer.operations import campaigns
from dialer.store.tables import attempt
from sms.lab.smsc import Smsc
from tests.support.invariants import check
from tests.support.rig import Rig, rig, strategy, text
from tests.support.stories import Story, states
from tests.support.written import Written

FIRST = 200  # numbers from here on are this file's
QUIET_S = 1.0  # so long nothing may come after a stop, while agents are free and people are due
SEED = 20_260_504
THROTTLED = 0x58


def now() -> datetime:
    return datetime.now(UTC)


def people(many: int, start: int) -> list[str]:
    """Callees who answer, in the middle of others who don't: there is dialing all the time."""
    kinds = (Callee.ANSWER, Callee.BUSY, Callee.REJECTED, Callee.TALK)
    return [number(kinds[i % 4], FIRST + start + i) for i in range(many)]


@pytest.fixture
async def smsc(tmp_path: Path) -> AsyncIterator[Smsc]:
    started = Smsc(tmp_path / "smsc", answer_delay_ms=30, receipts="none")
    await started.start()
    yield started
    await started.stop()


async def dialed(running: Rig, more: int) -> None:
    """Wait until so many more calls have reached the world."""
    wanted = len(running.placed()) + more
    await running.until(lambda: len(running.placed()) >= wanted, f"{more} more calls")


async def quiet_after(running: Rig, written: Written, answered: datetime, tolerance_s: float = 0.0) -> None:
    """No call was begun after this moment, none was written to Asterisk, and none is now that agents are free again."""
    await running.idle()
    await running.lab.settled()
    await asyncio.sleep(QUIET_S)
    async with running.ctx.db.read() as tx:
        begun = list((await tx.execute(select(attempt.c.started_at))).scalars())
    at_last = answered + timedelta(seconds=tolerance_s)
    assert max(begun) <= at_last
    assert written.calls
    late = [(channel, (at - answered).total_seconds()) for at, channel in written.calls if at > at_last]
    assert not late


def assert_flagged(found: list[Story], reason: str) -> None:
    """Who is not done is stopped for this reason, and has no open request."""
    assert set(states(found)) == {"done", "stopped"}, states(found)
    for story in found:
        if story.place.state == "stopped":
            assert story.place.stop_reason == reason
            last = story.requests[-1:]
            assert [(r.state, r.stop_reason) for r in last] in ([], [("stopped", reason)]), story
            assert not story.attempts
        else:
            assert story.place.stop_reason is None
            assert [a.state for a in story.attempts] == ["ended"], "calls in flight are recorded"


def assert_each_once_in_order(running: Rig, found: list[Story], numbers: list[str]) -> None:
    assert states(found) == {"done": len(numbers)}
    assert Counter(p.number for p in running.placed()) == dict.fromkeys(numbers, 1)
    begun = [story.attempts[0].started_at for story in found]
    assert begun == sorted(begun), "in the order in which they were loaded"
    assert "lost" not in {outcome for story in found for outcome in story.outcomes}


@pytest.mark.req("C6", "C7", "C8", "D3")
async def test_from_the_answer_to_an_unpublish_on_no_call_leaves_and_a_publish_goes_on(running: Rig, written: Written):
    """Six times at a random moment of dialing: nothing after the answer, all flagged, then queued again, none twice."""
    chance = random.Random(SEED)
    numbers = people(60, 0)
    campaign = await running.campaign(numbers)
    for _ in range(6):
        await running.publish(campaign)
        await dialed(running, chance.randint(1, 6))
        await asyncio.sleep(chance.random() * 0.2)
        await campaigns.unpublish(running.ctx, campaign)
        await quiet_after(running, written, now())
        assert_flagged(await running.stories(campaign), "campaign-unpublished")
        await check(running.ctx.db, settled=True)
    await running.publish(campaign)
    found = await running.done(campaign)
    assert_each_once_in_order(running, found, numbers)
    await check(running.ctx.db, settled=True)
    again = [story for story in found if len(story.requests) > 1]
    assert again
    for story in again:
        *stopped, last = story.requests
        assert {(r.state, r.stop_reason) for r in stopped} == {("stopped", "campaign-unpublished")}
        assert [r.replaces_id for r in story.requests[1:]] == [r.id for r in stopped], "linked to the old ones"
        assert last.state == "completed"
        assert {"stopped", "requeued"} <= set(story.kinds)


@pytest.mark.req("C6", "C7", "C8", "C13")
async def test_a_validity_period_that_ends_stops_the_campaign_and_extending_it_goes_on(running: Rig, written: Written):
    numbers = people(30, 100)
    campaign = await running.campaign(numbers)
    await running.publish(campaign)
    await dialed(running, 4)
    until = now() + timedelta(seconds=1)
    await campaigns.edit(running.ctx, campaign, {"validity": Validity(until=until)})
    await running.until(lambda: now() > until, "the end of the validity")
    # An Originate that was allowed a moment before the end reaches the callee a moment after it; longer on a busy machine.
    await quiet_after(running, written, until, tolerance_s=0.5)
    assert_flagged(await running.stories(campaign), "validity-period-expired")
    await campaigns.edit(running.ctx, campaign, {"validity": Validity(until=now() + timedelta(hours=1))})
    assert_each_once_in_order(running, await running.done(campaign), numbers)
    await check(running.ctx.db, settled=True)


@pytest.mark.req("C4", "C6", "C7")
async def test_an_ended_campaign_dials_nobody_any_more_and_is_never_published_again(running: Rig, written: Written):
    campaign = await running.campaign(people(30, 200))
    await running.publish(campaign)
    await dialed(running, 4)
    await campaigns.end(running.ctx, campaign)
    await quiet_after(running, written, now())
    found = await running.stories(campaign)
    assert_flagged(found, "campaign-ended")
    with pytest.raises(IllegalTransition):
        await campaigns.publish(running.ctx, campaign)
    await asyncio.sleep(QUIET_S)
    assert [s.place for s in await running.stories(campaign)] == [s.place for s in found]
    await check(running.ctx.db, settled=True)


async def unpublish(running: Rig, campaign: int) -> None:
    await campaigns.unpublish(running.ctx, campaign)


async def end(running: Rig, campaign: int) -> None:
    await campaigns.end(running.ctx, campaign)


@pytest.mark.req("C6", "C7", "C8", "M1")
@pytest.mark.parametrize("stop", [unpublish, end])
async def test_from_the_answer_to_a_stop_on_no_text_leaves(
    lab: Lab, tmp_path: Path, smsc: Smsc, written: Written, stop: Callable[[Rig, int], Awaitable[None]]
):
    numbers = people(200, 300)
    async with rig(lab, tmp_path, smsc=smsc) as running:
        campaign = await running.campaign(numbers, strategy(text()), sms_gateway="smsc")
        await running.publish(campaign)
        await running.until(lambda: len(smsc.ledger()) >= 30, "thirty texts")
        await stop(running, campaign)
        answered = now()
        await asyncio.sleep(QUIET_S)
        assert [(at - answered).total_seconds() for at in written.texts if at > answered] == []
        await running.until(lambda: len(smsc.ledger()) == len(written.texts), "the last to arrive")
        sent = smsc.ledger()
        assert len(sent) < len(numbers)
        found = await running.stories(campaign)
        flag = "campaign-unpublished" if stop is unpublish else "campaign-ended"
        assert {s.place.stop_reason for s in found if s.place.state == "stopped"} == {flag}
        assert sum(len(s.messages) for s in found) == len(sent)
        if stop is unpublish:
            await running.publish(campaign)
            found = await running.done(campaign)
            assert Counter(s.destination for s in smsc.ledger()) == {n.removeprefix("+"): 1 for n in numbers}
            assert {tuple(s.statuses) for s in found} == {("submitted",)}
        await check(running.ctx.db, settled=True)


@pytest.mark.req("C6", "C7")
async def test_a_call_committed_just_before_an_unpublish_does_not_leave_after_its_answer(
    running: Rig, written: Written, a_late_call: Callable[[], Awaitable[None]]
):
    """A slow disk: the intent is on it, and the campaign stopped, before the dialer gets to send the call."""
    campaign = await running.campaign(people(60, 700))
    await running.publish(campaign)
    await dialed(running, 4)
    await a_late_call()
    await campaigns.unpublish(running.ctx, campaign)
    await quiet_after(running, written, now())
    assert_flagged(await running.stories(campaign), "campaign-unpublished")
    await check(running.ctx.db, settled=True)


@pytest.mark.req("C6", "C7", "C8", "M4")
async def test_texts_that_the_smsc_puts_off_are_not_tried_again_after_an_unpublish(
    lab: Lab, tmp_path: Path, smsc: Smsc
):
    """Refused for now is certainly not sent: it is tried again while the campaign runs, and queued again afterwards."""
    numbers = people(4, 600)
    await smsc.set(refuse=[["", THROTTLED]])
    async with rig(lab, tmp_path, smsc=smsc) as running:
        campaign = await running.campaign(numbers, strategy(text()), sms_gateway="smsc")
        await running.publish(campaign)
        await running.until(lambda: {s.status for s in smsc.ledger()} == {THROTTLED}, "a refusal for now")
        await campaigns.unpublish(running.ctx, campaign)
        submitted = len(smsc.ledger())
        await smsc.set(refuse=[])

        async def all_stopped() -> bool:
            return states(await running.stories(campaign)) == {"stopped": len(numbers)}

        await running.until(all_stopped, "every contact to be stopped")
        await asyncio.sleep(QUIET_S)
        assert len(smsc.ledger()) == submitted, "nothing is submitted after the answer"
        await running.publish(campaign)
        await running.done(campaign)
        accepted = [s.destination for s in smsc.ledger() if s.status == 0]
        assert Counter(accepted) == {n.removeprefix("+"): 1 for n in numbers}
        await check(running.ctx.db, settled=True)


@pytest.mark.req("C9")
async def test_outside_its_execution_time_a_campaign_waits_and_continues_by_itself(running: Rig):
    numbers = people(6, 600)
    opens = (now() + timedelta(seconds=9)).replace(microsecond=0)
    day = ExecutionTime(opens.time(), (opens + timedelta(hours=2)).time())
    campaign = await running.campaign(numbers, execution=day)
    await running.publish(campaign)
    await running.until(lambda: now() > opens - timedelta(seconds=3), "the last seconds before the opening")
    assert running.placed() == []
    assert states(await running.stories(campaign)) == {"pending": len(numbers)}, "waiting, not flagged"
    found = await running.done(campaign)
    assert min(p.at for p in running.placed()) >= opens
    assert min(p.at for p in running.placed()) < opens + timedelta(seconds=30), "by itself"
    assert_each_once_in_order(running, found, numbers)
    assert all("requeued" not in story.kinds for story in found)


@pytest.mark.req("C9", "C13")
async def test_a_window_closed_while_dialing_stops_at_once_and_opened_again_it_goes_on(running: Rig, written: Written):
    numbers = people(24, 700)
    campaign = await running.campaign(numbers)
    await running.publish(campaign)
    await dialed(running, 4)
    later = now() + timedelta(hours=2)
    closed = ExecutionTime(later.time(), (later + timedelta(hours=1)).time())
    await campaigns.edit(running.ctx, campaign, {"execution": closed})
    # An edit takes effect at once, but unlike a stop it does not wait for an Originate that has just been written.
    await quiet_after(running, written, now(), tolerance_s=0.1)
    found = await running.stories(campaign)
    assert set(states(found)) == {"done", "pending"}, "nobody is flagged"
    await campaigns.edit(running.ctx, campaign, {"execution": None})
    assert_each_once_in_order(running, await running.done(campaign), numbers)
    await check(running.ctx.db, settled=True)


@pytest.mark.req("C13", "D1")
async def test_a_queue_changed_while_dialing_counts_from_the_next_call_on(running: Rig):
    numbers = people(24, 800)
    campaign = await running.campaign(numbers)
    await running.publish(campaign)
    await dialed(running, 4)
    before = now()
    await campaigns.edit(running.ctx, campaign, {"queue": "sales"})
    changed = now()
    found = await running.done(campaign)
    assert_each_once_in_order(running, found, numbers)
    assert {s.attempts[0].queue for s in found if s.attempts[0].started_at > changed} == {"sales"}
    assert {s.attempts[0].queue for s in found if s.attempts[0].started_at <= before} == {"support"}
    assert all(s.outcomes == ["answered"] for s in found if s.number.endswith(("01", "02")))
