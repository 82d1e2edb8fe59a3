"""`kill -9` exactly before and after each commit, write and answer: the records of the world and the SMSC are the judges."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee
from sms.lab.smsc import Smsc
from tests.support.failpoints import ENVIRONMENT, POINTS
from tests.support.rig import call, strategy, text
from tests.support.server import Server
from tests.support.truth import assert_called_and_texted, done, people

CONTACTS = 140
MIX = (Callee.BUSY, Callee.REJECTED, Callee.INSTANT, Callee.CONGESTION, Callee.BUSY, Callee.ANSWER)
KILLED = -9
REACHED_S = 90.0
ON_THE_WAY_S = 0.2  # from the PBX to the world
# Of the first call, or text, of a process that dies there: whether it has left.
CALL_NOT_GONE = {"claim:before", "claim:after", "call-intent:before", "call-intent:after", "call-write:before"}
CALL_GONE = {"call-write:after", "call-accepted"}
TEXT_NOT_GONE = {"text-intent:before", "text-intent:after", "text-write:before"}
TEXT_GONE = {"text-write:after", "text-accepted", "text-answer:before", "text-answer:after"}


@pytest.fixture
async def server(tmp_path: Path, lab: Lab) -> AsyncIterator[Server]:
    made = Server(tmp_path, lab, module="tests.support.failpoints")
    await made.start()
    yield made
    await made.stop()


@pytest.mark.req("D3", "M3", "M4", "S4", "A6")
@pytest.mark.parametrize(("times", "points"), [(1, len(POINTS)), (3, 4)])
async def test_killed_at_each_point_it_repeats_no_call_and_no_text_and_loses_nobody(
    lab: Lab, server: Server, smsc: Smsc, times: int, points: int
) -> None:
    """At the first time at every point, and at the third time at some: others were under way then."""
    numbers = people(CONTACTS, MIX)
    campaign = await server.campaign(lab, numbers, strategy(call("text"), text()), smsc_port=smsc.port)
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    await server.kill()
    for point in random.sample(POINTS, points):
        before = len(lab.ledger()), len(smsc.ledger())
        await server.spawn(**{ENVIRONMENT: f"{point} {times}"})
        assert await server.ended(REACHED_S) == KILLED, f"{point}: {server.log}"
        await asyncio.sleep(ON_THE_WAY_S)
        called, texted = len(lab.ledger()) - before[0], len(smsc.ledger()) - before[1]
        print(f"{point} {times}: {called} calls, {texted} texts")  # noqa: T201  (pytest shows it when the test fails)
        if times == 1:
            assert_left(point, called, texted)
    await server.start()
    lost = assert_called_and_texted(await done(server, campaign, 90), lab, smsc)
    assert lost <= points * (len(lab.agents) + 10), "at most what was under way: a call per agent, a window of texts"


def assert_left(point: str, called: int, texted: int) -> None:
    """That the process died where it should have, by what has left it and what has not."""
    assert point not in CALL_NOT_GONE or called == 0, point
    assert point not in CALL_GONE or called > 0, point
    assert point not in TEXT_NOT_GONE or texted == 0, point
    assert point not in TEXT_GONE or texted > 0, point
