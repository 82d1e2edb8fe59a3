"""Attacks that are tried and refused: paths out of the served folders, headers through names, foreign ways after a login."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from yarl import URL

from admin.api import csv_stream
from admin.api.routes import operations
from admin.auth import COOKIE
from dialer.operations import importing, users
from tests.api.conftest import PASSWORD, Server
from tests.api.test_pages import Browser, campaign_with_contacts, manager
from tests.api.test_sources import CSV, load

__all__ = ["manager"]

pytestmark = pytest.mark.req("A2")

OUT = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//", "%252e%252e%252f", "..%00/", "%c0%ae%c0%ae/")
TARGETS = ("etc/passwd", "pyproject.toml", "config/settings.py")
FOLDERS = (
    "/static/",
    "/static/vendor/",
    "/static/node-red/",
    "/static/studio/",
    "/studio/1/",
    "/studio/1/icons/node-red/",
)


@pytest.mark.parametrize("folder", FOLDERS)
async def test_no_path_leads_out_of_what_is_served(manager: Browser, folder: str) -> None:
    """As they are written: what a client would tidy up first is sent raw."""
    await manager.server.campaign()
    for step in OUT:
        for target in TARGETS:
            for path in (f"{folder}{step * 8}{target}", f"{folder}app.css/{step * 8}{target}", f"{folder}/{target}"):
                url = URL(f"http://127.0.0.1:{manager.server.client.port}{path}", encoded=True)
                async with manager.server.client.session.get(url, allow_redirects=False) as response:
                    body = await response.read()
                assert response.status in {303, 400, 404}, (path, response.status)
                assert b"root:" not in body
                assert b"[project]" not in body
                assert b"class Settings" not in body


async def raw(server: Server, request: bytes) -> bytes:
    """What the server answers to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.client.port)
    writer.write(request)
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    return answer


async def test_a_request_line_that_leads_out_is_refused(server: Server) -> None:
    for path in (
        b"/static/../../../../etc/passwd",
        b"//etc/passwd",
        b"/static//etc/passwd",
        b"http://evil.example/static/app.css",
    ):
        answer = await raw(server, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert b"root:" not in answer
        assert answer.split()[1] in {b"303", b"400", b"404", b"200"}
        assert b"Location: http" not in answer


async def test_nothing_of_another_campaign_is_found_under_this_one(server: Server) -> None:
    """By ids that are there, of the campaign 1: whoever guesses them under 2 finds nothing and changes nothing."""
    for _ in range(2):
        await server.campaign()
    source = (await load(server, "/campaigns/1"))["id"]
    kept = await server.ok("POST", "/campaigns/1/uploads", 201, data=b"phone\n+4930123456\n", headers=CSV)
    for method, path in (
        ("GET", "contacts/1"), ("GET", "contacts/1/trail"), ("GET", "contacts/1/why-not"), ("GET", f"sources/{source}"),
        ("GET", f"sources/{source}/refused.csv"), ("GET", f"sources/{source}/removal"), ("DELETE", f"sources/{source}"),
        ("POST", f"sources/{source}/cancel"), ("DELETE", f"uploads/{kept['id']}"),
    ):  # fmt: skip
        assert (await server.call(method, f"/campaigns/2/{path}")).status == 404, path
        if method == "GET":
            assert (await server.call(method, f"/campaigns/1/{path}")).status == 200, path
    for path, said in ((f"sources?upload={kept['id']}", b""), (f"uploads/{kept['id']}/preview", b"{}")):
        kind = CSV if said == b"" else {"Content-Type": "application/json"}
        assert (await server.call("POST", f"/campaigns/2/{path}", data=said, headers=kind)).status == 404, path
    assert (await server.ok("GET", "/campaigns/2/contacts"))["total"] == 0
    assert (await server.ok("GET", "/campaigns/2/uploads"))["items"] == []
    assert len((await server.ok("GET", "/campaigns/1/uploads"))["items"]) == 1


FORM, PART = "application/x-www-form-urlencoded", "multipart/form-data"
PARTS = f"{PART}; boundary=x"


def part(*headers: bytes, body: bytes = b"ann") -> bytes:
    head = b"".join(header + b"\r\n" for header in (b'Content-Disposition: form-data; name="name"', *headers))
    return b"--x\r\n" + head + b"\r\n" + body + b"\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (f"{FORM}; charset=bogus", b"name=a"), (f"{FORM}; charset=rot13", b"name=a"), (FORM, b"name=\xff\xfe"),
        (f"{FORM}; charset=unicode_escape", b"name=\\ud800"), (PART, b"x"), (PARTS, b"x"), (PARTS, b"--x\r\n\r\na\r\n--x--"),
        (PARTS, part(b"Content-Type: text/plain; charset=bogus")), (PARTS, part(b"Content-Transfer-Encoding: bogus")),
        (PARTS, part(b"Content-Type: text/plain; charset=unicode_escape", body=b"\\ud800")), (PARTS, part(body=b"\xff")),
        (PARTS, b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\n--y--\r\n--x--\r\n"),
        (f"{PART}; boundary={'x' * 100}", b"--x\r\n"),
    ],
)  # fmt: skip
async def test_a_form_that_cant_be_read_is_refused_and_no_fault_of_ours(server: Server, kind: str, body: bytes) -> None:
    """Before anybody is logged in: each was a traceback in the log for whoever sent it."""
    response = await server.client.post("/login", data=body, headers={"Content-Type": kind}, allow_redirects=False)
    assert response.status == 400
    assert "can&#39;t be read" in await response.text()


async def test_no_answer_tells_the_versions_of_what_the_server_is_made_of(server: Server) -> None:
    for path in ("/login", "/api/v1/campaigns", "/static/app.css", "/healthz"):
        response = await server.client.get(path)
        assert response.headers["Server"] == "campaign-dialer", path


