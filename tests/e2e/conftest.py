"""Shared by the end-to-end tests: a real Asterisk, installed once, and a running lab per test module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from asterisk.lab import install
from asterisk.lab.distribution import Distribution
from asterisk.lab.lab import Lab
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
async def running(lab: Lab, tmp_path: Path) -> AsyncIterator[Rig]:
    """An engine on the lab, every agent answering."""
    await everybody_answers(lab)
    async with rig(lab, tmp_path) as started:
        yield started
