"""Every page, and every address of the studio, by every role: the table of rights, said once more route by route."""

import re
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from admin import auth
from admin.app import make_app
from admin.pages.routes import routes as page_routes
from admin.studio.routes import routes as studio_routes
from dialer.operations import users
from tests.api.conftest import PASSWORD, Server

EVERYBODY = """
GET /
POST /logout
GET /account
POST /account/password
POST /account/time-zone
POST /account/sessions
"""
READERS = """
GET /studio/{campaign}
GET /studio/{campaign}/editor/
GET /studio/{campaign}/editor/settings
GET /studio/{campaign}/editor/settings/user
GET /studio/{campaign}/editor/theme
GET /studio/{campaign}/editor/plugins
GET /studio/{campaign}/editor/plugins/messages
GET /studio/{campaign}/editor/nodes
GET /studio/{campaign}/editor/nodes/messages
GET /studio/{campaign}/editor/flows
POST /studio/{campaign}/editor/flows/check
GET /studio/{campaign}/editor/comms
GET /studio/{campaign}/editor/icons
GET /studio/{campaign}/editor/locales/{name}
GET /studio/{campaign}/editor/auth/login
GET /studio/{campaign}/editor/credentials/{type}/{node}
GET /studio/{campaign}/editor/steps.js
GET /studio/{campaign}/editor/core/{name}.js
GET /studio/{campaign}/editor/{name}
GET /campaigns
GET /campaigns/{campaign}
GET /campaigns/{campaign}/live
GET /campaigns/{campaign}/settings
POST /campaigns/{campaign}/settings/check
GET /campaigns/{campaign}/clone
GET /campaigns/{campaign}/contacts
GET /campaigns/{campaign}/replies
GET /campaigns/{campaign}/attempts
GET /campaigns/{campaign}/messages
GET /attempts
GET /messages
GET /campaigns/{campaign}/report
GET /contacts
GET /campaigns/{campaign}/contacts/{contact}
GET /campaigns/{campaign}/contacts/{contact}/why-not
GET /campaigns/{campaign}/contacts/{contact}/live
GET /contacts/{contact}
GET /contacts/{contact}/edit
GET /contact-fields
GET /contact-fields/{name}
GET /do-not-contact
GET /campaigns/{campaign}/sources
POST /campaigns/{campaign}/sources/filter/preview
GET /campaigns/{campaign}/sources/{source}/removal
GET /campaigns/{campaign}/uploads
GET /campaigns/{campaign}/uploads/{upload}
GET /campaigns/{campaign}/uploads/{upload}/look
POST /campaigns/{campaign}/uploads/{upload}/preview
GET /campaigns/{campaign}/strategy
POST /campaigns/{campaign}/strategy/check
GET /campaigns/{campaign}/strategy/steps
GET /campaigns/{campaign}/dry-run
GET /live
GET /live/stream
GET /queues
GET /queues/stream
GET /gateways
GET /gateways/new/{kind}
GET /gateways/{gateway}
GET /gateways/{gateway}/live
GET /api
GET /api/problems
"""
OPERATORS = """
POST /campaigns/{campaign}/publish
POST /campaigns/{campaign}/unpublish
GET /evidence
"""
TALKERS = """
GET /agent
GET /agent/live
POST /agent
POST /agent/{offer}/{answer}
"""
MANAGERS = """
POST /studio/{campaign}/editor/settings/user
POST /studio/{campaign}/editor/flows
POST /studio/{campaign}/editor/draft
DELETE /studio/{campaign}/editor/draft
POST /campaigns
POST /campaigns/{campaign}/settings
POST /campaigns/{campaign}/clone
POST /campaigns/{campaign}/end
POST /campaigns/{campaign}/delete
POST /contacts/{contact}/edit
POST /contacts/{contact}/delete
POST /contacts/bulk
POST /contact-fields
POST /contact-fields/{name}
POST /contact-fields/{name}/delete
POST /do-not-contact
POST /do-not-contact/{entry}/remove
GET /campaigns/{campaign}/sources/key
POST /campaigns/{campaign}/sources/key
POST /campaigns/{campaign}/sources/filter
POST /campaigns/{campaign}/sources/{source}/remove
POST /campaigns/{campaign}/sources/{source}/cancel
POST /campaigns/{campaign}/uploads/{upload}
POST /campaigns/{campaign}/uploads/{upload}/discard
POST /campaigns/{campaign}/strategy
POST /campaigns/{campaign}/strategy/steps
POST /campaigns/{campaign}/dry-run
GET /check
GET /check/found
GET /audit
GET /users
POST /users
GET /users/{user}
POST /users/{user}
POST /users/{user}/password
POST /users/{user}/telephone
POST /users/{user}/delete
GET /tokens
POST /tokens
POST /tokens/{token}/revoke
POST /gateways/new/{kind}
POST /gateways/{gateway}
POST /gateways/{gateway}/delete
POST /gateways/{gateway}/test
POST /gateways/{gateway}/test/look
GET /webhooks
GET /webhooks/new
POST /webhooks/new
GET /webhooks/{webhook}
POST /webhooks/{webhook}
POST /webhooks/{webhook}/delete
POST /webhooks/{webhook}/secret
POST /webhooks/{webhook}/test
POST /webhooks/{webhook}/deliveries/{delivery}/resend
"""
ALLOWED = {
    "manager": (EVERYBODY, READERS, OPERATORS, TALKERS, MANAGERS),
    "supervisor": (EVERYBODY, READERS, OPERATORS, TALKERS),
    "viewer": (EVERYBODY, READERS),
    "agent": (EVERYBODY, TALKERS),
}
#: Before the login.
PUBLIC = {
    "GET /login", "POST /login", "GET /favicon.ico", "GET /static/{name}", "GET /static/texts/{language}.js",
    "GET /static/node-red/{name}",
}  # fmt: skip
NOTHING = "999999999"  # the number of no campaign, contact, user …
SAMPLES = {"upload": "a" * 8, "offer": "0" * 26, "answer": "skip", "name": "none", "kind": "voice"}


