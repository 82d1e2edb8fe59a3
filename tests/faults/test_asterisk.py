"""Asterisk that dies, a wire that breaks, a wire that freezes: nothing starts meanwhile, nothing is sent again, it goes on."""

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, behaviour_of, number
from dialer.ami.originate import Answer, NotSent, OriginateCall
from dialer.ami.states import LinkState
from dialer.domain.telephony import LiveState
from dialer.operations import attempts
from dialer.operations.context import Context
from tests.support.invariants import check
from tests.support.proxy import Proxy
from tests.support.rig import Rig, rig
from tests.support.stories import Story

DOWN_S = 5.0
RESUMES_S = 60.0
ON_THE_WAY_S = 1.0  # what Asterisk had been told before reaches the world so much later at most, on a busy machine
MIX = (Callee.ANSWER, Callee.BUSY, Callee.REJECTED, Callee.INSTANT)
OUTCOMES = {Callee.ANSWER: "answered", Callee.INSTANT: "answered", Callee.BUSY: "busy", Callee.REJECTED: "rejected"}


def now() -> datetime:
    return datetime.now(UTC)


def people(many: int) -> list[str]:
    return [number(MIX[i % len(MIX)], i) for i in range(many)]


async def start(running: Rig, numbers: list[str]) -> int:
    """A campaign that dials, with calls in flight and talking."""
    campaign = await running.campaign(numbers)
    await running.publish(campaign)
    await running.until(lambda: len(running.placed()) >= 12, "twelve calls")
    await running.until(lambda: running.calls >= 2, "calls in flight")
    return campaign


async def resumed(running: Rig, since: datetime) -> float:
    """Seconds from this moment to the next call's arrival in the world."""
    await running.until(lambda: any(p.at > since for p in running.placed()), "the next call")
    return (min(p.at for p in running.placed() if p.at > since) - since).total_seconds()


def assert_once(running: Rig, found: list[Story], *, most_lost: int) -> int:
    """Nobody is called twice, every outcome is true or lost, and whom the fault did not touch is not lost."""
    called = Counter(p.number for p in running.placed())
    assert set(called.values()) == {1}
    for story in found:
        (outcome,) = story.outcomes
        # It was heard that the call ended, but not why; or that an Asterisk which goes down made no channel for it any more.
        if outcome == "failed":
            assert story.attempts[0].cause is None, story
        else:
            assert outcome in {OUTCOMES[behaviour_of(story.number)], "abandoned", "lost"}, story
        assert outcome in {"lost", "failed"} or called[story.number] == 1, story
    outcomes = Counter(outcome for story in found for outcome in story.outcomes)
    assert all(outcomes[guess] <= most_lost for guess in ("lost", "abandoned", "failed")), outcomes
    return outcomes["lost"]


@pytest.mark.req("D3", "D5")
async def test_a_killed_asterisk_loses_its_calls_and_nobody_else(lab: Lab, tmp_path: Path):
    numbers = people(48)
    async with rig(lab, tmp_path) as running:
        campaign = await start(running, numbers)
        await lab.set_talk(4, 4)
        await running.until(lambda: talking(running) >= 2, "two agents to talk")
        under_way = running.calls
        await lab.pbx.kill()
        died = now()
        await running.until(lambda: running.engine.link.state is not LinkState.UP, "the link to be down")
        await asyncio.sleep(2 * ON_THE_WAY_S)
        assert not [p for p in running.placed() if p.at > died + timedelta(seconds=ON_THE_WAY_S)]
        await lab.set_talk(0.3, 0.6)
        await lab.revive()
        took = await resumed(running, now())
        print(f"dialing resumed {took:.2f} s after Asterisk was up again")  # noqa: T201
        assert took < RESUMES_S
        found = await running.done(campaign)
        # Those that talked with an agent are answered: that much was known.
        assert assert_once(running, found, most_lost=under_way + len(lab.agents)) <= under_way + len(lab.agents)
        assert all(not s.data("call-withdrawn") or s.outcomes for s in found)
        await check(running.ctx.db, settled=True)


def talking(running: Rig) -> int:
    return sum(
        one.call.connected_at is not None and one.call.ended_at is None for one in running.engine.dialing.tracker
    )


