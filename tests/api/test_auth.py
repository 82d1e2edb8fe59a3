"""Who may come in, and who may do what."""

import re
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs
from yarl import URL

from admin import auth
from admin.api.routes import operations
from admin.app import make_app
from admin.keys import IDENTITY
from dialer.domain.errors import InvalidInput
from dialer.operations import users
from dialer.store.tables import api_token, session, user
from tests.api.conftest import PASSWORD, Server

# What is everybody's own stands in test_account.
CALLS = [(one.method, one.path) for one in operations() if not one.public and not one.path.startswith("/account")]
# The manager comes last: what is refused to the others is asked of a store in which nothing was done.
ROLES = (None, *sorted(users.RIGHTS, key=lambda role: role == users.Role.MANAGER))
READS = {"check", "preview"}
OPERATES = {"publish", "unpublish"}
MANAGERS = {"key", "users", "audit", "tokens"}
PART = {"HX-Request": "true"}
MANAGED = ("/check", "/webhooks", "/audit/")


def address(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


@pytest.mark.req("A2")
@pytest.mark.parametrize(("method", "path"), CALLS, ids=str)
async def test_every_call_by_every_role(server: Server, method: str, path: str) -> None:
    """The table of rights, said once more in other words: forbidden calls are refused before anything is looked at."""
    for role in ROLES:
        if not may(role, method, path):
            await server.refused(method, address(path), 401 if role is None else 403, role=role)
        elif path != "/live":  # its stream never ends for those who may read it: test_live has that
            response = await server.call(method, address(path), role=role)
            assert response.status not in {401, 403}, role


def may(role: str | None, method: str, path: str) -> bool:
    last = path.rpartition("/")[2]
    is_talk, managers = path.startswith("/agent/"), MANAGERS | ({last} if path.startswith(MANAGED) else set())
    return {
        None: False,
        "agent": is_talk,
        "manager": True,
        "supervisor": is_talk or (method == "GET" and last not in managers) or last in (READS | OPERATES) - managers,
        "viewer": not is_talk
        and ((method == "GET" and last not in managers | {"evidence", "evidence.csv"}) or last in READS - managers),
    }[role]


@pytest.mark.req("A2")
async def test_without_a_right_token_nothing_is_told(server: Server) -> None:
    response = await server.call("GET", "/campaigns", role=None)
    assert response.headers["WWW-Authenticate"] == "Bearer"
    for header in (
        "Bearer wrong",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        f"Bearer {server.tokens['manager']}x",
        "Bearer \u00e4",
    ):
        await server.refused("GET", "/campaigns", 401, role=None, headers={"Authorization": header})
    await server.refused("GET", "/no/such/thing", 401, role=None)
    await server.refused("GET", "/no/such/thing", 404)


@pytest.mark.req("A2")
async def test_only_digests_are_stored(server: Server) -> None:
    await users.create_user(server.ctx, "ann", PASSWORD, "manager")
    cookie = await users.log_in(server.ctx, "ann", PASSWORD)
    assert cookie
    async with server.ctx.db.read() as tx:
        kept = repr([list(await tx.execute(table.select())) for table in (user, session, api_token)])
    assert "$argon2id$" in kept
    assert not any(secret in kept for secret in (PASSWORD, cookie, *server.tokens.values()))


@pytest.mark.req("A2")
async def test_users_and_tokens_are_checked(server: Server) -> None:
    with pytest.raises(InvalidInput) as refused:
        await users.create_user(server.ctx, " ", "short", "king")
    assert {fault.field for fault in refused.value.faults} == {"name", "role", "password"}
    await users.create_user(server.ctx, "ann", PASSWORD, "viewer")
    with pytest.raises(InvalidInput, match="already"):
        await users.create_user(server.ctx, "ann", PASSWORD, "viewer")
    with pytest.raises(InvalidInput, match="already"):
        await users.create_token(server.ctx, "ci-manager", "viewer")
    with pytest.raises(InvalidInput, match="role"):
        await users.create_token(server.ctx, "x", "king")


async def test_the_first_user_is_made_once(server: Server) -> None:
    first = await users.ensure_first_user(server.ctx)
    assert first is not None
    assert await users.log_in(server.ctx, *first)
    assert await users.ensure_first_user(server.ctx) is None


async def log_in(server: Server, role: str = "manager") -> tuple[dict[str, str], str]:
    """Cookies and CSRF token of a new session."""
    await users.create_user(server.ctx, f"a-{role}", PASSWORD, role)
    cookie = await users.log_in(server.ctx, f"a-{role}", PASSWORD)
    assert cookie
    caller = await users.of_session(server.ctx, cookie)
    assert caller is not None
    assert caller.csrf
    return {"Cookie": f"{auth.COOKIE}={cookie}"}, caller.csrf


@pytest.mark.req("A2")
async def test_a_session_reads_freely_and_changes_only_with_its_csrf_token(server: Server) -> None:
    cookies, csrf = await log_in(server)
    await server.ok("GET", "/campaigns", role=None, headers=cookies)
    body = {"title": "x"}
    await server.refused("POST", "/campaigns", 403, role=None, headers=cookies, json=body)
    for wrong in ("", "wrong", csrf[:-1], "ä"):
        await server.refused(
            "POST", "/campaigns", 403, role=None, headers={**cookies, auth.CSRF_HEADER: wrong}, json=body
        )
    await server.ok("POST", "/campaigns", 201, role=None, headers={**cookies, auth.CSRF_HEADER: csrf}, json=body)
    for site in ("cross-site", "same-site"):
        cross = {**cookies, auth.CSRF_HEADER: csrf, "Sec-Fetch-Site": site}
        await server.refused("POST", "/campaigns", 403, role=None, headers=cross, json=body)


@pytest.mark.req("A2")
async def test_who_is_refused_stands_in_the_log(server: Server) -> None:
    """With who and from where, and without what was tried."""
    await users.create_user(server.ctx, "ann", PASSWORD, "viewer")
    with capture_logs() as logged:
        await server.refused("POST", "/campaigns", 403, role="viewer", json={"title": "x"})
        bad = {"Authorization": "Bearer dlr_secret"}
        await server.refused("GET", "/campaigns", 401, role=None, headers=bad)
        await server.refused("GET", "/campaigns", 401, role=None)  # nobody tried anything
        for password, status in (*[("secret", 401)] * 5, ("secret", 429), (PASSWORD, 429)):
            login = {"name": "ann", "password": password}
            assert (await server.client.post("/login", data=login, allow_redirects=False)).status == status
    told = [(one["status"], one["path"], one.get("who"), one["client"]) for one in logged if one["event"] == "refused"]
    assert told == [
        (403, "/api/v1/campaigns", "ci-viewer", "127.0.0.1"),
        (401, "/api/v1/campaigns", None, "127.0.0.1"),
        *[(401, "/login", None, "127.0.0.1")] * 5,
        *[(429, "/login", None, "127.0.0.1")] * 2,
    ]
    assert not [secret for secret in ("secret", PASSWORD, server.tokens["viewer"]) if secret in str(logged)]


@pytest.mark.req("A2")
async def test_another_site_logs_nobody_in(server: Server) -> None:
    """By a form of its own, with a name and a password that it knows. Over plain HTTP browsers send `Origin` only."""
    await users.create_user(server.ctx, "mallory", PASSWORD, "manager")
    here = f"http://127.0.0.1:{server.client.port}"

    async def enters(**headers: str) -> int:
        login = {"name": "mallory", "password": PASSWORD}
        return (await server.client.post("/login", data=login, headers=headers, allow_redirects=False)).status

    for origin in (
        "http://evil.example",
        "null",
        "http://[",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
    ):
        assert await enters(Origin=origin) == 403, origin
    assert await enters(Origin="https://crm.dialer.example", **{"Sec-Fetch-Site": "same-site"}) == 403
    assert await enters() == 303
    assert await enters(Origin=here) == 303
    # A proxy that changes the `Host`, and a browser that knows better.
    assert await enters(Origin="https://dialer.example", **{"Sec-Fetch-Site": "same-origin"}) == 303


@pytest.mark.req("A2")
async def test_a_session_lasts_as_long_as_it_is_used(server: Server) -> None:
    cookies, _ = await log_in(server)
    for _ in range(3):
        server.clock.advance(hours=11)
        await server.ok("GET", "/campaigns", role=None, headers=cookies)
    server.clock.advance(hours=12, seconds=1)
    await server.refused("GET", "/campaigns", 401, role=None, headers=cookies)


@pytest.mark.req("A2")
async def test_logging_out_ends_the_session(server: Server) -> None:
    cookies, _ = await log_in(server)
    await users.log_out(server.ctx, cookies["Cookie"].partition("=")[2])
    await server.refused("GET", "/campaigns", 401, role=None, headers=cookies)


class Pages:
    """Pages as small as they can be, to try what stands around them."""

    def __init__(self, server: Server) -> None:
        self.app = make_app(server.ctx, server.live)
        for resource in ("/probe", "/probe/publish"):
            self.app.router.add_route("*", resource, self.probe)
        self.app.router.add_post("/probe-login", self.login)

    async def probe(self, request: web.Request) -> web.Response:
        form = await request.post()
        return web.Response(text=f"{request[IDENTITY].name} {form.get('title', '')}")

    async def login(self, request: web.Request) -> web.Response:
        form = await request.post()
        response = web.Response()
        auth.set_cookie(request, response, await auth.login(request, str(form["name"]), str(form["password"])))
        return response


@pytest.mark.req("A2")
async def test_a_session_that_ended_in_mid_form_leads_back_to_the_page_of_the_form(server: Server) -> None:
    client, here = server.client, f"http://127.0.0.1:{server.client.port}"

    async def back(path: str, **headers: str) -> str:
        """Where the login leads after a POST without a session."""
        sent = await client.post(path, headers={"Authorization": "", **headers}, allow_redirects=False)
        to = sent.headers.get("HX-Redirect") or sent.headers["Location"]
        return str(URL(to).query["next"])

    page = "/contacts/1/edit?back=%2Fcontacts"
    assert await back("/contacts/1/edit", Referer=f"{here}{page}") == page
    assert await back("/contacts/1/delete", Referer=f"{here}/contacts/1") == "/contacts/1"
    assert await back("/campaigns/1/settings/check", **PART, **{"HX-Current-URL": f"{here}/campaigns/1/settings"}) == (
        "/campaigns/1/settings"
    )
    # Nothing of another site, and nothing that could be taken for one.
    for foreign in (
        "http://evil.example/contacts/2",
        "http://evil.example:80",
        "http://[",
        "javascript:1",
        "",
        "//evil/x",
    ):
        assert await back("/contacts/1/edit?a=1", Referer=foreign) == "/contacts/1/edit?a=1", foreign
        assert await back("/contacts/1/delete", Referer=foreign) == "/", foreign
        assert await back("/contacts/1/edit", **PART, **{"HX-Current-URL": foreign}) == "/", foreign
    for hostile in (f"{here}//evil.example/x", f"{here}/\\evil.example"):
        assert await back("/contacts/1/delete", Referer=hostile) == "/", hostile


@pytest.mark.req("A2")
async def test_pages_send_to_the_login_and_take_forms_with_a_token(server: Server, aiohttp_client) -> None:  # noqa: ANN001
    client = await aiohttp_client(Pages(server).app)
    away = await client.get("/probe?a=1", allow_redirects=False)
    assert (away.status, away.headers["Location"]) == (303, "/login?next=/probe?a%3D1")
    part = await client.get("/probe", headers={"HX-Request": "true"}, allow_redirects=False)
    assert part.headers["HX-Redirect"] == "/login?next=%2F"
    cookies, csrf = await log_in(server)
    assert (await client.post("/probe", headers=cookies, data={"title": "x"})).status == 403
    done = await client.post("/probe", headers=cookies, data={"title": "x", "csrf": csrf})
    assert (done.status, await done.text()) == (200, "a-manager x")
    missing = await client.get("/missing", headers=cookies)
    assert missing.status == 404
    assert "script-src" not in missing.headers["Content-Security-Policy"]
    assert missing.headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert missing.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.req("A2")
async def test_roles_hold_on_pages_too(server: Server, aiohttp_client) -> None:  # noqa: ANN001
    client = await aiohttp_client(Pages(server).app)
    for role, saves, publishes in (("viewer", 403, 403), ("supervisor", 403, 200), ("manager", 200, 200)):
        cookies, csrf = await log_in(server, role)
        headers = {**cookies, auth.CSRF_HEADER: csrf}
        assert (await client.get("/probe", headers=headers)).status == 200
        assert (await client.post("/probe", headers=headers)).status == saves
        assert (await client.post("/probe/publish", headers=headers)).status == publishes


@pytest.mark.req("A2")
async def test_guessing_passwords_is_slow(server: Server, aiohttp_client) -> None:  # noqa: ANN001
    pages = Pages(server)
    auth_public = "/probe-login"
    client = await aiohttp_client(pages.app)
    cookies, csrf = await log_in(server)
    headers = {**cookies, auth.CSRF_HEADER: csrf}

    async def attempt(password: str) -> tuple[int, str | None]:
        form = {"name": "a-manager", "password": password}
        response = await client.post(auth_public, headers=headers, data=form)
        return response.status, response.headers.get("Retry-After")

    assert [(await attempt("wrong"))[0] for _ in range(5)] == [401] * 5
    assert await attempt(PASSWORD) == (429, "300")
    server.clock.advance(minutes=5, seconds=1)
    assert (await attempt(PASSWORD))[0] == 200
    client.session.cookie_jar.clear()
    again = await users.log_in(server.ctx, "a-manager", PASSWORD) or ""  # the login has ended the session before it
    caller = await users.of_session(server.ctx, again)
    headers |= {"Cookie": f"{auth.COOKIE}={again}", auth.CSRF_HEADER: (caller and caller.csrf) or ""}
    assert [(await attempt("wrong"))[0] for _ in range(5)] == [401] * 5


async def test_the_cookie_is_kept_from_scripts_and_other_sites(server: Server, aiohttp_client) -> None:  # noqa: ANN001
    client = await aiohttp_client(Pages(server).app)
    cookies, csrf = await log_in(server)
    form = {"name": "a-manager", "password": PASSWORD}
    response = await client.post("/probe-login", headers={**cookies, auth.CSRF_HEADER: csrf}, data=form)
    cookie = response.cookies[auth.COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["secure"]


@pytest.mark.req("A2")
async def test_a_cookie_from_before_the_login_is_not_kept(server: Server) -> None:
    """Session fixation: neither one that somebody made up, nor one of a session that was open, is good afterwards."""
    await users.create_user(server.ctx, "ann", PASSWORD, "manager")
    old = await users.log_in(server.ctx, "ann", PASSWORD)
    form = {"name": "ann", "password": PASSWORD}
    for planted in ("planted-by-somebody", old):
        assert planted
        async with TestClient(TestServer(make_app(server.ctx, server.live))) as client:
            given = {"Cookie": f"{auth.COOKIE}={planted}"}
            caller = await users.of_session(server.ctx, planted)
            sent = {**form, "csrf": caller.csrf or ""} if caller else form
            response = await client.post("/login", data=sent, headers=given, allow_redirects=False)
        assert response.status == 303
        assert response.cookies[auth.COOKIE].value not in {planted, ""}
        assert await users.of_session(server.ctx, planted) is None


@pytest.mark.req("A2")
@pytest.mark.parametrize("secure", [False, True])
async def test_the_attributes_of_the_cookie(server: Server, secure: bool) -> None:
    http = server.ctx.settings.http.model_copy(update={"secure_cookies": secure})
    server.ctx.settings = server.ctx.settings.model_copy(update={"http": http})
    await users.create_user(server.ctx, "ann", PASSWORD, "viewer")
    async with TestClient(TestServer(make_app(server.ctx, server.live))) as client:
        form = {"name": "ann", "password": PASSWORD}
        cookie = (await client.post("/login", data=form, allow_redirects=False)).cookies[auth.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert bool(cookie["secure"]) is secure
    assert (cookie["max-age"], cookie["expires"], cookie["domain"]) == ("", "", ""), "as long as the browser is open"
    assert len(cookie.value) >= 43, "256 bits"


@pytest.mark.req("A2")
async def test_a_trusted_proxy_says_who_logs_in(server: Server) -> None:
    await users.create_user(server.ctx, "ann", PASSWORD, "viewer")
    form, said = {"name": "ann", "password": "wrong password"}, {"X-Forwarded-For": "203.0.113.5, 198.51.100.9"}
    for trusted, expected in (((), "127.0.0.1"), (("127.0.0.0/8",), "198.51.100.9")):
        http = server.ctx.settings.http.model_copy(update={"trusted_proxies": trusted})
        server.ctx.settings = server.ctx.settings.model_copy(update={"http": http})
        async with TestClient(TestServer(make_app(server.ctx, server.live))) as client:
            await client.post("/login", data=form, headers=said)
        assert (await server.ok("GET", "/audit?limit=10"))["items"][0]["address"] == expected


async def test_expired_sessions_are_dropped_at_the_next_login(server: Server) -> None:
    await log_in(server)
    server.clock.now += timedelta(days=1)
    assert await users.log_in(server.ctx, "a-manager", PASSWORD)
    async with server.ctx.db.read() as tx:
        assert len(list(await tx.execute(session.select()))) == 1


async def test_problems_name_no_internals(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail at /some/path")

    monkeypatch.setattr("dialer.operations.reports.campaigns_page", broken)
    problem = await server.refused("GET", "/campaigns", 500)
    assert "secret" not in str(problem)
    problem = await server.refused("PUT", "/campaigns", 405)
    assert "POST" in problem["detail"]
    # The log has the address as it was sent: no line that begins in it, nothing that a terminal obeys.
    monkeypatch.setattr("dialer.operations.gateways.get", broken)
    with capture_logs() as logged:
        address = server.client.make_url("/").with_path("/gateways/a%0Ab%1B%5B2J", encoded=True)
        token = {"Authorization": f"Bearer {server.tokens['manager']}"}
        assert (await server.client.session.get(address, headers=token)).status == 500
    assert [line["path"] for line in logged] == ["/gateways/a%0Ab%1B%5B2J"]
