"""Connections on sockets: a head that does not come, too many at once, and what goes on for long and must not be cut off."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from admin import connections
from admin.connections import Site, timely_forms
from admin.errors import Refused, as_json
from admin.problems import type_of
from config.http import Http

PATIENCE_S = 60.0  # for what must come
SHORT_S = 0.2
HEAD = b"GET /slowly HTTP/1.1\r\nHost: here\r\n\r\n"

Open = Callable[[], AbstractAsyncContextManager[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def slowly(request: web.Request) -> web.StreamResponse:
    """Longer than a head may take, in two parts."""
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"begun")
    await asyncio.sleep(4 * SHORT_S)
    await response.write(b"done")
    return response


async def form(request: web.Request) -> web.Response:
    return web.Response(text=str((await request.post())["name"]))


@web.middleware
async def told(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except Refused as error:
        return as_json(error.problem)
    return answer


@asynccontextmanager
async def serving(http: Http) -> AsyncIterator[Open]:
    app = web.Application(middlewares=[told, timely_forms])
    app.router.add_get("/slowly", slowly)
    app.router.add_post("/form", form)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await Site(runner, http, port=0).start()
    port = runner.addresses[0][1]

    @asynccontextmanager
    async def opened() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()

    try:
        async with asyncio.timeout(PATIENCE_S):
            yield opened
    finally:
        await runner.cleanup()


def problem(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Connection: close" in head
    return int(head.split()[1]), json.loads(body)


@pytest.mark.req("A4")
async def test_a_head_that_does_not_come_whole_is_not_waited_for() -> None:
    async with serving(Http(head_s=1.5)) as opened, opened() as (reader, writer):
        writer.write(HEAD[:10])
        for _ in range(3):  # a byte now and then makes no difference
            await asyncio.sleep(0.05)
            writer.write(b"x")
        status, told = problem(await reader.read())
        assert (status, told["title"]) == (408, "Too slow")
        assert "1.5 s" in told["detail"]


async def test_who_says_nothing_is_left_without_a_word() -> None:
    async with serving(Http(head_s=SHORT_S)) as opened, opened() as (reader, _):
        assert await reader.read() == b""


async def test_the_second_head_of_a_connection_has_to_come_in_time_too() -> None:
    async with serving(Http(head_s=SHORT_S)) as opened, opened() as (reader, writer):
        writer.write(HEAD)
        await reader.readuntil(b"done\r\n0\r\n\r\n")
        writer.write(HEAD[:10])
        assert problem(await reader.read())[0] == 408


async def test_what_is_under_way_goes_on_and_a_connection_may_rest_longer_than_a_head() -> None:
    async with serving(Http(head_s=SHORT_S)) as opened, opened() as (reader, writer):
        for _ in range(2):
            writer.write(HEAD)
            assert b"begun" in await reader.readuntil(b"done\r\n0\r\n\r\n")
            await asyncio.sleep(2 * SHORT_S)


async def test_a_connection_that_rests_for_long_is_closed() -> None:
    async with serving(Http(head_s=60, idle_s=SHORT_S)) as opened, opened() as (reader, writer):
        writer.write(HEAD)
        await reader.readuntil(b"done\r\n0\r\n\r\n")
        assert await reader.read() == b""


@pytest.mark.req("A4")
async def test_too_many_connections_are_told_so_and_a_free_place_is_taken() -> None:
    async with serving(Http(max_connections=10)) as opened:
        held = [opened() for _ in range(10)]
        streams = [await one.__aenter__() for one in held]
        for reader, writer in streams:
            writer.write(HEAD)
            await reader.readuntil(b"begun")
        async with opened() as (reader, writer):
            writer.write(HEAD)
            status, told = problem(await reader.read())
            assert (status, told["title"]) == (503, "Not ready")
        for one in held:
            await one.__aexit__(None, None, None)
        while True:  # until the server has seen that they left
            async with opened() as (reader, writer):
                writer.write(HEAD)
                if b" 200 " in await reader.readline():
                    break
            await asyncio.sleep(0.05)


@pytest.mark.req("A1")
@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"SECRET / HTTP/1.1\r\nHost: a\r\n\r\n", "no request of HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03SECRET\r\n\r\n", "no request of HTTP"),  # TLS
        (b"GET http://[SECRET/ HTTP/1.1\r\nHost: a\r\n\r\n", "no request of HTTP"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nSECRET", "no request of HTTP"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX-SECRET: " + b"x" * 9000 + b"\r\n\r\n", "longer than what is taken"),
    ],
    ids=["method", "tls", "address", "smuggled", "long"],
)
async def test_what_is_no_request_is_a_problem_that_repeats_nothing(
    sent: bytes, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Http()) as opened, opened() as (reader, writer):
        writer.write(sent)
        answer = await reader.read()
        told = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert (answer.split()[1], told["title"]) == (b"400", "Malformed request")
        assert says in told["detail"]
        assert b"aiohttp" not in answer
        assert b"SECRET" not in answer
    assert not [record for record in caplog.records if record.exc_info]  # no traceback for a port scan


@pytest.mark.req("A1")
@pytest.mark.parametrize(
    ("sent", "status", "title"),
    [
        (b"GET /slowly HTTP/1.1\r\nHost: a\r\nExpect: SECRET\r\n\r\n", 417, "Expectation not met"),
        (b"GET /nowhere HTTP/1.1\r\nHost: a\r\nExpect: SECRET\r\n\r\n", 417, "Expectation not met"),
        (b"POST /form HTTP/1.1\r\nHost: a\r\nExpect: SECRET\r\nContent-Length: 99\r\n\r\n", 417, "Expectation not met"),
        (b"GET /slowly HTTP/2.0\r\nHost: a\r\n\r\n", 505, "Version not taken"),
    ],
)
async def test_what_is_asked_of_http_itself_is_refused_as_a_problem(sent: bytes, status: int, title: str) -> None:
    async with serving(Http()) as opened, opened() as (reader, writer):
        writer.write(sent)
        answer = await reader.read()
        assert b"application/problem+json" in answer
        assert b"SECRET" not in answer
        assert b"aiohttp" not in answer
        seen, told = problem(answer)
        assert (seen, told["status"], told["title"], told["type"]) == (status, status, title, type_of(title))


async def test_a_form_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "FORM_S", SHORT_S)
    head = (
        b"POST /form HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n"
    )
    async with serving(Http()) as opened, opened() as (reader, writer):
        writer.write(head + b"\r\nname=")
        assert b" 408 " in await reader.readline()
    monkeypatch.setattr(connections, "FORM_S", PATIENCE_S)
    async with serving(Http()) as opened, opened() as (reader, writer):
        writer.write(head + b"\r\nname=")
        writer.write(b"Ann")
        assert b" 200 " in await reader.readline()
