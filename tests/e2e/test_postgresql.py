"""`dialer serve` on PostgreSQL drives the same real calls and texts: the store is one setting."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, behaviour_of, number
from sms.lab.smsc import Smsc
from tests.support.databases import PostgresDatabases, opened
from tests.support.invariants import check
from tests.support.postgres import PostgresServer
from tests.support.rig import call, everybody_answers, strategy, text
from tests.support.server import Server
from tests.support.stories import count_states, stories
from tests.support.waiting import until

FIRST = 2000
OUTCOMES = {
    Callee.ANSWER: "answered", Callee.BUSY: "busy", Callee.REJECTED: "rejected", Callee.CONGESTION: "congestion",
    Callee.INVALID: "invalid_number", Callee.INSTANT: "answered",
}  # fmt: skip


@pytest.fixture(scope="module")
def databases() -> Iterator[PostgresDatabases]:
    with PostgresServer() as server:
        yield PostgresDatabases(server)


@pytest.fixture
async def smsc(tmp_path: Path) -> AsyncIterator[Smsc]:
    started = Smsc(tmp_path / "smsc")
    await started.start()
    yield started
    await started.stop()


@pytest.mark.req("A6", "C6", "D3", "D4", "M1")
async def test_a_campaign_runs_on_postgresql_and_goes_on_after_a_kill(
    lab: Lab, databases: PostgresDatabases, smsc: Smsc, tmp_path: Path
):
    await everybody_answers(lab)
    before, kinds = len(lab.ledger()), tuple(OUTCOMES)
    numbers = [number(kinds[i % len(kinds)], FIRST + i) for i in range(30)]
    server = Server(tmp_path, lab, url=await databases.make(migrated=False))
    await server.start()
    try:
        campaign = await server.campaign(lab, numbers, strategy(call("text"), text()), smsc_port=smsc.port)
        await server.ok("POST", f"/campaigns/{campaign}/publish")
        await until(lambda: len(lab.ledger()) >= before + 8, "eight calls")
        await server.kill()
        dialed = len(lab.ledger()) - before
        await server.start()
        async with opened(server.url) as db:

            async def over() -> bool:
                return await count_states(db, campaign) == {"done": len(numbers)}

            await until(over, "every contact to be done", 60, every_s=0.2)
            await check(db, settled=True)
            found = await stories(db, campaign)
    finally:
        await server.stop()
    assert Counter(p.number for p in lab.ledger()[before:]) == dict.fromkeys(numbers, 1)
    texted = Counter(s.destination for s in smsc.ledger())
    for story in found:
        (outcome,) = story.outcomes
        assert outcome in {OUTCOMES[behaviour_of(story.number)], "lost"}
        assert len(story.messages) == (outcome != "answered")
        assert texted[story.number.removeprefix("+")] <= 1
    assert sum("lost" in s.outcomes for s in found) <= dialed, "only calls before the kill"
