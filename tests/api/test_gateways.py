"""Gateways over the API."""

from typing import Any

import pytest

from dialer.domain.gateway import VoiceGateway
from dialer.operations import trials
from dialer.store import gateways
from tests.api.conftest import NOON, Server, fields_of
from tests.support.rig import strategy, text

VOICE = {"kind": "voice", "name": "Main trunk", "dial": "PJSIP/{number}@carrier"}
SMS = {"kind": "sms", "name": "Texts", "host": "smsc.example", "port": 2775, "system_id": "me", "password": "s3cret"}


@pytest.mark.req("D6")
async def test_a_gateway_is_made_read_edited_and_removed(server: Server) -> None:
    response = await server.call("POST", "/gateways", json={**VOICE, "prefixes": ["+49"], "max_calls": 30})
    assert response.status == 201
    made = await response.json()
    assert response.headers["Location"] == "/api/v1/gateways/main-trunk"
    assert made["id"] == "main-trunk"
    assert made["prefixes"] == ["+49"]
    assert await server.ok("GET", "/gateways/main-trunk") == made
    changed = await server.ok("PATCH", "/gateways/main-trunk", json={"calls_per_second": 2, "name": "Trunk one"})
    assert changed == {**made, "calls_per_second": 2.0, "name": "Trunk one"}
    assert (await server.ok("GET", "/gateways?q=TRUNK&filter=kind:eq:voice"))["items"] == [changed]
    assert (await server.call("DELETE", "/gateways/main-trunk")).status == 204
    await server.refused("GET", "/gateways/main-trunk", 404)
    assert server.engine.told.count(("gateways", None)) == 3


async def test_ids_are_readable_and_unique(server: Server) -> None:
    names = ["Carrier", "carrier!", "CARRIER?", "日本"]
    made = [(await server.ok("POST", "/gateways", 201, json={**VOICE, "name": name}))["id"] for name in names]
    assert made == ["carrier", "carrier-2", "carrier-3", "gateway"]
    problem = await server.refused("POST", "/gateways", 422, json={**VOICE, "name": "Carrier"})
    assert fields_of(problem) == {"name"}
    problem = await server.refused("PATCH", "/gateways/carrier-2", 422, json={"name": "Carrier"})
    assert fields_of(problem) == {"name"}


async def test_a_password_comes_in_and_never_goes_out(server: Server) -> None:
    response = await server.call("POST", "/gateways", json=SMS)
    assert response.status == 201
    one, listed = await server.call("GET", "/gateways/texts"), await server.call("GET", "/gateways")
    texts = [await answer.text() for answer in (response, one, listed)]
    edited = await server.call("PATCH", "/gateways/texts", json={"window": 20})
    assert edited.status == 200
    texts.append(await edited.text())
    assert not any("password" in text or "s3cret" in text for text in texts)
    problem = await server.refused("PATCH", "/gateways/texts", 422, json={"password": "far too long a password"})
    assert "far too long" not in str(problem)
    async with server.ctx.db.read() as tx:
        stored = await gateways.get(tx, "texts")
    assert stored is not None
    assert stored.kind == "sms"
    assert stored.password.get_secret_value() == "s3cret"
    assert stored.window == 20


async def test_a_gateway_in_use_stays(server: Server) -> None:
    await server.runnable(title="Autumn")
    problem = await server.refused("DELETE", "/gateways/carrier", 409)
    assert "'Autumn'" in problem["detail"]
    assert (await server.ok("GET", "/gateways/carrier"))["id"] == "carrier"


@pytest.mark.req("M1")
async def test_nor_one_that_a_step_names_itself_is_removed(server: Server) -> None:
    """Else whoever has yet to come to the step is never written to: it has failed."""
    campaign = await server.runnable(title="Autumn")
    for name in ("one", "two"):
        await server.ok("POST", "/gateways", 201, json={**SMS, "name": name})
    for name in ("one", "two"):  # of the older strategy, nobody is left
        document = strategy({**text(gateway=name), "out": {"otherwise": "end"}})
        await server.ok("PUT", f"/campaigns/{campaign['id']}/strategy", json=document)
    problem = await server.refused("DELETE", "/gateways/two", 409)
    assert "'Autumn'" in problem["detail"]
    await server.ok("DELETE", "/gateways/one", 204)


@pytest.mark.req("D6", "C3")
async def test_no_name_is_anothers_id(server: Server) -> None:
    """Else a campaign that names it gets the other trunk, and nobody is told."""
    await server.ok("POST", "/gateways", 201, json={**VOICE, "name": "capped"})
    await server.ok("PATCH", "/gateways/capped", json={"name": "capped2"})
    await server.ok("PATCH", "/gateways/capped", json={"name": "capped"})  # its own id it may have
    await server.ok("PATCH", "/gateways/capped", json={"name": "capped2"})
    other = await server.ok("POST", "/gateways", 201, json={**VOICE, "name": "Other"})
    for method, path, sent in (("POST", "/gateways", VOICE), ("PATCH", f"/gateways/{other['id']}", {})):
        problem = await server.refused(method, path, 422, json={**sent, "name": "capped"})
        assert problem["detail"] == (
            "name: 'capped' is the id of the gateway 'capped2', so it would mean both: take another name"
        )
    made = await server.ok("POST", "/gateways", 201, json={**VOICE, "name": "Capped2"})
    assert made["id"] == "capped2-2", "nor is a new id what another is called"


