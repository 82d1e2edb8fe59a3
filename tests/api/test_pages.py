"""The pages as a browser's first request sees them: who may see what, forms with their faults, and nothing unescaped."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from dialer.operations import deleting, importing, users
from dialer.pacing.abandonment import AbandonmentMeter
from dialer.store import gateways
from dialer.store.tables import campaign, enrollment
from tests.api.conftest import PASSWORD, Server

CSV = b"first_name,phone,plan\nAnn,+4930123456,basic\nBob,+4930123457,gold\nNobody,12,basic\n"


@dataclass
class Browser:
    """A session of one person, and what plain HTML needs of a browser."""

    server: Server
    csrf: str = ""

    async def log_in(self, name: str) -> None:
        response = await self.server.client.post(
            "/login", data={"name": name, "password": PASSWORD}, allow_redirects=False
        )
        assert response.status == 303, await response.text()
        self.csrf = re.findall(r'<meta name="csrf" content="([^"]+)">', await self.get("/campaigns"))[0]

    async def get(self, path: str, status: int = 200, **headers: str) -> str:
        response = await self.server.client.get(path, headers=headers)
        text = await response.text()
        assert response.status == status, text
        return text

    async def post(self, path: str, status: int, data: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> str:
        """The page, or for a redirect (303) where it leads."""
        fields = [("csrf", self.csrf), *(data.items() if isinstance(data, Mapping) else data)]
        response = await self.server.client.post(path, data=fields, allow_redirects=False)
        text = await response.text()
        assert response.status == status, text
        return response.headers["Location"] if status == 303 else text


@pytest.fixture
async def manager(server: Server) -> Browser:
    for role in users.RIGHTS:
        await users.create_user(server.ctx, f"the-{role}", PASSWORD, role)
    browser = Browser(server)
    await browser.log_in("the-manager")
    return browser


async def campaign_with_contacts(server: Server, **fields: Any) -> str:
    """Its path; two contacts stand in it and one row was refused."""
    campaign = await server.runnable(**fields)
    path = f"/campaigns/{campaign['id']}"
    headers = {"Content-Type": "text/csv"}
    made = await server.ok("POST", f"{path}/sources?name=people.csv", 202, data=CSV, headers=headers)
    await importing.run(server.ctx, made["id"])
    return path


def settings(**changes: str) -> list[tuple[str, str]]:
    """What the settings form sends when nothing but `changes` was typed."""
    fields = {
        "title": "Spring", "description": "", "time_zone": "Europe/Berlin", "execution.start": "", "execution.end": "",
        "validity.from": "", "validity.until": "", "dialing_modes": "progressive", "queue": "", "voice_gateway": "",
        "sms_fallbacks": "",
        "sms_gateway": "", "caller_id": "", "load_order": "oldest_first", "max_concurrent_calls": "", "calls_per_second": "",
        "abandonment_limit_percent": "3", "queue_wait_s": "", "abandoned_message": "",
    }  # fmt: skip
    return [*{**fields, **changes}.items(), *(("execution.days", day) for day in ("mon", "tue"))]


@pytest.mark.req("A2")
async def test_without_a_login_every_page_leads_to_it_and_back(server: Server) -> None:
    await users.create_user(server.ctx, "ann", PASSWORD, "manager")
    response = await server.client.get("/campaigns?status=ended", allow_redirects=False)
    assert (
        response.headers["Location"].replace("/campaigns?", "%2Fcampaigns%3F")
        == "/login?next=%2Fcampaigns%3Fstatus%3Dended"
    )
    fragment = await server.client.get("/campaigns", headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == "/login?next=%2F"
    wrong = await server.client.post("/login", data={"name": "ann", "password": "wrong"})
    assert wrong.status == 401
    assert "The name or the password is wrong." in await wrong.text()
    login = {"name": "ann", "password": PASSWORD, "next": "/campaigns?status=ended"}
    right = await server.client.post("/login", data=login, allow_redirects=False)
    assert right.headers["Location"] == "/campaigns?status=ended"
    again = await server.client.get("/login", allow_redirects=False)
    assert again.headers["Location"] == "/"


@pytest.mark.req("A2")
async def test_logging_out_ends_the_session(manager: Browser) -> None:
    assert await manager.post("/logout", 303) == "/login"
    response = await manager.server.client.get("/campaigns", allow_redirects=False)
    assert response.status == 303


async def test_a_large_campaign_that_is_deleted_is_shown_until_it_is_gone(
    manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await campaign_with_contacts(manager.server)
    assert f'action="{path}/delete"' in await manager.get(path)
    with monkeypatch.context() as patch:
        patch.setattr(deleting.remove, "__kwdefaults__", {"at_once_s": 0})
        assert await manager.post(f"{path}/delete", 303) == "/campaigns"
    shown = await manager.get("/campaigns")
    assert "being deleted" in shown
    assert 'hx-trigger="load delay:2s"' in shown, "the list looks again by itself"
    frame = await manager.get(path)
    assert "being deleted" in frame
    assert f'action="{path}/delete"' not in frame
    assert (await manager.server.call("DELETE", path)).status == 204
    assert "being deleted" not in await manager.get("/campaigns")


@pytest.mark.req("A2")
async def test_a_form_without_its_token_changes_nothing(manager: Browser) -> None:
    manager.csrf = "wrong"
    assert "out of date" in await manager.post("/campaigns", 403, {"title": "Spring"})
    assert (await manager.server.ok("GET", "/campaigns"))["total"] == 0


@pytest.mark.req("A2")
@pytest.mark.parametrize(
    ("role", "publish", "edit"), [("manager", True, True), ("supervisor", True, False), ("viewer", False, False)]
)
async def test_each_role_sees_what_it_may_do(manager: Browser, role: str, publish: bool, edit: bool) -> None:
    path = await campaign_with_contacts(manager.server)
    await manager.log_in(f"the-{role}")
    shown = await manager.get("/campaigns") + await manager.get(path)
    assert (f'action="{path}/publish"' in shown) is publish
    assert (f'action="{path}/end"' in shown) is edit
    assert ("New campaign" in shown) is edit
    assert ("fieldset disabled" in re.sub(r"\s+", " ", await manager.get(f"{path}/settings"))) is not edit
    assert ("data-upload" in await manager.get(f"{path}/sources")) is edit
    await manager.post(f"{path}/publish", 303 if publish else 403)
    await manager.post(f"{path}/settings", 303 if edit else 403, settings(queue="sales", voice_gateway="carrier"))
    await manager.post("/gateways/carrier/delete", 409 if edit else 403)


PAGES = ("", "/settings", "/contacts", "/sources", "/strategy", "/dry-run", "/clone")


async def test_every_page_is_drawn_empty_and_filled(manager: Browser) -> None:
    await manager.get("/live")
    assert "No gateways yet" in await manager.get("/gateways")
    assert "No campaigns yet" in await manager.get("/campaigns")
    empty = f"/campaigns/{(await manager.server.campaign())['id']}"
    for page in PAGES:
        await manager.get(empty + page)
    assert "No contacts yet" in await manager.get(f"{empty}/contacts")
    filled = await campaign_with_contacts(manager.server, description="All of them")
    for page in PAGES:
        await manager.get(filled + page)
    assert "Nobody found" in await manager.get(f"{filled}/contacts?q=nobody")
    assert "Nothing found" in await manager.get("/campaigns?q=nothing")
    assert "Spring" in await manager.get("/campaigns?status=unpublished&sort=-title&limit=10")


async def test_what_is_not_there_is_told_on_a_page(manager: Browser) -> None:
    for path in (
        "/campaigns/99",
        "/campaigns/99/live",
        "/gateways/none",
        "/gateways/new/fax",
        "/campaigns/x",
        "/static/x",
    ):
        assert ">Back" in (await manager.get(path, 404)).replace("</svg>", ">")
    assert "10, 50 or 100" in await manager.get("/campaigns?limit=x", 422)


async def test_assets_are_kept_by_their_version(manager: Browser) -> None:
    page = await manager.get("/campaigns")
    addresses = re.findall(r'(?:href|src)="(/static/[^"#]+)', page)
    assert len(addresses) >= 7
    for address in addresses:
        response = await manager.server.client.get(address)
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]
        kept = await manager.server.client.get(address, headers={"If-None-Match": response.headers["ETag"]})
        assert kept.status == 304
    stale = await manager.server.client.get(addresses[0].partition("?")[0] + "?v=old")
    assert stale.headers["Cache-Control"] == "no-cache"


async def test_what_people_type_is_shown_as_text(manager: Browser) -> None:
    evil = "<script>alert(1)</script>"
    path = await campaign_with_contacts(manager.server, title=evil, description=evil)
    async with manager.server.ctx.db.write() as tx:  # as it could be set once
        await tx.execute(update(campaign).values(caller_id='"><b>'))
    for page in (*PAGES, "/contacts?q=" + evil):
        text = await manager.get(path + page)
        assert evil not in text
        assert '"><b>' not in text


@pytest.mark.req("C1")
async def test_creating_asks_for_a_title_only(manager: Browser) -> None:
    assert await manager.post("/campaigns", 303, {"title": " Spring ", "open": "yes"}) == "/campaigns/1/settings"
    assert await manager.post("/campaigns", 303, {"title": "Autumn"}) == "/campaigns"
    refused = await manager.post("/campaigns", 422, {"title": " "})
    assert "is needed" in refused
    assert "data-open-now" in refused
    await manager.post("/campaigns", 422, {"title": "x" * 201})
    titles = [item["title"] for item in (await manager.server.ok("GET", "/campaigns"))["items"]]
    assert titles == ["Spring", "Autumn"]


@pytest.mark.req("C3")
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("title", "", "is needed"),
        ("time_zone", "Mars/Base", "Mars/Base"),
        ("execution.start", "25:00", "25:00"),
        ("execution.end", "09:00", "the same as the start"),
        ("validity.until", "2026-05-01T00:00", "not after"),
        ("validity.from", "soon", "is not a date"),
        ("validity.from", "0001-01-01T00:00", "1970"),
        ("validity.until", "9999-12-31T23:59", "9000"),
        ("queue", "nowhere", "nowhere"),
        ("voice_gateway", "none", "none"),
        ("sms_gateway", "carrier", "no SMS gateway"),
        ("sms_fallbacks", "nobody, carrier", "nobody"),
        ("max_concurrent_calls", "many", "is not a whole number"),
        ("calls_per_second", "0", "above 0"),
        ("abandonment_limit_percent", "101", "from 0 to 100"),
        ("abandonment_limit_percent", "few", "is not a number"),
        ("queue_wait_s", "601", "at most 600"),
        ("abandoned_message", "${SHELL(id)}", "without its ending"),
        ("priority", "11", "at most 10"),
        ("weight", "2.5", "is not a whole number"),
        ("rule_pack", "moon", "there is no rule pack"),
        ("load_order", "random", "is not an order"),
        ("dialing_modes", "predictive", "predictive"),
    ],
)
async def test_what_is_wrong_stands_at_its_field_while_typing_and_when_saving(
    manager: Browser, field: str, value: str, reason: str
) -> None:
    campaign = await manager.server.runnable()
    path = f"/campaigns/{campaign['id']}/settings"
    typed = settings(
        **{"execution.start": "09:00", "execution.end": "18:00", "validity.from": "2026-05-02T00:00", field: value}
    )
    for answer in (await manager.post(f"{path}/check", 200, typed), await manager.post(path, 422, typed)):
        place = re.findall(rf'<div class="fault" id="fault-{re.escape(field)}"[^>]*>([^<]*)</div>', answer)
        assert len(place) == 1
        assert reason in place[0]
    assert (await manager.server.ok("GET", f"/campaigns/{campaign['id']}"))["modified_at"] == campaign["modified_at"]


@pytest.mark.req("C2", "C3")
async def test_settings_are_saved_and_shown_as_they_were_typed(manager: Browser) -> None:
    await manager.server.runnable()
    typed = {
        "title": "Night shift", "time_zone": "Europe/Berlin", "execution.start": "22:00", "execution.end": "06:00",
        "validity.from": "2026-05-04T08:00", "validity.until": "2026-06-04T20:00", "queue": "sales",
        "voice_gateway": "carrier", "max_concurrent_calls": "7", "calls_per_second": "2.5", "caller_id": "+4930111",
        "load_order": "newest_first", "abandonment_limit_percent": "0", "priority": "7", "weight": "20",
        "rule_pack": "canada",
        "queue_wait_s": "2", "abandoned_message": "custom/sorry",
    }  # fmt: skip
    assert await manager.post("/campaigns/1/settings", 303, settings(**typed)) == "/campaigns/1/settings?saved=1"
    page = await manager.get("/campaigns/1/settings?saved=1")
    assert "Saved." in page
    for value in ("Night shift", "22:00", "06:00", "2026-05-04T08:00", "2026-06-04T20:00", "+4930111"):
        assert f'value="{value.replace("+", "&#43;")}"' in page or f'value="{value}"' in page
    stored = await manager.server.ok("GET", "/campaigns/1")
    assert stored["execution"] == {"start": "22:00", "end": "06:00", "days": ["mon", "tue"]}
    assert stored["validity"]["from"] == "2026-05-04T06:00:00Z"
    assert (stored["max_concurrent_calls"], stored["calls_per_second"]) == (7, 2.5)
    assert (stored["abandonment_limit_percent"], stored["queue_wait_s"]) == (0, 2)
    assert stored["abandoned_message"] == "custom/sorry"
    assert (stored["priority"], stored["weight"]) == (7, 20)
    assert stored["rule_pack"] == "canada"


async def test_two_people_who_edit_at_once_do_not_overwrite_each_other(manager: Browser) -> None:
    await manager.server.runnable()
    page = await manager.get("/campaigns/1/settings")
    revision = re.findall(r'name="revision" value="(\d+)"', page)[0]
    await manager.server.ok("PATCH", "/campaigns/1", json={"title": "Theirs"})
    refused = await manager.post("/campaigns/1/settings", 409, settings(title="Mine", revision=revision))
    assert "Mine" in refused
    assert "changed by somebody else" in refused
    await manager.post("/campaigns/1/settings", 303, settings(title="Theirs", revision="9" * 5000))
    assert (await manager.server.ok("GET", "/campaigns/1"))["title"] == "Theirs"


@pytest.mark.req("C5")
async def test_publishing_lists_all_that_is_missing_with_where_to_mend_it(manager: Browser) -> None:
    path = f"/campaigns/{(await manager.server.campaign())['id']}"
    refused = await manager.post(f"{path}/publish", 422)
    for field in ("queue", "voice_gateway"):
        assert f'href="{path}/settings#{field}"' in refused


@pytest.mark.req("C4", "C12")
async def test_the_buttons_go_through_the_life_of_a_campaign(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server)
    assert await manager.post(f"{path}/publish", 303) == path
    second = await manager.post(f"{path}/publish", 409)
    assert "It can&#39;t be published" in second
    assert f'href="{path}">Campaign</a>' in second
    await manager.post(f"{path}/unpublish", 303)
    await manager.post(f"{path}/end", 303)
    ended = await manager.get(path)
    assert f'action="{path}/publish"' not in ended
    assert "fieldset disabled" in re.sub(r"\s+", " ", await manager.get(f"{path}/settings"))
    assert "data-upload" not in await manager.get(f"{path}/sources")
    await manager.post(f"{path}/settings", 409, settings())


@pytest.mark.req("C11")
async def test_a_clone_is_a_draft_that_leaves_nothing_behind(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server, description="All of them")
    draft = await manager.get(f"{path}/clone")
    assert "Copy of Spring" in draft
    assert "All of them" in draft
    assert (await manager.server.ok("GET", "/campaigns"))["total"] == 1
    await manager.post(f"{path}/clone", 422, settings(title=""))
    await manager.post(f"{path}/clone", 422, settings(calls_per_second="x"))
    assert await manager.post(f"{path}/clone", 303, settings(title="Copy")) == "/campaigns/2/settings?saved=1"
    assert (await manager.server.ok("GET", "/campaigns/2"))["contacts"]["total"] == 0


@pytest.mark.req("C10")
async def test_lists_have_pages_that_lead_on(manager: Browser) -> None:
    for i in range(12):
        await manager.server.campaign(title=f"Campaign {i:02}")
    first = await manager.get("/campaigns?limit=10&sort=title")
    assert "12 campaigns" in first
    following = re.findall(r'href="(/campaigns\?[^"]*cursor=[^"]+)"', first)[-1].replace("&amp;", "&")
    second = await manager.get(following)
    assert "Campaign 11" in second
    assert "Campaign 09" not in second


@pytest.mark.req("K12", "K13")
async def test_a_contact_shows_its_addresses_trail_and_what_holds_it_back(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server)
    listed = await manager.get(f"{path}/contacts")
    contact = re.findall(rf'href="({path}/contacts/\d+)">Ann', listed)[0]
    page = await manager.get(contact)
    for text in ("Ann", "+4930123456", "never called", "never texted", "basic", "Came into the system", "Why not?"):
        assert text in page
    assert "data-reason" not in page
    for asked in (await manager.get(f"{contact}?why=1"), await manager.get(f"{contact}/why-not")):
        assert re.findall('data-reason="([^"]+)"', asked) == ["campaign-unpublished", "not-entered"]
        assert "The campaign is not published" in asked
    await manager.get(f"{path}/contacts/99/why-not", 404)
    await manager.get(f"{path}/contacts/99/live", 404)


@pytest.mark.req("K12")
async def test_a_contact_in_all_campaigns(manager: Browser) -> None:
    """With its places and everything that happened; and times of the own zone beside those of the campaign's."""
    path = await campaign_with_contacts(manager.server)
    await manager.server.ok("PATCH", "/contacts/1", json={"time_zone": "America/New_York"})
    page = await manager.get("/contacts/1")
    for text in ("Ann", f'href="{path}/contacts/1"', "Spring", "Came into the system", "Times in America/New_York"):
        assert text in page
    in_campaign = await manager.get(f"{path}/contacts/1")
    assert "14:00:00" in in_campaign or "12:00:00" in in_campaign
    assert "08:00 EDT" in in_campaign
    await manager.get("/contacts/99", 404)


