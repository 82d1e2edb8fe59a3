"""Sends one request to the outside and reads as much of the answer as is wanted. Nothing is followed, kept or tried again."""

import asyncio
import socket
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self, cast

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from dialer.domain.said import Said, marked
from dialer.domain.template import without_controls
from dialer.domain.web_address import WebAddress, read_web_address, why_not_allowed, why_not_reached
from dialer.web.signature import HEADER, signature

MOST_READ = 16_384  # bytes of a response: 4,000 characters, whatever they are
MOST_LOOKUPS = 32  # of names at the same time; more wait their turn, within their webhook's time limit
_OK = range(200, 300)
_REDIRECTS = range(300, 400)
# Others are slow to decode, or no encodings of text at all.
_CHARSETS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252", "utf-16"})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request; `key` is by what the receiver knows it when it comes again."""

    method: str
    url: str
    body: str
    content_type: str
    key: str
    timeout_s: float
    signing_key: str | None = None  # in place of the client's own


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: `text` is the beginning of a response with success, `reason` says what is wrong else.

    Without a `status` there was no answer, or nothing was sent. `retry_after`: the header of one without success.
    """

    status: int | None = None
    text: str = ""
    reason: str | None = None
    retry_after: str | None = None

    @property
    def ok(self) -> bool:
        return self.reason is None


class NotReachedError(Exception):
    """The address, or what the name resolves to, is none that may be reached."""


class WebClient:
    """`async with`; any number of requests at the same time, each over a connection of its own."""

    def __init__(self, allowed_hosts: Collection[str], *, allow_private: bool, signing_key: str) -> None:
        self._allowed, self._allow_private, self._key = allowed_hosts, allow_private, signing_key
        # A connection goes to the very addresses that were looked at: no cache and no second resolution in between.
        resolver = _CheckedResolver(allow_private=allow_private)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True, limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def send(self, outgoing: Outgoing, at: int) -> Answer:
        """Send it, signed with the time `at` (seconds since 1970). Never raises for what the network or the receiver does."""
        try:
            address = read_web_address(outgoing.url)
        except ValueError as error:
            return Answer(reason=Said("the address %(why)s", why=error.args[0]))
        refusal = why_not_allowed(address.host, self._allowed) or self._why_not_reached(address)
        if refusal:
            return Answer(reason=refusal)
        try:
            async with asyncio.timeout(outgoing.timeout_s):
                return await self._exchange(outgoing, address, at)
        except TimeoutError:
            return Answer(reason=Said("no answer within %(seconds)s s", seconds=f"{outgoing.timeout_s:g}"))
        except NotReachedError as error:
            return Answer(reason=str(error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(
                reason=without_controls(f"{type(error).__name__}: {error}")[:300]
            )  # a receiver's words are in it

    def _why_not_reached(self, address: WebAddress) -> str | None:
        """An address that is written as such is never resolved."""
        return None if address.ip is None else why_not_reached(address.host, allow_private=self._allow_private)

    async def _exchange(self, outgoing: Outgoing, address: WebAddress, at: int) -> Answer:
        body = outgoing.body.encode()
        headers = {
            "User-Agent": "campaign-dialer",
            "Accept-Encoding": "identity",
            "Idempotency-Key": outgoing.key,
            HEADER: signature(outgoing.signing_key or self._key, at, body),
        }
        if body:
            headers["Content-Type"] = outgoing.content_type
        async with self._session.request(
            outgoing.method, _as_read(address), data=body or None, headers=headers, allow_redirects=False,
            skip_auto_headers=("Content-Type",),
        ) as response:  # fmt: skip
            if response.status in _OK:
                return Answer(response.status, await _beginning(response))
            response.close()
            moved = marked("answered %(status)s, and redirects are not followed")
            told = Said(
                moved if response.status in _REDIRECTS else marked("answered %(status)s"), status=response.status
            )
            again = response.headers.get("Retry-After")
            return Answer(response.status, reason=told, retry_after=again)


def _as_read(address: WebAddress) -> URL:
    """Out of its parts, so that nobody reads another host in it than the one that was looked at."""
    path, _, query = address.target.partition("?")
    return URL.build(
        scheme=address.scheme, host=address.host, port=address.port, path=path, query_string=query, encoded=True
    )


async def _beginning(response: aiohttp.ClientResponse) -> str:
    """As much of the body as is wanted; the rest, however long, is not waited for."""
    read = bytearray()
    while len(read) < MOST_READ and (more := await response.content.read(MOST_READ - len(read))):
        read += more
    response.close()
    charset = (response.charset or "utf-8").lower()
    return read.decode(charset if charset in _CHARSETS else "utf-8", errors="replace")


class _CheckedResolver(AbstractResolver):
    """The system's resolver; refuses a name with any address that may not be reached."""

    def __init__(self, *, allow_private: bool) -> None:
        self._lookups, self._allow_private = _Lookups(), allow_private
        self._inner = aiohttp.ThreadedResolver(cast("asyncio.AbstractEventLoop", self._lookups))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for one in found:
            if reason := why_not_reached(one["host"], allow_private=self._allow_private):
                raise NotReachedError(Said("%(host)s is not called: %(why)s", host=host, why=reason))
        return found

    async def close(self) -> None:
        await self._inner.close()
        self._lookups.close()


class _Lookups:
    """As much of a loop as the resolver uses, with threads of its own.

    A lookup goes on for half a minute when no name server answers, however short the webhook's time limit. The loop's
    threads are few, and Asterisk's and the database's names, logins and checks need them.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(MOST_LOOKUPS, thread_name_prefix="webhook-names")

    async def getaddrinfo(self, *args: Any, **options: Any) -> Any:
        return await self._run(partial(socket.getaddrinfo, *args, **options))

    async def getnameinfo(self, *args: Any) -> Any:
        return await self._run(partial(socket.getnameinfo, *args))

    def close(self) -> None:
        """What is being looked up is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, look: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, look)