@pytest.mark.req("D6", "C3")
async def test_what_named_two_gateways_before_is_refused(server: Server) -> None:
    async with server.ctx.db.write() as tx:
        for gateway_id, name in (("capped", "capped2"), ("capped-2", "capped")):
            await gateways.add(tx, gateway_id, VoiceGateway(name=name, dial="PJSIP/{number}@c"), NOON)
    problem = await server.refused("POST", "/campaigns", 422, json={"title": "Spring", "voice_gateway": "capped"})
    assert problem["detail"] == (
        "voice_gateway: 'capped' is the id of the gateway 'capped2' and the name of the gateway with the id 'capped-2': "
        "rename that one, or name it by its id"
    )
    for named, meant in (("capped2", "capped"), ("capped-2", "capped-2")):
        assert (await server.campaign(voice_gateway=named))["voice_gateway"] == meant
    await server.ok("PATCH", "/gateways/capped-2", json={"name": "Second"})
    assert (await server.campaign(voice_gateway="capped"))["voice_gateway"] == "capped"


async def test_a_stale_edit_is_refused(server: Server) -> None:
    made = await server.call("POST", "/gateways", json=VOICE)
    tag = made.headers["ETag"]
    await server.ok("PATCH", "/gateways/main-trunk", json={"max_calls": 1}, headers={"If-Match": tag})
    await server.refused("PATCH", "/gateways/main-trunk", 409, json={"max_calls": 2}, headers={"If-Match": tag})


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "fax"}, "body"),
        ({"name": ""}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"dial": "PJSIP/carrier"}, "dial"),
        ({"dial": "PJSIP/{number}@c\n"}, "dial"),
        ({"dial": "PJSIP/{number}@c,30,S"}, "dial"),
        ({"dial": "x" * 1_000_000}, "dial"),
        ({"prefixes": ["49"]}, "prefixes"),
        ({"prefixes": "+49"}, "prefixes"),
        ({"max_calls": 0}, "max_calls"),
        ({"max_calls": "5"}, "max_calls"),
        ({"calls_per_second": 1e400}, "calls_per_second"),
        ({"host": "x"}, "host"),
    ],
)
async def test_what_is_wrong_is_named(server: Server, sent: dict[str, Any], field: str) -> None:
    response = await server.call("POST", "/gateways", json={**VOICE, **sent})
    problem = await response.json()
    assert response.status in {400, 422}, problem
    assert response.status == 400 or fields_of(problem) == {field}
    await server.ok("POST", "/gateways", 201, json=VOICE)
    if "kind" not in sent:
        patched = await server.call("PATCH", "/gateways/main-trunk", json=sent)
        assert patched.status in {400, 422}


@pytest.mark.parametrize(
    "sent", [{"system_id": "a\0"}, {"password": "\n"}, {"host": "a b"}, {"port": 0}, {"bind": "x"}]
)
async def test_what_smpp_cannot_carry_is_refused(server: Server, sent: dict[str, Any]) -> None:
    problem = await server.refused("POST", "/gateways", 422, json={**SMS, **sent})
    assert fields_of(problem) == set(sent)


@pytest.mark.req("M1", "M2")
@pytest.mark.parametrize(
    "sent",
    [
        {"host": "smsc..example"}, {"host": f"{'x' * 64}.example"}, {"sender": "My Company Ltd"}, {"sender": "a{b}"},
        {"sender": "1" * 16}, {"sender": "+12"}, {"host": ".", "sender": "much too long a name"},
    ],
)  # fmt: skip
async def test_what_no_text_could_leave_with_is_refused(server: Server, sent: dict[str, Any]) -> None:
    """Nobody finds out by texts that fail, each for the same reason."""
    await server.ok("POST", "/gateways", 201, json=SMS)
    for method, path in (("POST", "/gateways"), ("PATCH", "/gateways/texts")):
        problem = await server.refused(method, path, 422, json={**SMS, "name": "Texts", **sent})
        assert fields_of(problem) == set(sent)
    await server.ok("PATCH", "/gateways/texts", json={"host": "2001:db8::1", "sender": "+41791234567"})


async def test_the_kind_stays(server: Server) -> None:
    await server.ok("POST", "/gateways", 201, json=VOICE)
    problem = await server.refused("PATCH", "/gateways/main-trunk", 422, json={"kind": "sms"})
    assert fields_of(problem) == {"kind"}
    await server.refused("PATCH", "/gateways/none", 404, json={})
    for wrong in ("none", "%00", "x" * 70, "a%2Fb"):
        await server.refused("GET", f"/gateways/{wrong}", 404)


@pytest.mark.req("M2")
async def test_a_national_table_needs_a_header_in_each_part(server: Server) -> None:
    made = await server.ok("POST", "/gateways", 201, json={**SMS, "national": "turkish"})
    assert made["national"] == "turkish"
    for wrong in ({"long_texts": "sar"}, {"alphabet": "latin1"}):
        problem = await server.refused("PATCH", "/gateways/texts", 422, json=wrong)
        assert "set alphabet to gsm7 and long_texts to udh8 or udh16" in problem["detail"]
    await server.refused("PATCH", "/gateways/texts", 422, json={"national": "klingon"})
    looked = await trials.cut(server.ctx, "texts", "I\u015f\u0131k")
    assert (looked.encoding, looked.segments) == ("gsm7-tr", 1)