@pytest.mark.req("K8")
async def test_sources_are_listed_with_counts_and_refused_rows(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server)
    page = await manager.get(f"{path}/sources")
    assert re.search(r'data-cell="created">2<', page)
    assert f'href="/api/v1{path}/sources/1/refused.csv"' in page


@pytest.mark.req("S2")
async def test_a_strategy_is_checked_and_saved_as_json(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server)
    document = await (await manager.server.call("GET", f"{path}/strategy")).text()
    assert "It can run" in await manager.post(f"{path}/strategy/check", 200, {"document": document})
    broken = await manager.post(f"{path}/strategy/check", 200, {"document": "{\n  oops"})
    assert "line 2, column 3" in broken
    for hostile in ("[" * 100_000, f'{{"a": {"9" * 5000}}}'):
        assert "It can&#39;t be read" in await manager.post(f"{path}/strategy/check", 200, {"document": hostile})
    faulty = document.replace('"contact-in"', '"teleport"')
    assert "teleport" in await manager.post(f"{path}/strategy/check", 200, {"document": faulty})
    refused = await manager.post(f"{path}/strategy", 422, {"document": faulty})
    assert "Nothing was saved" in refused
    assert "teleport" in refused
    renamed = document.replace('"name":"', '"name":"A ', 1)
    assert await manager.post(f"{path}/strategy", 303, {"document": renamed}) == f"{path}/strategy?saved=1"
    assert "Saved." in await manager.get(f"{path}/strategy?saved=1")
    await manager.post(f"{path}/end", 303)
    await manager.post(f"{path}/strategy", 409, {"document": document})


