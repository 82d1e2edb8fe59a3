"""Progressive dialing, judged from the recorded AMI stream by code that shares nothing with the dialer's."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, behaviour_of, number
from asterisk.lab.world import Agent
from sms.lab.smsc import Smsc
from tests.support.invariants import check
from tests.support.rig import Rig, call, rig, strategy, text
from tests.support.stories import Story, states
from tests.support.stream import Stream

FIRST = 1000
CONTACTS = 300
SEED = 20_260_504
# How often each callee comes in a hundred, and what the call must come to.
MIX = {
    Callee.ANSWER: (32, "answered"), Callee.TALK: (8, "answered"), Callee.INSTANT: (3, "answered"),
    Callee.BUSY: (17, "busy"), Callee.BUSY_ONCE: (4, "answered"), Callee.REJECTED: (11, "rejected"),
    Callee.CONGESTION: (11, "congestion"), Callee.INVALID: (11, "invalid_number"), Callee.NO_ANSWER: (3, "no_answer"),
}  # fmt: skip

# The receipt comes after the response, and then `submitted` is an entry of its own, or before it.
SENT = ["sms-queued", "sms-sending", "sms-status", "step"]
TEXTS = (SENT, [*SENT, "sms-status", "step"])


def people() -> list[str]:
    kinds = [kind for kind, (share, _) in MIX.items() for _ in range(share * CONTACTS // 100)]
    assert len(kinds) == CONTACTS
    random.Random(SEED).shuffle(kinds)
    return [number(kind, FIRST + i) for i, kind in enumerate(kinds)]


@pytest.fixture
async def smsc(tmp_path: Path) -> AsyncIterator[Smsc]:
    started = Smsc(tmp_path / "smsc")
    await started.start()
    yield started
    await started.stop()


async def disturb(lab: Lab, stop: asyncio.Event) -> int:
    """Agents pause, become busy, don't pick up or can't be reached, one at a time; how often."""
    chance, times = random.Random(SEED), 0
    moods = (Agent.BUSY, Agent.NO_ANSWER, Agent.REJECT, Agent.UNREACHABLE, None)
    while not stop.is_set():
        agent, mood = chance.choice(lab.agents), chance.choice(moods)
        await (lab.pause_agent(agent) if mood is None else lab.world.set_agent(agent, mood))
        await asyncio.sleep(0.2 + chance.random())
        await (lab.pause_agent(agent, paused=False) if mood is None else lab.world.set_agent(agent, Agent.ANSWER))
        times += 1
        await asyncio.sleep(chance.random())
    return times


async def run_campaign(running: Rig, numbers: list[str]) -> list[Story]:
    document = strategy(call("text", tries=2, retry_after="1s", retry_on="busy"), text("delivered", timeout="1m"))
    campaign = await running.campaign(numbers, document, sms_gateway="smsc")
    await running.publish(campaign)
    return await running.done(campaign, 300)


@pytest.mark.timeout(400)  # a minute where nobody else needs the processors
@pytest.mark.req("D1", "D2", "D3", "D4", "K12", "M1")
async def test_never_more_calls_in_flight_than_free_agents(lab: Lab, tmp_path: Path, smsc: Smsc):
    numbers = people()
    await lab.set_talk(0.3, 0.6, ring_s=0.1)
    async with lab.recorder() as recorder, rig(lab, tmp_path, smsc=smsc) as running:
        members = await recorder.rows("QueueStatus", "QueueStatusComplete", Queue="support")
        stream = Stream("support", members, time.time() - time.monotonic())
        stop = asyncio.Event()
        disturbing = asyncio.create_task(disturb(lab, stop))
        found = await run_campaign(running, numbers)
        stop.set()
        assert await disturbing > 10
        for event in recorder.events:
            stream.take(event)
        report = stream.report()
        print(report.text())  # noqa: T201  (the figures; `pytest -s` shows them)
        assert report.originated == len(running.placed()), "the stream and the world agree"
        assert report.most_in_flight >= len(lab.agents), "all agents were used"
        for violation in report.violations[:5]:
            print(violation)  # noqa: T201  (whole, where an assertion would cut it)
        assert not report.violations
        assert_told(found, smsc)
        assert Counter(p.number for p in running.placed()) == expected_calls(numbers)
        await check(running.ctx.db, settled=True)


def tries_of(dialed: str) -> int:
    """A busy callee is called twice, everybody else once."""
    return 2 if behaviour_of(dialed) in {Callee.BUSY, Callee.BUSY_ONCE} else 1


def expected_calls(numbers: list[str]) -> dict[str, int]:
    return {dialed: tries_of(dialed) for dialed in numbers}


def assert_told(found: list[Story], smsc: Smsc) -> None:
    """Every contact is done, with the outcomes of its number and the trail of what happened; the sum is what was loaded."""
    assert states(found) == {"done": CONTACTS}
    sent = Counter(s.destination for s in smsc.ledger())
    for story in found:
        expected = MIX[behaviour_of(story.number)][1]
        before = ["busy"] * (tries_of(story.number) - 1)
        outcome = story.outcomes[-1]
        # An agent who does not pick up may cost a callee who talks for a moment only.
        assert story.outcomes == [*before, outcome], story
        assert outcome in ({expected, "abandoned"} if expected == "answered" else {expected}), story
        tries = ["call-queued", "call-dialed", "call-ended", "step"] * len(story.attempts)
        texted = outcome != "answered"
        paths = [["step", *tries, *texts, "step", "finished"] for texts in (TEXTS if texted else ([],))]
        assert story.kinds in paths, story
        assert sent[story.number.removeprefix("+")] == texted, story
        assert story.statuses == (["delivered"] if texted else []), story
    abandoned = sum("abandoned" in story.outcomes for story in found)
    assert abandoned < CONTACTS * 0.05, f"{abandoned} abandoned"
