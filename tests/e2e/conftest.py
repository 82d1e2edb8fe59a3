"""Shared by the end-to-end tests: a real Asterisk, installed once, and a running lab per test module."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from asterisk.lab import install
from asterisk.lab.distribution import Distribution
from asterisk.lab.lab import Lab
from dialer.operations import attempts
from dialer.operations.context import Context
from tests.support.rig import Rig, everybody_answers, rig
from tests.support.written import Written


@pytest.fixture(scope="session")
def asterisk_distribution() -> Distribution:
    """The private Asterisk; without one these tests fail, they are never skipped."""
    return install.ensure()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(tmp_path_factory: pytest.TempPathFactory, asterisk_distribution: Distribution) -> AsyncIterator[Lab]:
    """A running lab with four agents in the queues support and sales, and quick people."""
    running = Lab(tmp_path_factory.mktemp("lab"), queues=("support", "sales"), distribution=asterisk_distribution)
    await running.start()
    await running.world.set_callees(ring_s=0.1, talk_s=(0.3, 0.4))
    await running.set_talk(0.2, 0.3, ring_s=0.1)
    yield running
    await running.stop()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    """What the engine writes to Asterisk and to SMSCs from now on."""
    return Written().watch(monkeypatch)


@pytest.fixture
def a_late_call(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[None]]:
    """Waits until an intent is on disk that the dialer, with a slow one, is about to send 0.3 s later."""

    async def committed() -> None:
        intend, is_there = attempts.intend, asyncio.Event()

        async def slowly(ctx: Context, intents: Sequence[attempts.Intent]) -> set[str]:
            going = await intend(ctx, intents)
            is_there.set()
            await asyncio.sleep(0.3)
            return going

        monkeypatch.setattr(attempts, "intend", slowly)
        await asyncio.wait_for(is_there.wait(), 60)

    return committed


@pytest.fixture
async def running(lab: Lab, tmp_path: Path) -> AsyncIterator[Rig]:
    """An engine on the lab, every agent answering."""
    await everybody_answers(lab)
    async with rig(lab, tmp_path) as started:
        yield started