@pytest.mark.req("M2", "S2")
async def test_the_check_of_a_strategy_shows_what_its_texts_cost_and_how_they_go_out(manager: Browser) -> None:
    account = {"kind": "sms", "name": "smsc", "host": "smsc.example", "port": 2775, "system_id": "me"}
    priced = {"transliterate": True, "segment_price": 0.07, "currency": "EUR"}
    await manager.server.ok("POST", "/gateways", 201, json=account | priced)
    path = await campaign_with_contacts(manager.server, sms_gateway="smsc")
    nodes = [
        {"id": "in", "type": "contact-in", "out": {"next": "text"}},
        {"id": "text", "type": "sms", "fields": {"text": f"It\u2019s {'x' * 160}"}, "out": {"otherwise": "end"}},
        {"id": "end", "type": "end"},
    ]
    filled = [{"name": "", "x": 0, "y": 0, "fields": {}, "out": {}, **node} for node in nodes]
    document = orjson.dumps({"format": "campaign-strategy/1", "name": "test", "nodes": filled}).decode()
    shown = await manager.post(f"{path}/strategy/check", 200, {"document": document})
    assert "goes out with near characters: It&#39;s xxx" in shown
    assert "goes out as 2 segments; 0.14 EUR a contact" in shown


async def test_gateways_are_made_edited_and_deleted(manager: Browser) -> None:
    voice = {"name": "Carrier", "dial": "PJSIP/{number}@carrier", "prefixes": "+49, +43", "strip_plus": "yes"}
    assert await manager.post("/gateways/new/voice", 303, voice) == "/gateways?saved=1"
    sms = {
        "name": "SMSC",
        "host": "smsc.example",
        "port": "2775",
        "system_id": "me",
        "password": "secret",
        "window": "20",
    }
    await manager.post("/gateways/new/sms", 303, sms)
    assert "smsc.example:2775" in await manager.get("/gateways")
    form = await manager.get("/gateways/smsc")
    assert "secret" not in form
    await manager.post("/gateways/smsc", 303, {**sms, "password": "", "port": "2776"})
    assert (await manager.server.ok("GET", "/gateways/smsc"))["port"] == 2776
    async with manager.server.ctx.db.read() as tx:
        row = await gateways.row(tx, "smsc")
    assert row is not None
    assert row.settings["password"] == "secret"
    stored = await manager.server.ok("GET", "/gateways/carrier")
    assert (stored["prefixes"], stored["strip_plus"]) == (["+49", "+43"], True)
    await manager.post("/gateways/smsc/delete", 303)
    assert "smsc.example" not in await manager.get("/gateways")


