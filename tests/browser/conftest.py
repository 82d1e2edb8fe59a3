"""A real browser (Debian's chromium) on the pages of a real server, over a real Asterisk and a real SMSC."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from asterisk.lab.lab import Lab
from sms.lab.smsc import Smsc
from tests.faults.conftest import asterisk_distribution, lab, smsc
from tests.support.server import Server

__all__ = ["asterisk_distribution", "lab", "login", "page", "server", "smsc"]

CHROMIUM = "/usr/bin/chromium"
# A browser that tells nobody outside of us, and runs as root in a container.
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture
async def server(tmp_path: Path, lab: Lab, smsc: Smsc) -> AsyncIterator[Server]:
    """Ready, with gateways `world` and `smsc`."""
    started = Server(tmp_path, lab)
    await started.start()
    await started.add_gateways(lab, smsc.port)
    yield started
    await started.stop()


@pytest.fixture
async def login(server: Server) -> tuple[str, str]:
    """Name and password of the first manager, as they are printed to whoever sets the server up."""
    code, out = await server.run("user", "first")
    assert code == 0, out
    name, password = out.split()
    return name, password


@pytest.fixture
async def page(server: Server) -> AsyncIterator[Page]:
    """A page whose every complaint fails the test: script errors, refused policies, and requests to anywhere else."""
    complaints: list[str] = []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = await browser.new_page(base_url=server.address, viewport={"width": 1280, "height": 860})
        opened.set_default_timeout(15_000)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        opened.on("request", lambda sent: None if sent.url.startswith(server.address) else complaints.append(sent.url))
        yield opened
        await browser.close()
    assert [text for text in complaints if not text.startswith(EXPECTED)] == []


# What the browser writes for what the tests provoke: a wrong password, a refused file, a campaign that can't run, a lost
# connection.
EXPECTED = (
    "Failed to load resource: the server responded with a status of 4",
    "Failed to load resource: net::ERR_FAILED",
)
