"""SIGTERM drains, a second one forces, and the next start goes on."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.support.databases import opened
from tests.support.invariants import check
from tests.support.rig import call, strategy
from tests.support.server import Server
from tests.support.stories import Story, count_states, stories
from tests.support.waiting import until

NUMBERS = [number(Callee.ANSWER, i) for i in range(12)]


@pytest.fixture
async def server(tmp_path: Path, lab: Lab) -> AsyncIterator[Server]:
    """A server that dials: four people talk with an agent each."""
    await lab.set_talk(3, 3)
    made = Server(tmp_path, lab, DIALER_CALLS__DRAIN_S="10")
    await made.start()
    await publish(made, lab)
    yield made
    await made.stop()


async def publish(server: Server, lab: Lab) -> None:
    campaign = await server.campaign(lab, NUMBERS, strategy(call()))
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await until(lambda: sum(p.answered_at is not None for p in lab.ledger()) == 4, "four answers")


async def told(server: Server) -> list[Story]:
    async with opened(server.url) as db:
        return await stories(db, 1)


async def goes_on(server: Server, lab: Lab) -> list[Story]:
    """After another start everybody is called, once."""
    await lab.set_talk(0.2, 0.4)
    await server.start()
    async with opened(server.url) as db:

        async def over() -> bool:
            return await count_states(db, 1) == {"done": len(NUMBERS)}

        await until(over, "every contact to be done", every_s=0.2)
        await check(db, settled=True)
    assert Counter(p.number for p in lab.ledger()) == dict.fromkeys(NUMBERS, 1)
    return await told(server)


@pytest.mark.req("A6", "C6", "D3")
async def test_sigterm_lets_calls_end_starts_none_and_ends_well(lab: Lab, server: Server):
    await server.signal(signal.SIGTERM)
    asked = datetime.now(UTC)
    assert await server.ended() == 0
    assert all(p.at <= asked for p in lab.ledger()), "no new call"
    found = await told(server)
    assert Counter(tuple(s.outcomes) for s in found) == {("answered",): 4, (): 8}, "calls in flight are recorded"
    assert {r.state for s in found for r in s.requests if not s.attempts} == {"pending"}, "nothing stays claimed"
    assert [s.outcomes for s in await goes_on(server, lab)] == [["answered"]] * len(NUMBERS)


@pytest.mark.req("A6", "D3")
async def test_a_second_signal_ends_it_at_once_and_the_next_start_adopts_the_calls(lab: Lab, server: Server):
    await server.signal(signal.SIGTERM)
    await until(lambda: "draining" in server.words(), "the drain to begin")
    await server.signal(signal.SIGTERM)
    assert await server.ended(2) == -signal.SIGTERM
    assert all(p.ended_at is None for p in lab.ledger()), "the calls go on"
    found = await goes_on(server, lab)
    assert {outcome for s in found for outcome in s.outcomes} <= {"answered", "lost"}
    assert sum(s.outcomes == ["answered"] for s in found) >= 8


@pytest.mark.req("A6", "D3")
async def test_after_the_drain_s_deadline_calls_are_left_to_the_next_start(lab: Lab, tmp_path: Path):
    await lab.set_talk(12, 12)
    server = Server(tmp_path, lab, DIALER_CALLS__DRAIN_S="1")
    await server.start()
    try:
        await publish(server, lab)
        await asyncio.sleep(0.3)  # the connections are noted
        await server.signal(signal.SIGTERM)
        assert await server.ended(5) == 0
        assert [s.attempts[0].outcome for s in await told(server) if s.attempts] == [None] * 4
        found = await goes_on(server, lab)
        assert [s.outcomes for s in found] == [["answered"]] * len(NUMBERS), "the four calls were adopted"
    finally:
        await server.stop()