@pytest.mark.req("D3", "D5")
@pytest.mark.parametrize("broken", ["cut", "freeze", "slow", "lose"])
async def test_a_wire_that_breaks_for_five_seconds_repeats_nothing_and_dialing_goes_on(
    lab: Lab, tmp_path: Path, broken: str
):
    """Cut: both sides know at once. Otherwise nobody is told, only pings find out."""
    numbers = people(48)
    async with Proxy(lab.pbx.ami) as proxy, rig(lab, tmp_path, ami=proxy.address) as running:
        campaign = await start(running, numbers)
        in_flight = running.calls
        broke = time.monotonic()
        getattr(proxy, broken)()
        broke_at = now()
        await running.until(lambda: running.engine.link.state is not LinkState.UP, "the fault to be noticed")
        noticed = time.monotonic() - broke
        # What was written before the fault was noticed stays in the wire; nothing else reaches Asterisk.
        await asyncio.sleep(DOWN_S - noticed)
        if broken == "lose":  # no use to be back before it is given up
            await running.until(lambda: running.engine.link.state is LinkState.DOWN, "the connection to be given up")
        during = [p for p in running.placed() if p.at > broke_at + timedelta(seconds=ON_THE_WAY_S)]
        assert not during, "nothing is originated while the link is down"
        attempts = await started_since(running, campaign, broke_at + timedelta(seconds=noticed + 0.1))
        assert not attempts, "not even an intent"
        mended = now()
        proxy.mend()
        took = await resumed(running, mended)
        print(f"{broken}: noticed after {noticed:.2f} s, dialing resumed {took:.2f} s after the return")  # noqa: T201
        assert took < RESUMES_S
        found = await running.done(campaign)
        assert_once(running, found, most_lost=in_flight + len(lab.agents))
        await check(running.ctx.db, settled=True)


async def started_since(running: Rig, campaign: int, since: datetime) -> list[Story]:
    return [s for s in await running.stories(campaign) if any(a.started_at > since for a in s.attempts)]


@pytest.mark.req("D3", "D5")
@pytest.mark.parametrize("how", ["now", "gracefully", "when convenient"])
async def test_a_restart_of_asterisk_repeats_nothing_and_one_that_waits_for_calls_loses_none(
    lab: Lab, tmp_path: Path, how: str
):
    """Gracefully, Asterisk calls no agent any more: whoever answers meanwhile has nobody to talk to."""
    numbers = people(30)
    async with rig(lab, tmp_path, queue_wait_s=5) as running:
        campaign = await start(running, numbers)
        under_way = running.calls
        await lab.pbx.core_restart(how, 60)
        restarted = now()
        if len(running.placed()) < len(numbers):  # convenient may be only when everybody was called
            took = await resumed(running, restarted)
            print(f"{how}: dialing resumed {took:.2f} s after Asterisk was up again")  # noqa: T201
            assert took < RESUMES_S
        found = await running.done(campaign)
        lost = assert_once(running, found, most_lost=under_way + len(lab.agents))
        assert lost == 0 or how == "now"
        await check(running.ctx.db, settled=True)


@pytest.mark.req("D3", "D5")
async def test_a_call_that_never_left_is_not_counted_as_lost_by_a_resync(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The link goes while its intent is on the disk; the picture comes before the store has taken the intent back."""
    async with rig(lab, tmp_path) as running:
        withdraw, originate, begun = attempts.withdraw, running.engine.link.originate, asyncio.Event()

        async def not_sent(_call: OriginateCall) -> Answer:
            monkeypatch.setattr(running.engine.link, "originate", originate)
            return NotSent("the link has just gone")

        async def slowly(ctx: Context, intent: attempts.Intent, reason: str) -> None:
            begun.set()
            await asyncio.sleep(1.0)
            await withdraw(ctx, intent, reason)

        monkeypatch.setattr(running.engine.link, "originate", not_sent)
        monkeypatch.setattr(attempts, "withdraw", slowly)
        campaign = await running.campaign([number(Callee.BUSY, 700)])
        await running.publish(campaign)
        await asyncio.wait_for(begun.wait(), 60)
        await running.engine.dialing.tracker.resync(LiveState(), now())
        (story,) = await running.done(campaign)
        assert story.outcomes == ["busy"]
        assert len(running.placed()) == 1
        await check(running.ctx.db, settled=True)