INJECTED = "x.csv\r\nSet-Cookie: dialer_session=evil\r\n\r\n<script>alert(1)</script>"


async def test_a_file_name_makes_no_header_and_no_markup(manager: Browser) -> None:
    server = manager.server
    campaign = (await server.campaign())["id"]
    for name in (INJECTED, 'a"; filename="evil.html', "../../evil.csv", "a\0b.csv"):
        url = f"/campaigns/{campaign}/sources?{URL.build(query={'name': name}).raw_query_string}"
        headers = {"Content-Type": "text/csv"}
        response = await server.call("POST", url, data=b"first_name,phone\nAnn,+4930123456\nBad,1\n", headers=headers)
        assert "Set-Cookie" not in response.headers
        if response.status == 202:
            source = (await response.json())["id"]
            await importing.run(server.ctx, source)
            file = await server.call("GET", f"/campaigns/{campaign}/sources/{source}/refused.csv")
            assert file.headers.get("Content-Disposition") == f'attachment; filename="refused-{source}.csv"'
            assert file.content_type == "text/csv"
        else:
            assert response.status == 422
    page = await manager.get(f"/campaigns/{campaign}/sources")
    assert "<script>alert" not in page
    assert not list(server.ctx.settings.data_dir.parent.rglob("evil*"))


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)",
        "/x\r\nSet-Cookie: a=b", "/\u2028", "\\\\evil.example", " /x", "/%0d%0aSet-Cookie:a=b",
    ],
)  # fmt: skip
async def test_after_the_login_nobody_is_led_away_and_no_header_is_set(server: Server, wanted: str) -> None:
    await users.create_user(server.ctx, "ann", PASSWORD, "manager")
    login = {"name": "ann", "password": PASSWORD, "next": wanted}
    response = await server.client.post("/login", data=login, allow_redirects=False)
    assert response.status == 303
    location = response.headers["Location"]
    assert location == "/" or location.startswith("/%0d%0a"), location
    assert set(response.cookies) == {COOKIE}


async def test_a_cookie_from_before_the_login_is_not_taken_over(server: Server) -> None:
    await users.create_user(server.ctx, "ann", PASSWORD, "manager")
    planted = "A" * 43
    response = await server.client.post(
        "/login",
        data={"name": "ann", "password": PASSWORD},
        headers={"Cookie": f"{COOKIE}={planted}"},
        allow_redirects=False,
    )
    assert response.cookies[COOKIE].value not in {"", planted}
    server.client.session.cookie_jar.clear()
    left = await server.client.get("/campaigns", headers={"Cookie": f"{COOKIE}={planted}"}, allow_redirects=False)
    assert left.status == 303


async def test_a_file_that_breaks_off_is_followed_by_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second answer on the connection would be taken for the rest of the file, or for the answer to the next request."""
    campaign = (await server.campaign())["id"]
    source = (await load(server, f"/campaigns/{campaign}"))["id"]

    async def broken(*_: object) -> AsyncIterator[tuple[int, list[str], str]]:
        yield 1, ["Ann"], "x" * (1 << 17)
        raise RuntimeError("the database is gone")

    monkeypatch.setattr("dialer.operations.sources.refused_rows", broken)
    key = f"Authorization: Bearer {server.tokens['manager']}\r\n".encode()
    path = f"/api/v1/campaigns/{campaign}/sources/{source}/refused.csv".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.client.port)
    for _ in range(2):
        writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n" + key + b"\r\n")
    read = bytearray()
    with suppress(ConnectionResetError):
        async with asyncio.timeout(60):
            while more := await reader.read(1 << 16):
                read += more
    writer.close()
    assert read.startswith(b"HTTP/1.1 200 ")
    assert read.count(b"HTTP/1.1") == 1
    assert not read.endswith(b"0\r\n\r\n"), "it must not look complete"


IS_NUMBER = re.compile(r"[+-]\d+")  # no formula
FORMULAS = ("=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", '=HYPERLINK("http://evil")')


async def test_every_cell_of_every_file_is_looked_at(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file goes another way than the contacts below."""
    campaign = await campaign_with_contacts(server)
    monkeypatch.setattr("admin.api.csv_stream.neutral", lambda cell: f"looked at {cell}")
    files = [one.path for one in operations() if one.answers == csv_stream.ANSWERS]
    assert len(files) > 10
    for path in files:
        address = path.format(campaign_id=campaign.rpartition("/")[2], source_id=1, table="steps")
        response = await server.call("GET", address, params={"number": "+4930123456"} if "evidence" in path else {})
        assert response.status == 200, path
        rows = list(csv.reader(io.StringIO(await response.text())))
        assert rows[0]
        assert all(cell.startswith("looked at ") for row in rows for cell in row), path


async def test_no_exported_cell_is_a_formula(server: Server) -> None:
    campaign = (await server.campaign())["id"]
    text = io.StringIO()
    csv.writer(text).writerows(
        [["first_name", "phone", "note"], *([f, f"+49301234{i:03}", f] for i, f in enumerate(FORMULAS))]
    )
    made = await server.ok(
        "POST",
        f"/campaigns/{campaign}/sources?name=a.csv",
        202,
        data=text.getvalue().encode(),
        headers={"Content-Type": "text/csv"},
    )
    await importing.run(server.ctx, made["id"])
    response = await server.call("GET", f"/campaigns/{campaign}/contacts/export.csv")
    rows = list(csv.reader(io.StringIO(await response.text())))
    assert len(rows) == len(FORMULAS) + 1
    for row in rows:
        assert not [
            cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not IS_NUMBER.fullmatch(cell)
        ], row
