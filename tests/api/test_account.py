"""My account over the API: who asks, the own password and time zone, the other sessions; a token has none of it."""

from typing import Any

import pytest

from admin import auth
from dialer.operations import audit, users
from dialer.operations.audit import Query
from tests.api.conftest import PASSWORD, Server, fields_of

NEW = f"{PASSWORD}, newer"
CHANGES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PUT", "/account/time-zone", {"time_zone": "Europe/Berlin"}),
    ("PUT", "/account/password", {"old": PASSWORD, "new": NEW}),
    ("DELETE", "/account/sessions", None),
]


async def log_in(server: Server, password: str = PASSWORD) -> dict[str, str]:
    """The headers of a new session's calls."""
    cookie = await users.log_in(server.ctx, "ann", password, "192.0.2.7")
    assert cookie
    return await headers_of(server, cookie)


async def headers_of(server: Server, cookie: str) -> dict[str, str]:
    found = await users.of_session(server.ctx, cookie)
    assert found
    assert found.csrf
    return {"Cookie": f"{auth.COOKIE}={cookie}", auth.CSRF_HEADER: found.csrf}


@pytest.mark.req("A1", "A2")
@pytest.mark.parametrize("role", sorted(users.RIGHTS))
async def test_everybody_is_told_who_asks_and_a_token_changes_nothing(server: Server, role: str) -> None:
    told = await server.ok("GET", "/account", role=role)
    rights = [right for right in users.Right if right in users.RIGHTS[role]]
    assert told == {
        "name": f"ci-{role}", "is_person": False, "role": role, "rights": rights, "campaign_id": None, "expires_at": None,
        "time_zone": None, "sessions": None,
    }  # fmt: skip
    for method, path, body in CHANGES:
        await server.refused(method, path, 403, role=role, json=body)
    await server.refused("GET", "/account", 401, role=None)


@pytest.mark.req("A1", "A2")
async def test_a_person_changes_what_is_their_own(server: Server) -> None:
    await users.create_user(server.ctx, "ann", PASSWORD, "agent")
    elsewhere, mine = await log_in(server), await log_in(server)

    async def account() -> dict[str, Any]:
        told: dict[str, Any] = await server.ok("GET", "/account", role=None, headers=mine)
        return told

    told = await account()
    assert (told["name"], told["is_person"], told["rights"]) == ("ann", True, ["talk"])
    assert {one["address"] for one in told["sessions"]} == {"192.0.2.7"}
    assert sorted(one["this"] for one in told["sessions"]) == [False, True]

    await server.ok("PUT", "/account/time-zone", 204, role=None, headers=mine, json={"time_zone": "Europe/Berlin"})
    assert (await account())["time_zone"] == "Europe/Berlin"
    wrong = await server.refused("PUT", "/account/time-zone", 422, role=None, headers=mine, json={"time_zone": "Mars"})
    assert fields_of(wrong) == {"time_zone"}
    await server.ok("PUT", "/account/time-zone", 204, role=None, headers=mine, json={"time_zone": None})
    assert (await account())["time_zone"] is None

    await server.ok("DELETE", "/account/sessions", 204, role=None, headers=mine)
    assert len((await account())["sessions"]) == 1
    await server.refused("GET", "/account", 401, role=None, headers=elsewhere)

    for body, field in (({"old": NEW, "new": NEW}, "old"), ({"old": PASSWORD, "new": "short"}, "new")):
        assert fields_of(await server.refused("PUT", "/account/password", 422, role=None, headers=mine, json=body)) == {
            field
        }
    changed = await server.call("PUT", "/account/password", role=None, headers=mine, json={"old": PASSWORD, "new": NEW})
    assert changed.status == 204
    assert await users.of_session(server.ctx, mine["Cookie"].partition("=")[2]) is None
    again = await headers_of(server, changed.cookies[auth.COOKIE].value)
    assert (await server.ok("GET", "/account", role=None, headers=again))["name"] == "ann"
    assert await users.log_in(server.ctx, "ann", PASSWORD) is None

    kept = (await audit.page(server.ctx, Query())).items
    assert {(one["who"], one["kind"]) for one in kept if one["action"] == "edit"} == {("ann", "person")}
    assert PASSWORD not in str(kept)


@pytest.mark.req("A2")
async def test_old_passwords_are_guessed_as_slowly_as_at_the_login(server: Server) -> None:
    await users.create_user(server.ctx, "ann", PASSWORD, "viewer")
    mine = await log_in(server)
    statuses = []
    for guess in range(12):
        body = {"old": f"{PASSWORD}{guess}", "new": NEW}
        statuses.append((await server.call("PUT", "/account/password", role=None, headers=mine, json=body)).status)
    assert statuses[0] == 422
    assert statuses[-1] == 429
    right = {"old": PASSWORD, "new": NEW}
    assert (await server.call("PUT", "/account/password", role=None, headers=mine, json=right)).status == 429


@pytest.mark.req("A2")
async def test_without_the_csrf_token_nothing_is_changed(server: Server) -> None:
    await users.create_user(server.ctx, "ann", PASSWORD, "manager")
    mine = await log_in(server)
    del mine[auth.CSRF_HEADER]
    for method, path, body in CHANGES:
        await server.refused(method, path, 403, role=None, headers=mine, json=body)
    assert (await server.ok("GET", "/account", role=None, headers=mine))["time_zone"] is None
