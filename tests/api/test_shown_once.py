"""A secret that was just made is shown once, to who made it; a page that is loaded again repeats no form."""

import re

import pytest
from aiohttp import ClientSession, DummyCookieJar
from structlog.testing import capture_logs

from dialer.operations import users
from dialer.store.tables import metadata
from tests.api.conftest import PASSWORD, Server
from tests.api.test_pages import Browser, manager

__all__ = ["manager"]

MADE = 'id="made-token"'


@pytest.mark.req("A2", "A3")
async def test_a_new_token_is_shown_once_and_stands_nowhere_else(server: Server, manager: Browser) -> None:
    await users.create_user(server.ctx, "bob", PASSWORD, "manager")
    bobs = {"Cookie": f"dialer_session={await users.log_in(server.ctx, 'bob', PASSWORD)}"}
    before = len((await server.ok("GET", "/tokens"))["items"])
    with capture_logs() as logged:
        assert await manager.post("/tokens", 303, {"name": "importer", "role": "viewer"}) == "/tokens"
        async with (
            ClientSession(cookie_jar=DummyCookieJar(), headers=bobs) as theirs,
            theirs.get(server.client.make_url("/tokens")) as answer,
        ):
            assert "bob" in (text := await answer.text())
            assert MADE not in text, "another session's"
        page = await manager.get("/tokens")
    assert "The token “importer”" in page
    secret = re.findall(rf"{MADE}>([\w-]+)<", page)[0]
    assert secret not in await manager.get("/tokens")
    assert len((await server.ok("GET", "/tokens"))["items"]) == before + 1
    assert secret not in str(logged)
    async with server.ctx.db.read() as tx:
        rows = [row for table in metadata.sorted_tables for row in (await tx.execute(table.select())).all()]
    assert "importer" in str(rows)
    assert secret not in str(rows)
