"""Connections to the pages and the API: how many there may be, and how long one may take to say what it wants.

aiohttp closes a connection that idles after an answer, but it waits as long for the head of a request, and for any number of
connections. Who opens many and sends a byte now and then would leave nobody else in (slowloris). A connection whose request
is under way, such as a live page's stream, is no concern of this file.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from aiohttp import HttpVersion11, web
from aiohttp.web_protocol import RequestHandler
from multidict import MultiDictProxy

from admin.errors import PROBLEM_JSON, Refused, as_json, is_api, malformed, not_met, unreadable
from admin.problems import type_of
from config.http import Http
from dialer.domain.said import Said
from dialer.domain.template import without_controls

log = structlog.get_logger()

# Instead of the versions of what it is made of.
SERVER = "campaign-dialer"
# A form of a page, as the bodies of the API.
FORM_S = 30.0
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
RETRY_S = 5


class Connection(RequestHandler):
    """One connection, which is closed if the head of a request does not come whole within `http.head_s`."""

    def __init__(self, server: web.Server, http: Http, **options: Any) -> None:
        super().__init__(server, keepalive_timeout=http.idle_s, access_log=None, auto_decompress=False, **options)  # type: ignore[arg-type] # None: none is written
        self._server, self._http = server, http
        self._request_handler = self._handle_met
        self._late: asyncio.TimerHandle | None = None
        self._said_something = self._too_many = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._server.connections) >= self._http.max_connections:
            self._too_many = True
            _say(transport, 503, "Not ready", "there are too many connections", f"Retry-After: {RETRY_S}\r\n")
            transport.close()
            return
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._too_many:
            return
        super().data_received(data)
        waiter = self._waiter
        if self._messages or self._request_in_progress or (waiter is not None and waiter.done()):
            self._head_is_there()
            return
        self._said_something = True
        if self._late is None and waiter is not None:
            self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What was no request, so that no route and no middleware saw it. It is told without what was sent."""
        if status >= 500 or request.writer is None or request.writer.output_size > 0:  # noqa: PLR2004 (a fault of ours)
            return super().handle_error(request, status, exc, message)
        log.info("no request", client=request.remote, error=type(exc).__name__)
        response = as_json(unreadable(exc), {"Server": SERVER})
        response.force_close()
        return response

    async def _handle_met(self, request: web.BaseRequest) -> web.StreamResponse:
        """As the application does, but for what is asked of HTTP itself; aiohttp looks at `Expect` before any middleware."""
        try:
            if request.version > HttpVersion11:
                raise web.HTTPVersionNotSupported
            return await self._server.request_handler(request)
        except (web.HTTPExpectationFailed, web.HTTPVersionNotSupported) as error:
            # Whether the body comes is not known. For a version that it doesn't speak aiohttp adds no such header.
            response = as_json(not_met(error), {"Server": SERVER, "Connection": "close"})
            response.force_close()
            return response

    def _await_head(self) -> None:
        self._late = self._loop.call_later(self._http.head_s, self._close_late)

    def _head_is_there(self) -> None:
        self._said_something = False
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close_late(self) -> None:
        self._late = None
        if self._said_something and self.transport is not None:
            detail = f"the head of the request did not come within {self._http.head_s:g} s"
            _say(self.transport, 408, "Too slow", detail)
        self.force_close()


def _say(transport: asyncio.BaseTransport, status: int, title: str, detail: str, headers: str = "") -> None:
    """A problem, to somebody whose request was not read."""
    if not isinstance(transport, asyncio.WriteTransport):
        return
    body = orjson.dumps({"type": type_of(title), "title": title, "status": status, "detail": detail})
    head = (
        f"HTTP/1.1 {status} {title}\r\nServer: {SERVER}\r\nContent-Type: {PROBLEM_JSON}\r\nContent-Length: {len(body)}\r\n"
        f"{headers}Connection: close\r\n\r\n"
    )
    transport.write(head.encode() + body)


class Site(web.BaseSite):
    """Listens at the address of the settings; `port` 0 takes a free one."""

    def __init__(self, runner: web.AppRunner, http: Http, *, port: int | None = None) -> None:
        super().__init__(runner)
        self._http, self._port = http, http.port if port is None else port

    @property
    def name(self) -> str:
        return f"http://{self._http.host}:{self._port}"

    async def start(self) -> None:
        await super().start()
        loop, server = asyncio.get_running_loop(), self._runner.server
        if server is None:
            raise RuntimeError("the application is not set up")
        self._server = await loop.create_server(
            lambda: Connection(server, self._http, loop=loop), self._http.host, self._port, backlog=self._backlog
        )


@web.middleware
async def timely_forms(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What a page's form says is read before anybody looks at it; the API's bodies have bounds of their own."""
    if request.content_type in FORMS and not is_api(request):
        try:
            async with asyncio.timeout(FORM_S):
                _check_text(await request.post())
        except TimeoutError:
            raise Refused(408, Said("the form did not come within %(seconds)s s", seconds=f"{FORM_S:g}")) from None
        except (ValueError, LookupError, RuntimeError, AssertionError) as error:  # by aiohttp
            raise malformed(
                Said("the form can't be read: %(error)s", error=without_controls(str(error))[:200])
            ) from None
    return await handler(request)


def _check_text(form: MultiDictProxy[Any]) -> None:
    """Raises ValueError for half characters, which a form may have by a charset of its own and no database takes."""
    for value in form.values():
        if isinstance(value, str):
            value.encode()
