"""Somebody else was faster: the form tells who and what, and leads to what is stored, or over it."""

import re
from collections.abc import Sequence

import pytest

from config.settings import Webhooks
from dialer.domain.hooks import EventKind
from tests.api.conftest import Server
from tests.api.test_pages import Browser, manager, settings
from tests.api.test_people_pages import edit, path

__all__ = ["manager", "path"]
pytestmark = pytest.mark.req("C2", "K11")
Fields = Sequence[tuple[str, str]]


async def stale_form(browser: Browser, page: str, typed: Fields, name: str) -> str:
    """Which is refused as often as it is sent, and offers both ways on. Returns the revision that `typed` may go over."""
    for _ in range(2):
        told = await browser.post(page, 409, [*typed, ("revision", "0")])
        assert f"“{name}” was changed by somebody else meanwhile, so nothing was saved" in told
        assert f'<a class="btn btn-primary" href="{page}">Read it again</a>' in told.replace(
            "?back=%2Fcontacts%2F1", ""
        )
        assert 'name="revision" value="0"' in told, "a plain save stays refused"
    form, over = re.findall(r'form="([^"]+)" name="over" value="(\d+)"', told)[0]
    assert f'id="{form}"' in told
    return str(over)


async def test_a_campaign(manager: Browser) -> None:
    await manager.server.runnable()
    shown = await manager.get("/campaigns/1/settings")
    revision = re.findall(r'name="revision" value="(\d+)"', shown)[0]
    await manager.server.ok("PATCH", "/campaigns/1", json={"title": "Theirs"})
    mine = [one for one in settings(title="Mine") if one[0] != "revision"]
    told = await manager.post("/campaigns/1/settings", 409, [*mine, ("revision", revision)])
    assert "Last changed by ci-manager, " in told
    assert "title: Spring → Theirs" in told
    over = await stale_form(manager, "/campaigns/1/settings", mine, "Theirs")
    await manager.server.ok("PATCH", "/campaigns/1", json={"title": "Once more"})
    again = await manager.post("/campaigns/1/settings", 409, [*mine, ("revision", "0"), ("over", over)])
    assert "title: Theirs → Once more" in again, "it goes over what was shown, and nothing else"
    over = re.findall(r'name="over" value="(\d+)"', again)[0]
    await manager.post("/campaigns/1/settings", 303, [*mine, ("revision", "0"), ("over", over)])
    assert (await manager.server.ok("GET", "/campaigns/1"))["title"] == "Mine"


async def test_a_fault_in_what_goes_over_it_asks_nothing_twice(manager: Browser) -> None:
    await manager.server.runnable()
    over = await stale_form(manager, "/campaigns/1/settings", settings(title="Mine"), "Spring")
    wrong = [*settings(title=""), ("revision", "0"), ("over", over)]
    assert f'name="revision" value="{over}"' in await manager.post("/campaigns/1/settings", 422, wrong)


async def test_a_contact(manager: Browser, path: str) -> None:
    mine = [one for one in edit(first_name="Anna") if one[0] != "revision"]
    over = await stale_form(manager, "/contacts/1/edit", mine, "Ann")
    await manager.post("/contacts/1/edit", 303, [*mine, ("revision", "0"), ("over", over)])
    assert "Anna" in await manager.get(f"{path}/contacts/1")


async def test_a_contact_field(manager: Browser) -> None:
    await manager.server.ok("POST", "/contact-fields", 201, json={"name": "plan", "label": "Plan"})
    mine = [("name", "plan"), ("label", "Tariff"), ("type", "text"), ("choices", "")]
    over = await stale_form(manager, "/contact-fields/plan", mine, "Plan")
    await manager.post("/contact-fields/plan", 303, [*mine, ("revision", "0"), ("over", over)])
    assert "Tariff" in await manager.get("/contact-fields")


async def test_a_gateway(manager: Browser) -> None:
    await manager.server.ok("POST", "/gateways", 201, json={"kind": "voice", "name": "A", "dial": "PJSIP/{number}@a"})
    shown = await manager.get("/gateways/a")
    revision = re.findall(r'name="revision" value="(\d+)"', shown)[0]
    await manager.server.ok("PATCH", "/gateways/a", json={"dial": "PJSIP/{number}@b"})
    mine = [("name", "A"), ("dial", "PJSIP/{number}@c")]
    told = await manager.post("/gateways/a", 409, [*mine, ("revision", revision)])
    assert "PJSIP/{number}@a → PJSIP/{number}@b" in told
    over = await stale_form(manager, "/gateways/a", mine, "A")
    await manager.post("/gateways/a", 303, [*mine, ("revision", "0"), ("over", over)])
    assert (await manager.server.ok("GET", "/gateways/a"))["dial"] == "PJSIP/{number}@c"


async def test_a_webhook(server: Server, manager: Browser) -> None:
    section = Webhooks(allowed_hosts=frozenset({"hooks.example"}))
    server.ctx.settings = server.ctx.settings.model_copy(update={"webhooks": section})
    event = next(iter(EventKind))
    mine = [("name", "CRM"), ("url", "https://hooks.example/"), ("events", event.value), ("enabled", "yes")]
    await manager.post("/webhooks/new", 303, mine)
    over = await stale_form(manager, "/webhooks/1", [*mine[1:], ("name", "Mine")], "CRM")
    await manager.post("/webhooks/1", 303, [*mine[1:], ("name", "Mine"), ("revision", "0"), ("over", over)])
    assert "Mine" in await manager.get("/webhooks")
