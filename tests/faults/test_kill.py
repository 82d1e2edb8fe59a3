"""`kill -9` of the server while it calls and texts, by the records of the world and of the SMSC, which it can't touch."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from sms.lab.smsc import Smsc
from tests.support.databases import opened
from tests.support.rig import call, strategy, text
from tests.support.server import Server
from tests.support.stories import states, stories
from tests.support.truth import assert_called_and_texted, done, people
from tests.support.waiting import until

KILLS = 10
CONTACTS = 130


@pytest.fixture
async def server(tmp_path: Path, lab: Lab) -> AsyncIterator[Server]:
    made = Server(tmp_path, lab)
    await made.start()
    yield made
    await made.stop()


@pytest.mark.req("D3", "M4", "S4", "A6")
async def test_killed_at_random_moments_it_repeats_no_call_and_no_text_and_loses_nobody(
    lab: Lab, server: Server, smsc: Smsc
):
    """Ten times, each while calls or texts are going out."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201  (pytest shows it when the test fails)
    chance = random.Random(seed)
    numbers = people(CONTACTS)
    campaign = await server.campaign(lab, numbers, strategy(call("text"), text()), smsc_port=smsc.port)
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    for _ in range(KILLS):
        before = (len(lab.ledger()), len(smsc.ledger()))
        await until(lambda b=before: (len(lab.ledger()), len(smsc.ledger())) != b, "a call or a text")  # type: ignore[misc]
        await asyncio.sleep(chance.random() * 0.8)
        await server.kill()
        await server.start()
    found = await done(server, campaign, 90)
    assert states(found) == {"done": CONTACTS}
    lost = assert_called_and_texted(found, lab, smsc)
    assert lost <= KILLS * (len(lab.agents) + 10), "at most what was under way: a call per agent, a window of texts"


@pytest.mark.req("D3", "D4")
async def test_calls_that_live_over_a_kill_are_adopted_and_get_their_outcome(lab: Lab, server: Server):
    """One talks over it, one rings over it, and one is answered while no server is there."""
    await lab.set_talk(20, 20)
    await lab.world.set_callees(ring_s=4)
    numbers = [number(kind, 0) for kind in (Callee.INSTANT, Callee.ANSWER, Callee.NO_ANSWER)]
    talks, slow, rings = numbers
    campaign = await server.campaign(lab, numbers, strategy(call(ring_s=16)))
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    async with opened(server.url) as db:

        async def under_way() -> bool:
            first = next(story for story in await stories(db, campaign) if story.number == talks)
            return len(lab.ledger()) == len(numbers) and any(a.connected_at for a in first.attempts)

        await until(under_way, "a call to be connected and two to ring")
    await server.kill()
    killed = datetime.now(UTC)
    await until(lambda: answered_at(lab, slow) is not None, "the slow callee to answer")
    await server.start()
    restarted = datetime.now(UTC)
    ended = {s.number: s.attempts[0] for s in await done(server, campaign, 90)}
    assert {n: a.outcome for n, a in ended.items()} == {talks: "answered", slow: "answered", rings: "no_answer"}
    assert ended[talks].connected_at < killed < restarted < ended[talks].ended_at
    assert killed < answered_at(lab, slow) < restarted < ended[slow].ended_at
    agents = {ended[talks].agent, ended[slow].agent}
    assert len(agents) == 2
    assert agents < {f"PJSIP/{agent}" for agent in lab.agents}
    assert (ended[rings].cause, ended[rings].tech_cause) == (19, "480")
    assert Counter(p.number for p in lab.ledger()) == dict.fromkeys(numbers, 1)


@pytest.mark.req("D1", "D3")
async def test_after_a_restart_calls_that_go_on_still_count(lab: Lab, server: Server):
    """Four people talk over the restart: nobody else is called before one of the agents is free."""
    await lab.set_talk(7, 7)
    numbers = [number(Callee.ANSWER, i) for i in range(6)]
    campaign = await server.campaign(lab, numbers, strategy(call()))
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await until(lambda: sum(p.answered_at is not None for p in lab.ledger()) == 4, "four answers")
    await server.kill()
    await server.start()
    await done(server, campaign, 90)
    ledger = lab.ledger()
    assert Counter(p.number for p in ledger) == dict.fromkeys(numbers, 1)
    first_free = min(p.ended_at for p in ledger[:4] if p.ended_at)
    assert min(p.at for p in ledger[4:]) > first_free


def answered_at(lab: Lab, dialed: str) -> datetime | None:
    """By the world's record."""
    return next((p.answered_at for p in lab.ledger() if p.number == dialed), None)
