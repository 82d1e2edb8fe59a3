"""Shared by the fault tests: a lab of their own each, because they break it, and an SMSC."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asterisk.lab import install
from asterisk.lab.distribution import Distribution
from asterisk.lab.lab import Lab
from sms.lab.smsc import Smsc


@pytest.fixture(scope="session")
def asterisk_distribution() -> Distribution:
    """The private Asterisk; without one these tests fail, they are never skipped."""
    return install.ensure()


@pytest.fixture
async def lab(tmp_path: Path, asterisk_distribution: Distribution) -> AsyncIterator[Lab]:
    """Four agents in the queue support; calls ring for a moment and are over within a second or two."""
    running = Lab(tmp_path / "lab", distribution=asterisk_distribution)
    await running.start()
    await running.world.set_callees(ring_s=0.3, talk_s=(0.8, 1.2))
    await running.set_talk(0.4, 1.0, ring_s=0.1)
    yield running
    await running.stop()


@pytest.fixture
async def smsc(tmp_path: Path) -> AsyncIterator[Smsc]:
    started = Smsc(tmp_path / "smsc", answer_delay_ms=20)
    await started.start()
    yield started
    await started.stop()