def lines(*tables: str) -> set[str]:
    return {line for table in tables for line in table.split("\n") if line}


def served() -> Iterator[str]:
    """`METHOD /path/{of}/{it}` of all pages."""
    app = web.Application()
    app.add_routes([*studio_routes(), *page_routes()])
    for route in app.router.routes():
        if route.method != "HEAD" and route.resource is not None:
            yield f"{route.method} {route.resource.canonical}"


def address(path: str) -> str:
    for name in re.findall(r"\{(\w+)\}", path):
        path = path.replace(f"{{{name}}}", SAMPLES.get(name, NOTHING))
    return path


@pytest.mark.req("A2")
def test_the_table_has_every_page() -> None:
    table = [line for one in (EVERYBODY, READERS, OPERATORS, TALKERS, MANAGERS) for line in lines(one)]
    assert sorted(served()) == sorted([*table, *PUBLIC])


@pytest.mark.req("A2")
@pytest.mark.parametrize("role", users.RIGHTS)
async def test_every_page_by_every_role(server: Server, role: str) -> None:
    """As a person with a session of their own; what is forbidden is refused before anything is looked at."""
    allowed, wrong = lines(*ALLOWED[role]), []
    await users.create_user(server.ctx, "ann", PASSWORD, role)
    async with TestClient(TestServer(make_app(server.ctx, server.live))) as client:
        for route in sorted(set(served()) - PUBLIC):
            method, _, path = route.partition(" ")
            status = await ask(server, client, method, address(path))
            if (status != 403) is not (route in allowed) or status in {401, 500}:
                wrong.append((route, status))
    assert wrong == []


async def ask(server: Server, client: TestClient[web.Request, web.Application], method: str, path: str) -> int:
    """By a new session each time: some of these end it."""
    cookie = await users.log_in(server.ctx, "ann", PASSWORD)
    assert cookie
    caller = await users.of_session(server.ctx, cookie)
    assert caller
    headers = {"Cookie": f"{auth.COOKIE}={cookie}", auth.CSRF_HEADER: str(caller.csrf)}
    async with client.request(method, path, headers=headers, allow_redirects=False) as response:
        response.close()  # some are streams
        return response.status


@pytest.mark.req("A2")
async def test_nobody_sees_a_page_before_the_login(server: Server) -> None:
    async with TestClient(TestServer(make_app(server.ctx, server.live))) as client:
        for route in sorted(set(served()) - PUBLIC):
            method, _, path = route.partition(" ")
            async with client.request(method, address(path), allow_redirects=False) as response:
                assert response.status in {303, 401}, route
                if response.status == 303:
                    assert response.headers["Location"].startswith("/login"), route
        for route in sorted(PUBLIC):
            method, _, path = route.partition(" ")
            async with client.request(method, address(path), allow_redirects=False) as response:
                assert "/login?" not in response.headers.get("Location", ""), route


@pytest.mark.req("A2")
async def test_a_token_has_no_account(server: Server) -> None:
    async with TestClient(TestServer(make_app(server.ctx, server.live))) as client:
        headers = {"Authorization": f"Bearer {server.tokens['manager']}"}
        for method, path in (("GET", "/account"), ("POST", "/account/password"), ("POST", "/account/sessions")):
            assert (await client.request(method, path, headers=headers)).status == 403
