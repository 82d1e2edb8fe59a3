"""Texts that try to be more than text: dial strings, lines of AMI, markup. And what browsers are told, so that little would come of it."""

import pytest
from sqlalchemy import select

from dialer.domain.gateway import VoiceGateway
from dialer.operations import importing
from dialer.pacing.gates import Against, CallFacts, against
from dialer.pacing.limits import room
from dialer.store.tables import channel_address
from tests.api.conftest import PASSWORD, Server, fields_of
from tests.api.test_pages import Browser, manager

__all__ = ["manager"]

pytestmark = pytest.mark.req("A2")

DIAL_STRINGS = (
    "PJSIP/{number}@c&PJSIP/882@c", "PJSIP/{number}@c,30,U(x)", "PJSIP/carrier", "PJSIP/{number}@c\nAction: Command",
    "PJSIP/{number}@c\u0085x", "PJSIP/${SHELL(id)}{number}", "PJSIP/{number}{number}", "{number}",
)  # fmt: skip
CALLER_IDS = (
    "1\r\nAction: Command", "1\nAction: Command", "1\0", "1,DIAL_QUEUE_WAIT=9999", "${SHELL(id)}", "1;x", "Ann <sip:x@evil>",
    '"Ann\u0085" <+12125550100>', '"Ann" <+12125550100> x', '"${X}" <1>', "1&2",
)  # fmt: skip
NUMBERS = (
    "+12025550123&PJSIP/+882@c", "+12025550123@evil", "+12025550123,,9", "*72+12025550123", "+1202555\r\n0123",
    "+12025550123;phone-context=x",
    "+12025550123/n", "${EXTEN}", "w+12025550123", "+1202555012#",
)  # fmt: skip
SOUNDS = (
    "../../etc/passwd",
    "custom/../../x",
    "..",
    "a,b",
    "a&b",
    "${SHELL(id)}",
    "-x",
    "a\r\nb",
    "a b",
    "http://evil/x.wav",
)


async def test_no_dial_string_and_no_line_of_ami_is_smuggled_in(server: Server) -> None:
    """Toll fraud: each text that gets to Asterisk is refused where it is typed, and names its field."""
    for dial in DIAL_STRINGS:
        body = {"kind": "voice", "name": "g", "dial": dial}
        assert fields_of(await server.refused("POST", "/gateways", 422, json=body)) == {"dial"}, dial
    body = {"kind": "voice", "name": "g", "dial": "PJSIP/{number}@c", "prefix": "9,"}
    assert fields_of(await server.refused("POST", "/gateways", 422, json=body)) == {"prefix"}
    path = f"/campaigns/{(await server.campaign())['id']}"
    for caller_id in CALLER_IDS:
        problem = await server.refused("PATCH", path, 422, json={"caller_id": caller_id})
        assert fields_of(problem) == {"caller_id"}, caller_id
    for sound in SOUNDS:
        problem = await server.refused("PATCH", path, 422, json={"abandoned_message": sound})
        assert fields_of(problem) == {"abandoned_message"}, sound
    pushed = await server.ok("POST", f"{path}/contacts", json=[{"phone": number} for number in NUMBERS])
    assert [NUMBERS[one["index"]] for one in pushed["items"] if one["result"] != "refused"] == []
    async with server.ctx.db.read() as tx:
        assert not list(await tx.execute(select(channel_address)))


async def test_a_field_that_is_not_there_sets_nothing(server: Server) -> None:
    """Of every object that the API makes or changes: what people may not set can't be slipped in beside the rest."""
    document = await server.ok("GET", "/openapi.json", role=None)
    schemas, taken = document["components"]["schemas"], set()
    for methods in document["paths"].values():
        for operation in methods.values():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            for one in (body, *body.get("anyOf", ())):
                name = one.get("$ref", "").rpartition("/")[2]
                if name:
                    taken.add(name)
    assert len(taken) > 12
    # A strategy, and the flow that it is drawn as, are documents, which are checked as such.
    assert {name for name in taken if schemas[name].get("additionalProperties") is not False} == {
        "StrategyIn",
        "FlowIn",
    }
    problem = await server.refused("POST", "/campaigns", 422, json={"title": "x", "status": "published", "id": 7})
    assert fields_of(problem) == {"status", "id"}
    body = {"name": "ann", "role": "viewer", "password": PASSWORD, "disabled": False, "revision": 9}
    assert fields_of(await server.refused("POST", "/users", 422, json=body)) == {"disabled", "revision"}


def test_a_gateway_calls_its_prefixes_only() -> None:
    """However the number was typed, it is E.164 by then."""
    gateway = VoiceGateway(name="c", dial="PJSIP/{number}@c", prefixes=("+1", "+4420"))
    for number, allowed in (
        ("+12025550123", True),
        ("+442071234567", True),
        ("+441234567890", False),
        ("+882161234567", False),
    ):
        call = CallFacts(
            number=number, gateway=gateway, gateway_room=room(None, 0, None), is_calling=False, is_open=True
        )
        assert (Against.PREFIX not in set(against(call))) is allowed, number
    assert Against.PREFIX.final, "it does not pass by waiting"


EVIL = "<img src=x onerror=alert(1)>'\"{{7*7}}</script>"


