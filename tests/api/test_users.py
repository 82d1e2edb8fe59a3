"""Users and tokens over the API: made, changed, ended at once; nobody locks everybody out."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ClientResponse

from admin import auth, streams
from dialer.domain.errors import Conflict, InvalidInput
from dialer.operations import staff, users
from dialer.operations.staff import Change
from dialer.operations.users import Caller
from dialer.store import users as stored_users
from tests.api.conftest import NOON, PASSWORD, Server, fields_of

NEW = f"{PASSWORD}, newer"


@pytest.fixture(autouse=True)
async def _managers(server: Server) -> None:
    for name in ("ann", "ben"):
        await server.ok("POST", "/users", 201, json={"name": name, "role": "manager", "password": PASSWORD})


async def caller(server: Server, name: str, password: str = PASSWORD) -> tuple[Caller, dict[str, str]]:
    """Who has just logged in, and the headers of their calls."""
    cookie = await users.log_in(server.ctx, name, password)
    assert cookie
    found = await users.of_session(server.ctx, cookie)
    assert found
    assert found.csrf
    return found, {"Cookie": f"{auth.COOKIE}={cookie}", auth.CSRF_HEADER: found.csrf}


async def opens(server: Server, headers: dict[str, str]) -> bool:
    return (await server.call("GET", "/campaigns", role=None, headers=headers)).status == 200


@pytest.mark.req("A2")
async def test_a_user_is_made_listed_changed_and_deleted(server: Server) -> None:
    body = {"name": "eve", "role": "viewer", "password": PASSWORD}
    made = await server.ok("POST", "/users", 201, json=body)
    assert (made["name"], made["role"], made["disabled"], made["agent"]) == ("eve", "viewer", False, None)
    assert fields_of(await server.refused("POST", "/users", 422, json=body)) == {"name"}
    wrong = {"name": "x", "role": "king", "password": "eleven char"}
    assert fields_of(await server.refused("POST", "/users", 422, json=wrong)) == {"role", "password"}
    changed = await server.ok("PATCH", "/users/eve", json={"role": "supervisor"})
    assert changed["role"] == "supervisor"
    await server.refused("PATCH", "/users/nobody", 404, json={"role": "viewer"})
    await server.refused("PATCH", "/users/eve", 422, json={"role": "king"})
    await server.ok("DELETE", "/users/eve", 204)
    await server.refused("DELETE", "/users/eve", 404)
    assert [one["name"] for one in (await server.ok("GET", "/users"))["items"]] == ["ann", "ben"]


@pytest.mark.req("A2")
@pytest.mark.parametrize(
    "name", [".", "..", "a/b", "a b", "a?b", "a%2Fb", "\u0430nn", "ann\u202e", "x" * 65, "a\\b", "ann\n", ""]
)
async def test_a_name_is_one_that_an_address_and_a_reader_can_take(server: Server, name: str) -> None:
    body = {"name": name, "role": "viewer", "password": PASSWORD}
    assert fields_of(await server.refused("POST", "/users", 422, json=body)) == {"name"}
    with pytest.raises(InvalidInput, match="should be 1 to 64 letters from a to z"):
        await users.create_user(server.ctx, name, PASSWORD, "viewer")  # from the command line


@pytest.mark.req("A2")
async def test_names_differ_by_more_than_case(server: Server) -> None:
    async with server.ctx.db.write() as tx:
        await stored_users.add(tx, "Old Näme", "", "viewer", NOON)  # as it could be made once
    for name in ("U-Viewer", "ann.lee+1@example.org"):
        await server.ok("POST", "/users", 201, json={"name": name, "role": "viewer", "password": PASSWORD})
    body = {"name": "u-viewer", "role": "viewer", "password": PASSWORD}
    problem = await server.refused("POST", "/users", 422, json=body)
    assert problem["detail"] == "name: differs only by case from that of the user 'U-Viewer': take another name"
    await server.ok("PATCH", "/users/Old%20N%C3%A4me", json={"role": "supervisor"})
    await server.ok("DELETE", "/users/ann.lee+1@example.org", 204)


@pytest.mark.req("A2")
@pytest.mark.parametrize("change", [{"role": "viewer"}, {"disabled": True}, {"password": NEW}, None], ids=str)
async def test_a_change_ends_the_sessions_at_once(server: Server, change: dict[str, Any] | None) -> None:
    _, headers = await caller(server, "ben")
    _, others = await caller(server, "ann")
    assert await opens(server, headers)
    if change is None:
        await server.ok("DELETE", "/users/ben", 204)
    else:
        await server.ok("PATCH", "/users/ben", json=change)
    assert not await opens(server, headers)
    assert await opens(server, others)


@pytest.mark.req("A2")
async def test_who_is_disabled_does_not_come_in_until_enabled(server: Server) -> None:
    await server.ok("PATCH", "/users/ben", json={"disabled": True})
    assert await users.log_in(server.ctx, "ben", PASSWORD) is None
    await server.ok("PATCH", "/users/ben", json={"disabled": False})
    assert await users.log_in(server.ctx, "ben", PASSWORD)


@pytest.mark.req("A2")
async def test_a_manager_is_always_left_and_nobody_locks_themselves_out(server: Server) -> None:
    _, headers = await caller(server, "ann")
    own: dict[str, Any] = {"role": None, "headers": headers}
    for change in ({"role": "viewer"}, {"disabled": True}, {"password": NEW}):
        await server.refused("PATCH", "/users/ann", 409, json=change, **own)
    await server.refused("DELETE", "/users/ann", 409, **own)
    await server.ok("PATCH", "/users/ben", json={"disabled": True}, **own)
    for method, more in (
        ("PATCH", {"json": {"role": "viewer"}}),
        ("PATCH", {"json": {"disabled": True}}),
        ("DELETE", {}),
    ):
        problem = await server.refused(method, "/users/ann", 409, **more)
        assert "last manager" in problem["detail"]
    await server.ok("PATCH", "/users/ann", json={"password": NEW})


@pytest.mark.req("A2")
async def test_an_open_stream_ends_with_its_session(server: Server) -> None:
    _, headers = await caller(server, "ben")
    response = await server.call("GET", "/live", role=None, headers=headers)
    kept = await server.call("GET", "/live", role="viewer")
    await response.content.readany()
    await server.ok("PATCH", "/users/ben", json={"role": "viewer"})
    assert await ended(response)
    assert not kept.content.at_eof()
    kept.close()


@pytest.mark.req("A2")
async def test_a_stream_ends_when_another_process_has_ended_the_session(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "ADMITTED_S", 0.05)
    monkeypatch.setattr(streams, "LOOK_S", 0.05)
    _, headers = await caller(server, "ben")
    response = await server.call("GET", "/live", role=None, headers=headers)
    await response.content.readany()
    server.ctx.watchers.clear()
    await server.ok("PATCH", "/users/ben", json={"disabled": True})
    assert await ended(response)


async def ended(response: ClientResponse) -> bool:
    """Within ten seconds, by its end or by a connection that is closed."""
    async with asyncio.timeout(60):
        with suppress(ClientPayloadError):
            while await response.content.readany():
                pass
    return True


@pytest.mark.req("A2")
async def test_ones_own_password_and_other_sessions(server: Server) -> None:
    ann, headers = await caller(server, "ann")
    _, elsewhere = await caller(server, "ann")
    for old, new, field in (("wrong", NEW, "old"), (PASSWORD, "eleven char", "new")):
        with pytest.raises(InvalidInput) as refused:
            await staff.change_own_password(server.ctx, ann, old, new, "")
        assert [fault.field for fault in refused.value.faults] == [field]
    assert len(await staff.sessions(server.ctx, "ann")) == 2
    assert await staff.end_others(server.ctx, ann) == 1
    assert (await opens(server, headers), await opens(server, elsewhere)) == (True, False)
    cookie = await staff.change_own_password(server.ctx, ann, PASSWORD, NEW, "192.0.2.1")
    assert not await opens(server, headers), "the cookie is another one"
    found = await users.of_session(server.ctx, cookie)
    assert found
    assert found.csrf != ann.csrf
    assert await users.log_in(server.ctx, "ann", PASSWORD) is None
    assert await users.log_in(server.ctx, "ann", NEW)


@pytest.mark.req("A2")
async def test_ones_own_time_zone(server: Server) -> None:
    ann, _ = await caller(server, "ann")
    with pytest.raises(InvalidInput):
        await staff.set_time_zone(server.ctx, ann, "Mars/Olympus")
    await staff.set_time_zone(server.ctx, ann, "Europe/Berlin")
    again, _ = await caller(server, "ann")
    assert again.time_zone == "Europe/Berlin"
    await staff.set_time_zone(server.ctx, ann, None)
    assert (await staff.get(server.ctx, "ann")).time_zone is None


async def token(server: Server, **body: Any) -> dict[str, str]:
    made = await server.ok("POST", "/tokens", 201, json={"name": "t", "role": "manager", **body})
    return {"Authorization": f"Bearer {made['token']}"}


@pytest.mark.req("A2")
async def test_a_token_is_shown_once_listed_and_revoked(server: Server) -> None:
    headers = await token(server)
    server.clock.advance(minutes=2)
    assert await opens(server, headers)
    server.clock.advance(seconds=30)
    assert await opens(server, headers)
    (mine,) = [one for one in (await server.ok("GET", "/tokens"))["items"] if one["name"] == "t"]
    assert (mine["last_used_at"], mine["rights"]) == ("2026-05-04T12:02:00Z", None)
    assert headers["Authorization"].split()[1] not in str(await server.ok("GET", "/tokens"))
    await server.ok("DELETE", f"/tokens/{mine['id']}", 204)
    assert not await opens(server, headers)
    await server.refused("DELETE", f"/tokens/{mine['id']}", 404)


@pytest.mark.req("A2")
async def test_a_token_with_less_rights_does_no_more(server: Server) -> None:
    headers = await token(server, rights=["read"])
    assert await opens(server, headers)
    refused = await server.refused("POST", "/campaigns", 403, role=None, headers=headers, json={"title": "x"})
    assert "fewer rights" in refused["detail"]
    for path in ("/users", "/tokens", "/audit"):
        await server.refused("GET", path, 403, role=None, headers=headers)
    writer = await token(server, name="w", rights=["write"])
    await server.ok("POST", "/campaigns", 201, role=None, headers=writer, json={"title": "x"})
    await server.refused("GET", "/campaigns", 403, role=None, headers=writer)
    await server.refused("POST", "/users", 403, role=None, headers=writer, json={})
    await server.refused("POST", "/tokens", 422, json={"name": "v", "role": "viewer", "rights": ["write"]})
    await server.refused("POST", "/tokens", 422, json={"name": "v", "role": "viewer", "rights": []})


@pytest.mark.req("A2")
async def test_a_token_for_one_campaign_sees_no_other(server: Server) -> None:
    missing = {"name": "t", "role": "viewer", "campaign_id": 1}
    assert "there is no campaign 1" in (await server.refused("POST", "/tokens", 422, json=missing))["detail"]
    for _ in range(11):
        await server.campaign()
    headers = await token(server, campaign_id=1)
    await server.ok("GET", "/campaigns/1", role=None, headers=headers)
    await server.ok("GET", "/campaigns/1/contacts", role=None, headers=headers)
    for path in ("/campaigns", "/campaigns/2", "/campaigns/11", "/contacts", "/users", "/campaigns/1/../2", "/live"):
        response = await server.call("GET", path, role=None, headers=headers)
        assert response.status == 403, path
    # Under its address, and yet about everybody: a count by a filter tells any field of a contact, letter by letter.
    manager = await token(server, name="m", role="manager", campaign_id=1)
    asked = {"filter": ["first_name:contains:A"]}
    for path in ("/campaigns/1/sources/filter/preview", "/campaigns/1/sources/filter"):
        problem = await server.refused("POST", path, 403, role=None, headers=manager, json=asked)
        assert "a filter asks all contacts" in problem["detail"]


@pytest.mark.req("A2")
async def test_a_token_expires(server: Server) -> None:
    await server.refused(
        "POST", "/tokens", 422, json={"name": "t", "role": "viewer", "expires_at": "2026-05-04T12:00:00Z"}
    )
    headers = await token(server, expires_at="2026-05-04T13:00:00Z")
    assert await opens(server, headers)
    server.clock.advance(hours=1)
    assert not await opens(server, headers)


@pytest.mark.req("A2")
async def test_two_managers_who_demote_each_other_leave_one(server: Server) -> None:
    async def demote(name: str, by: str) -> bool:
        try:
            await staff.edit(server.ctx, name, Change(role="viewer"), by=by)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(demote("ann", "ben"), demote("ben", "ann"))) == [False, True]