@pytest.mark.parametrize(
    ("kind", "typed", "field", "reason"),
    [
        ("voice", {"name": "A", "dial": "nowhere"}, "dial", "{number}"),
        ("voice", {"name": "", "dial": "PJSIP/{number}@c"}, "name", "is needed"),
        ("voice", {"name": "A", "dial": "PJSIP/{number}@c", "prefixes": "49"}, "prefixes", "+44"),
        ("voice", {"name": "Carrier", "dial": "PJSIP/{number}@c"}, "name", "already"),
        ("sms", {"name": "B", "host": "h", "port": "99999", "system_id": "me"}, "port", "65535"),
        (
            "sms",
            {"name": "B", "host": "h", "port": "1", "system_id": "me", "password": "much too long"},
            "password",
            "8",
        ),
    ],
)
async def test_a_gateway_that_cannot_be_is_refused_at_its_field(
    manager: Browser, kind: str, typed: dict[str, str], field: str, reason: str
) -> None:
    await manager.post("/gateways/new/voice", 303, {"name": "Carrier", "dial": "PJSIP/{number}@c"})
    page = await manager.post(f"/gateways/new/{kind}", 422, typed)
    place = re.findall(rf'id="fault-{field}"[^>]*>([^<]*)<', page)[0]
    assert reason in place
    assert (await manager.server.ok("GET", "/gateways"))["total"] == 1


