"""A real browser (Debian's chromium) on the pages of a real server, over a real Asterisk and a real SMSC.

Each test has a server and a browser's profile of its own. Asterisk, SMSC and browser are started once for all of them.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from asterisk.lab.distribution import Distribution
from asterisk.lab.lab import Lab
from dialer.operations import users
from sms.lab.smsc import Smsc
from tests.browser.patience import PATIENCE_MS, patient
from tests.faults.conftest import asterisk_distribution
from tests.support.rig import everybody_answers
from tests.support.server import Server

__all__ = ["asterisk_distribution", "lab", "login", "page", "server", "smsc"]

expect.set_options(timeout=PATIENCE_MS)
CHROMIUM = "/usr/bin/chromium"
# A browser that tells nobody outside of us, and runs as root in a container.
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is started once lives in one event loop, and so must whoever uses it."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _lab(tmp_path_factory: pytest.TempPathFactory, asterisk_distribution: Distribution) -> AsyncIterator[Lab]:
    running = Lab(tmp_path_factory.mktemp("lab"), distribution=asterisk_distribution)
    await running.start()
    yield running
    await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def lab(_lab: Lab) -> Lab:
    """Four agents in the queue support; calls ring for a moment and are over within a second or two."""
    await _lab.world.set_callees(ring_s=0.3, talk_s=(0.8, 1.2))
    await _lab.set_talk(0.4, 1.0, ring_s=0.1)
    await everybody_answers(_lab)
    return _lab


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _smsc(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Smsc]:
    started = Smsc(tmp_path_factory.mktemp("smsc"), answer_delay_ms=20)
    await started.start()
    yield started
    await started.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def smsc(_smsc: Smsc) -> AsyncIterator[Smsc]:
    yield _smsc
    if not _smsc.runs:  # the test has ended it
        await _smsc.start()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _browser() -> AsyncIterator[Browser]:
    async with async_playwright() as driver:
        started = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE_MS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path, lab: Lab, smsc: Smsc) -> AsyncIterator[Server]:
    """Ready, with gateways `world` and `smsc`."""
    started = Server(tmp_path, lab)
    await started.start()
    await started.add_gateways(lab, smsc.port)
    yield started
    await started.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def login(server: Server) -> tuple[str, str]:
    """Name and password of the first manager, as `dialer user first` prints them."""
    async with server.context() as ctx:
        made = await users.ensure_first_user(ctx)
    assert made is not None
    return made


@pytest.fixture
def expected() -> tuple[str, ...]:
    """How complaints begin that are none; a module whose tests break more than that says so by one of its own."""
    return EXPECTED


@pytest_asyncio.fixture(loop_scope="session")
async def page(server: Server, _browser: Browser, expected: tuple[str, ...]) -> AsyncIterator[Page]:
    """A page whose every complaint fails the test: script errors, refused policies, and requests to anywhere else."""
    complaints: list[str] = []
    profile = await _browser.new_context(base_url=server.address, viewport={"width": 1280, "height": 860})
    opened = await patient(await profile.new_page())
    opened.on("pageerror", lambda error: complaints.append(f"{error}\n{error.stack}"))
    opened.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    opened.on("request", lambda sent: None if sent.url.startswith(server.address) else complaints.append(sent.url))
    yield opened
    for each in _browser.contexts:  # also of windows that the test opened beside it
        await each.close()
    assert [text for text in complaints if not text.startswith(expected)] == []


# What the browser writes for what the tests provoke: a wrong password, a refused file, a campaign that can't run, a lost
# connection.
EXPECTED = (
    "Failed to load resource: the server responded with a status of 4",
    "Failed to load resource: net::ERR_FAILED",
    "htmx: htmx:error: Failed to fetch",
)
# Also of a proxy that fails, and of a server that is gone.
UNREACHED = (
    *EXPECTED,
    "Failed to load resource: the server responded with a status of 502",
    "Failed to load resource: net::ERR_",
    "htmx: htmx:sse:error",
)
