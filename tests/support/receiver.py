"""A receiver of webhooks on loopback: checks signatures by itself, and answers in whatever way a test wants."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["Idempotency-Key"]

    def is_signed_with(self, secret: str) -> bool:
        """As docs/how-to/webhooks.md tells receivers to do it."""
        fields = dict(part.split("=", 1) for part in self.headers["X-Dialer-Signature"].split(","))
        told = hmac.new(secret.encode(), fields["t"].encode() + b"." + self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(told, fields["v1"])


@dataclass
class Receiver:
    """`answering` is asked for each answer; `gone` counts senders who left before it was given."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answering: Answering | None = None
    gone: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.received.append(Received(request.method, request.raw_path, dict(request.headers), body))
        try:
            return await self.answering(request) if self.answering else web.Response(text="gold")
        except asyncio.CancelledError:
            self.gone += 1
            raise


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()
