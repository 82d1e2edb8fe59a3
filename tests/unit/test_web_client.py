"""One request to the outside: signed, bounded, never followed, and never to where nobody may send."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from typer.testing import CliRunner

from dialer.cli import cli
from dialer.web.client import MOST_READ, Answer, Outgoing, WebClient
from dialer.web.signature import signature
from tests.support.receiver import Receiver, receiver

SECRET = "a secret of the receivers"
AT = 1_777_885_200
HOSTS = frozenset({"127.0.0.1", "localhost", "hooks.example", "*.hooks.example", "::1"})


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


async def send(
    url: str,
    *,
    body: str = "",
    method: str = "POST",
    timeout_s: float = 5,
    allow_private: bool = True,
    hosts: object = HOSTS,
) -> Answer:
    outgoing = Outgoing(method, url, body, "application/json", "4711", timeout_s)
    async with WebClient(hosts, allow_private=allow_private, signing_key=SECRET) as client:  # type: ignore[arg-type]
        return await client.send(outgoing, AT)


@pytest.mark.req("S3")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_the_receiver_sees_what_was_meant_and_can_prove_it(there: Receiver, method: str) -> None:
    assert await send(f"{there.url}/a%20b%2F?c=%C3%A9", body='{"é": 1}', method=method) == Answer(200, "gold")
    (one,) = there.received
    assert (one.method, one.path, one.body) == (method, "/a%20b%2F?c=%C3%A9", '{"é": 1}'.encode())
    assert one.headers["X-Dialer-Signature"].startswith(f"t={AT},v1=")
    assert one.is_signed_with(SECRET)
    assert not one.is_signed_with(SECRET + "!")
    assert (one.key, one.headers["Content-Type"], one.headers["Host"]) == (
        "4711", "application/json", f"127.0.0.1:{there.port}",
    )  # fmt: skip


@pytest.mark.req("S3")
def test_the_example_of_the_guide_is_right() -> None:
    guide = Path("docs/how-to/webhooks.md").read_text(encoding="utf-8")
    told = signature("sixteen characters", AT, b'{"n": "P0"}')
    assert f"X-Dialer-Signature: {told}\n" in guide


@pytest.mark.req("S3")
def test_the_command_prints_the_key_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DIALER_DATABASE__URL", f"sqlite+aiosqlite:///{tmp_path}/dialer.db")
    assert CliRunner().invoke(cli, ["migrate"]).exit_code == 0
    first, again = (CliRunner().invoke(cli, ["webhook-secret"]).stdout for _ in range(2))
    assert first == again
    assert len(first.strip()) == 64
    assert (tmp_path / "secret.key").read_text() not in first
    monkeypatch.setenv("DIALER_WEBHOOKS__SECRET", "sixteen characters")
    assert CliRunner().invoke(cli, ["webhook-secret"]).stdout == "sixteen characters\n"


@pytest.mark.req("S3")
async def test_without_a_body_there_is_no_type_of_it(there: Receiver) -> None:
    await send(there.url, method="GET")
    assert "Content-Type" not in there.received[0].headers
    assert there.received[0].is_signed_with(SECRET)


@pytest.mark.req("S3")
@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
async def test_what_is_no_success_is_an_error(there: Receiver, status: int) -> None:
    async def answering(_request: web.Request) -> web.Response:
        return web.Response(status=status, text="sorry")

    there.answering = answering
    assert await send(there.url) == Answer(status, "", f"answered {status}")


@pytest.mark.req("S3")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(there: Receiver, status: int) -> None:
    async def answering(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": f"{there.url}/elsewhere"})

    there.answering = answering
    answer = await send(there.url)
    assert (answer.ok, answer.status) == (False, status)
    assert "redirects are not followed" in (answer.reason or "")
    assert [one.path for one in there.received] == ["/"]


@pytest.mark.req("S3")
async def test_a_receiver_that_does_not_answer_is_not_waited_for(there: Receiver) -> None:
    async def answering(_request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    there.answering = answering
    assert await send(there.url, timeout_s=0.2) == Answer(None, "", "no answer within 0.2 s")


@pytest.mark.req("S3")
async def test_a_body_that_drips_is_not_waited_for(there: Receiver) -> None:
    async def answering(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.02)

    there.answering = answering
    assert (await send(there.url, timeout_s=0.3)).reason == "no answer within 0.3 s"


@pytest.mark.req("S3")
async def test_of_an_endless_body_the_beginning_is_read(there: Receiver) -> None:
    async def answering(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)

    there.answering = answering
    answer = await send(there.url, timeout_s=60)
    assert (answer.ok, answer.text) == (True, "x" * MOST_READ)


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("body", "type_", "text"),
    [
        ("é".encode(), "text/plain", "é"), ("é".encode("latin-1"), "text/plain; charset=iso-8859-1", "é"),
        (b"\xff\x00a", "text/plain", "\ufffd\x00a"), (b"abc", "text/plain; charset=punycode", "abc"),
        (b"abc", "text/plain; charset=nonsense", "abc"), (b"", "application/json", ""),
    ],
)  # fmt: skip
async def test_a_response_is_read_whatever_it_says_it_is(there: Receiver, body: bytes, type_: str, text: str) -> None:
    async def answering(_request: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Type": type_})

    there.answering = answering
    assert (await send(there.url)).text == text


@pytest.mark.req("S3")
async def test_no_cookie_is_kept(there: Receiver) -> None:
    async def answering(_request: web.Request) -> web.Response:
        return web.Response(headers={"Set-Cookie": "a=b"})

    there.answering = answering
    async with WebClient(HOSTS, allow_private=True, signing_key=SECRET) as client:
        for _ in range(2):
            assert (await client.send(Outgoing("GET", there.url, "", "", "1", 5), AT)).ok
    assert all("Cookie" not in one.headers for one in there.received)


@pytest.mark.req("S3")
async def test_nobody_there_and_nonsense_are_errors_in_words() -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"\x00\x01 nonsense\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    answer = await send(f"http://127.0.0.1:{port}/")
    server.close()
    await server.wait_closed()
    nobody = await send(f"http://127.0.0.1:{port}/")
    for one in (answer, nobody):
        assert (one.ok, one.status) == (False, None)
        assert one.reason
        assert "\x00" not in one.reason


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "0.0.0.0", "[::]", "192.168.0.1", "100.100.100.200", "localhost",
    ],
)  # fmt: skip
async def test_private_addresses_are_not_reached_however_they_are_written(there: Receiver, host: str) -> None:
    hosts = {*HOSTS, host.strip("[]")}
    answer = await send(f"http://{host}:{there.port}/", allow_private=False, hosts=hosts)
    assert (answer.ok, answer.status) == (False, None)
    assert "address" in (answer.reason or "") or "names no host" in (answer.reason or "")
    assert there.received == []


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/", "http://[fe80::1]/", "http://0.0.0.0/", "http://224.0.0.1/"]
)
async def test_metadata_and_groups_are_not_reached_although_private_addresses_are(url: str) -> None:
    hosts = {"169.254.169.254", "fe80::1", "0.0.0.0", "224.0.0.1"}
    answer = await send(url, hosts=hosts)
    assert (answer.ok, answer.status) == (False, None)
    assert "address" in (answer.reason or "")


@pytest.mark.req("S3")
@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["169.254.169.254"], ["::1"]])
async def test_a_name_is_refused_for_what_it_resolves_to(
    there: Receiver, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def resolve(_self: object, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, object]]:
        asked.append(host)
        return [
            {"hostname": host, "host": one, "port": port, "family": family, "proto": 0, "flags": 0} for one in addresses
        ]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    answer = await send(f"http://a.hooks.example:{there.port}/", allow_private=False)
    assert (answer.ok, answer.status) == (False, None)
    assert "a.hooks.example is not called" in (answer.reason or "")
    assert (asked, there.received) == (["a.hooks.example"], [])


@pytest.mark.req("S3")
async def test_each_request_goes_to_what_was_looked_at_for_it(there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to something else the second time (DNS rebinding) is looked at a second time."""
    turns = iter(["127.0.0.1", "169.254.169.254"])

    async def resolve(_self: object, host: str, port: int = 0, family: int = socket.AF_INET) -> list[dict[str, object]]:
        return [{"hostname": host, "host": next(turns), "port": port, "family": family, "proto": 0, "flags": 0}]

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
    async with WebClient(HOSTS, allow_private=True, signing_key=SECRET) as client:
        outgoing = Outgoing("GET", f"http://hooks.example:{there.port}/", "", "", "1", 5)
        answers = [await client.send(outgoing, AT) for _ in range(2)]
    assert [one.ok for one in answers] == [True, False]
    assert "metadata" in (answers[1].reason or "")
    assert len(there.received) == 1


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    "url", ["http://evil.example/", "http://hooks.example.evil.example/", "ftp://hooks.example/", "nonsense"]
)
async def test_a_host_that_is_not_in_the_list_is_not_asked_for(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", None)
    answer = await send(url)
    assert (answer.ok, answer.status) == (False, None)


@pytest.mark.req("S3")
async def test_proxies_of_the_environment_are_not_used(there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await send(there.url)).ok


@pytest.mark.req("S3", "D5")
async def test_names_that_nobody_resolves_keep_nothing_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that is down: the lookups outlive their webhooks, and took all threads that the process has."""
    answers = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers.wait(30) and [])
    try:
        told = await asyncio.gather(*(send("http://hooks.example/", timeout_s=0.2) for _ in range(16)))
        assert {one.reason for one in told} == {"no answer within 0.2 s"}
        async with asyncio.timeout(60):
            assert await asyncio.to_thread(answers.is_set) is False
    finally:
        answers.set()