@pytest.mark.req("A3")
async def test_streams_send_the_parts_that_changed(manager: Browser) -> None:
    path = await campaign_with_contacts(manager.server)
    for address, first in (
        ("/live/stream", 'id="board"'),
        (f"{path}/live", 'id="counts"'),
        (f"{path}/live?show=sources", 'id="sources"'),
        (f"{path}/contacts/1/live", 'id="trail"'),
    ):
        async with manager.server.client.get(address) as response:
            assert response.content_type == "text/event-stream"
            text = ""
            while first not in text:
                text += (await response.content.readline()).decode()
            assert 'hx-swap-oob="outerMorph"' in text


@pytest.mark.req("K10")
async def test_all_contacts_with_conditions_that_stay_in_the_address(server: Server, manager: Browser) -> None:
    assert "No contacts yet" in await manager.get("/contacts")
    path = await campaign_with_contacts(server)
    text = await manager.get("/contacts?field=attributes.plan&op=eq&value=gold&sort=-last_name")
    assert "Bob" in text
    assert "Ann" not in text
    assert 'name="filter" value="attributes.plan:eq:gold"' in text
    assert "/contacts?sort=last_name&amp;limit=50&amp;filter=attributes.plan%3Aeq%3Agold" in text
    assert 'name="ids" value="2"' in text
    both = "filter=attributes.plan:eq:gold&filter=first_name:eq:Ann"
    assert "Nobody found" in await manager.get(f"/contacts?{both}")
    assert "Bob" in await manager.get(f"{path}/contacts?filter=attributes.plan:eq:gold&status=pending&q=bo")
    assert "take pending" in await manager.get(f"{path}/contacts?status=finished", 422)


