"""The clock is set an hour on and back while the server dials: nobody is called twice, lost, too early, or kept waiting."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from tests.support.rig import call, strategy
from tests.support.server import Server
from tests.support.shifted import ENVIRONMENT
from tests.support.truth import done, people
from tests.support.waiting import until

HOUR_S = 3600.0
RETRY_S, SOON_S = 2.0, 90.0  # sooner than after the hour
MIX = (Callee.BUSY, Callee.ANSWER, Callee.INSTANT, Callee.REJECTED)
CONTACTS = 44


class Clock:
    """Of a server: how many seconds it is off."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, seconds: float) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self.file)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
async def server(tmp_path: Path, lab: Lab, clock: Clock) -> AsyncIterator[Server]:
    made = Server(tmp_path, lab, module="tests.support.shifted", **{ENVIRONMENT: str(clock.file)})
    await made.start()
    yield made
    await made.stop()


@pytest.mark.req("C9", "D1", "D3")
@pytest.mark.parametrize("seconds", [HOUR_S, -HOUR_S], ids=["on", "back"])
async def test_set_by_an_hour_while_it_dials_it_goes_on_and_repeats_nothing(
    lab: Lab, server: Server, clock: Clock, seconds: float
) -> None:
    """And it is set right again before everybody was called."""
    numbers = people(CONTACTS, MIX)
    campaign = await server.campaign(lab, numbers, strategy(call()))
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    for off in (seconds, 0.0):
        before = len(lab.ledger())
        await until(lambda b=before: len(lab.ledger()) >= b + 10, "ten calls")  # type: ignore[misc]
        clock.set(off)
        before = len(lab.ledger())
        await until(lambda b=before: len(lab.ledger()) >= b + 6, f"calls after the clock was set: {server.log}", SOON_S)  # type: ignore[misc]
    found = await done(server, campaign, 150)
    assert Counter(p.number for p in lab.ledger()) == dict.fromkeys(numbers, 1)
    assert {o for s in found for o in s.outcomes} <= {"busy", "answered", "rejected", "abandoned"}
    told = [ended for story in found for ended in story.data("call-ended")]
    lasted = [ended[name] for ended in told for name in ("rang_s", "talked_s") if ended[name] is not None]
    assert 0 <= min(lasted) <= max(lasted) < 60, "the hour is in no call's duration"
    assert "Traceback" not in server.words()


@pytest.mark.req("C9", "D4")
async def test_set_back_no_retry_comes_sooner_and_set_on_none_comes_after_the_hours(
    lab: Lab, server: Server, clock: Clock
) -> None:
    """Busy people, who are tried again after two seconds; the window ends in half an hour by the right clock."""
    numbers, now = [number(Callee.BUSY, i) for i in range(4)], datetime.now(UTC)
    window = {"start": f"{now - timedelta(hours=2):%H:%M}", "end": f"{now + timedelta(minutes=30):%H:%M}"}
    document = strategy(call(tries=9, retry_after="2s", retry_on="busy"))
    campaign = await server.campaign(lab, numbers, document, execution=window, time_zone="UTC")
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await until(lambda: len(lab.ledger()) >= 8, "the second tries")
    clock.set(-HOUR_S)
    await until(lambda: len(lab.ledger()) >= 16, f"two more tries each; {server.log}")
    assert min(gaps(lab)) > timedelta(seconds=1.9)
    clock.set(HOUR_S)
    await until(lambda: server.words().count("clock_set") == 2, "it to notice")
    await lab.settled()
    await asyncio.sleep(RETRY_S)  # what left before is there
    called = len(lab.ledger())
    await asyncio.sleep(2 * RETRY_S + 1)
    assert len(lab.ledger()) == called


def gaps(lab: Lab) -> list[timedelta]:
    """Between two calls to the same number."""
    times = {placed.number: [p.at for p in lab.ledger() if p.number == placed.number] for placed in lab.ledger()}
    return [later - sooner for of_one in times.values() for sooner, later in pairwise(of_one)]