async def test_markup_in_any_name_is_shown_as_text(manager: Browser) -> None:
    """As it comes in from outside: names, columns and values of files, file names, reasons, names of tokens and gateways."""
    server = manager.server
    gateway = await server.ok(
        "POST", "/gateways", 201, json={"kind": "voice", "name": EVIL, "dial": "PJSIP/{number}@c"}
    )
    campaign = await server.campaign(title=EVIL, description=EVIL, voice_gateway=gateway["id"])
    path = f"/campaigns/{campaign['id']}"
    await server.ok("POST", "/contact-fields", 201, json={"name": "evil", "label": EVIL})
    contact = {
        "phone": "+4930123456",
        "first_name": EVIL,
        "last_name": EVIL,
        "external_id": EVIL,
        "evil": EVIL,
        EVIL: EVIL,
    }
    made = await server.ok("POST", f"{path}/contacts", 201, json=contact)
    await server.refused("POST", f"{path}/contacts", 422, json={"phone": EVIL})
    csv = {"Content-Type": "text/csv"}
    text = f"phone;{EVIL}\n+4930123457;{EVIL}\n{EVIL};x\n".encode()
    source = await server.ok("POST", f"{path}/sources", 202, params={"name": EVIL}, data=text, headers=csv)
    await importing.run(server.ctx, source["id"])
    kept = await server.ok("POST", f"{path}/uploads", 201, params={"name": EVIL}, data=text, headers=csv)
    await server.ok("POST", "/do-not-contact", 201, json={"address": "+4930123458", "reason": EVIL})
    await server.ok("POST", "/tokens", 201, json={"name": EVIL, "role": "viewer"})
    one = f"/contacts/{made['contact_id']}"
    pages = [
        "/campaigns", "/contacts", one, f"{one}/edit", "/contact-fields", "/contact-fields/evil", "/do-not-contact", "/gateways",
        f"/gateways/{gateway['id']}", "/tokens", "/audit", "/attempts", "/messages", f"/attempts?number={EVIL}", f"/contacts?q={EVIL}",
        *(path + under for under in (
            "", "/settings", "/clone", "/contacts", one, "/sources", "/uploads", f"/uploads/{kept['id']}",
            f"/uploads/{kept['id']}/look", "/strategy", "/strategy/steps", "/report", f"/contacts?status={EVIL}", "/dry-run",
        )),
    ]  # fmt: skip
    shown = 0
    for page in pages:
        response = await server.client.get(page)
        assert response.status in {200, 422}, page
        told = await response.text()
        assert "<img src=x" not in told, page
        shown += "&lt;img src=x" in told
    assert shown > len(pages) // 2, "it is not looked for where it is not shown"
    for missing in (f"/{EVIL}", f"/contact-fields/{EVIL}", f"/gateways/{EVIL}", f"/login?next=/{EVIL}"):
        assert "<img src=x" not in await (await server.client.get(missing)).text(), missing


async def test_every_answer_has_the_headers_that_browsers_obey(manager: Browser) -> None:
    """Pages, errors, redirects, files, the API and live streams; nothing of them is kept by a browser or a proxy."""
    server, token = manager.server, {"Authorization": f"Bearer {manager.server.tokens['manager']}"}
    campaign = (await server.campaign())["id"]
    for path, status in (
        ("/", 303), ("/login", 303), ("/campaigns", 200), ("/nowhere", 404), (f"/campaigns/{campaign}/settings", 200),
        ("/static/app.css", 200), ("/api/v1/campaigns", 200), ("/api/v1/nowhere", 404), ("/api/v1/contacts/export.csv", 200),
        ("/live/stream", 200), ("/api/v1/live", 200), (f"/studio/{campaign}", 200), (f"/studio/{campaign}/editor/flows", 200),
    ):  # fmt: skip
        headers = token if path.startswith("/api/") else {}
        async with server.client.get(path, headers=headers, allow_redirects=False) as response:
            told = response.headers
            assert response.status == status, path
            response.close()  # a stream goes on
        policy = told["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'"), path
        assert "unsafe" not in policy, path
        assert "frame-ancestors 'self'" in policy, path
        assert told["X-Content-Type-Options"] == "nosniff", path
        assert told["X-Frame-Options"] == "SAMEORIGIN", path
        assert told["Referrer-Policy"] == "same-origin", path
        assert (
            "charset=utf-8" in told["Content-Type"]
            or "json" in told["Content-Type"]
            or "event-stream" in told["Content-Type"]
        )
        if not path.startswith("/static/"):
            assert told["Cache-Control"] == "no-store", path


async def test_the_way_out_ends_the_session_and_its_cookie(manager: Browser) -> None:
    """By the button that everybody has; a copy of the cookie is worth nothing from then on."""
    client = manager.server.client
    jar = client.session.cookie_jar.filter_cookies(client.make_url("/"))
    copied = {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())}
    assert (await client.post("/logout", allow_redirects=False)).status == 403, "another site's form has no token"
    await manager.get("/campaigns")
    out = await client.post("/logout", data={"csrf": manager.csrf}, allow_redirects=False)
    assert (out.status, out.cookies["dialer_session"].value) == (303, "")
    assert (await client.get("/campaigns", headers=copied, allow_redirects=False)).status == 303