@pytest.mark.req("C1", "S1")
async def test_a_campaign_is_created_from_a_template(manager: Browser) -> None:
    page = await manager.get("/campaigns")
    assert len(re.findall('type="radio" name="template"', page)) == 5
    assert re.findall('name="template" value="([a-z-]+)" checked', page) == ["call-once"]
    form = {"title": "Sale", "template": "call-then-text", "open": "yes"}
    assert await manager.post("/campaigns", 303, form) == "/campaigns/1/settings"
    assert (await manager.server.ok("GET", "/campaigns/1/strategy"))["name"] == "Call, then text"
    again = await manager.post("/campaigns", 422, {"title": "", "template": "survey-by-reply"})
    assert re.findall('name="template" value="([a-z-]+)" checked', again) == ["survey-by-reply"]
    assert "there is no &#39;no&#39;" in await manager.post("/campaigns", 422, {"title": "A", "template": "no"})
    assert (await manager.server.ok("GET", "/campaigns"))["total"] == 1


@pytest.mark.req("A3")
async def test_the_live_page_says_what_keeps_each_campaign_from_calling(manager: Browser) -> None:
    for fields in ({}, {}, {"dialing_modes": ["preview"]}, {"validity": {"until": "2026-05-04T13:00:00Z"}}):
        path = await campaign_with_contacts(manager.server, **fields)
        await manager.server.ok("POST", f"{path}/publish")
    row = {"why": None, "ready": None, "hopper": 0, "abandonment": AbandonmentMeter(200, 5).shown(), "power": None}
    manager.server.snapshot["campaigns"] = [
        {"id": 1, "title": "Busy", "limited_by": "outside_window", **row},
        {"id": 2, "title": "Calls", "limited_by": None, **row},
        {"id": 3, "title": "Looks", "limited_by": None, **row, "ready": 0},
        {"id": 4, "title": "Over", "limited_by": None, **row},
        {"id": 99, "title": "Deleted meanwhile", "limited_by": "nothing_due", **row},
    ]
    manager.server.clock.advance(hours=2)
    told = re.findall(r"data-held>([^<]+)<", await manager.get("/live"))
    assert told == [
        "It is outside the execution time. The campaign goes on by itself.",
        "An agent decides on each call (preview), and no agent of its queue is ready on the agent page: nobody is called until one is.",
        "The validity period has been over since 2026-05-04 13:00 UTC. 0 of 2 contacts are done.",
    ]
    async with manager.server.ctx.db.write() as tx:
        await tx.execute(update(enrollment).values(state="done"))
    (told, *_) = re.findall(r"data-held>([^<]+)<", await manager.get("/live"))
    assert told == "Everybody is done: 2 contacts. Contacts who come now are called at once."
