import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sms.backoff import Backoff
from sms.gateway import Gateway
from sms.lab.smsc import Smsc, npm, twisted
from sms.receipt import Receipt, Reply
from sms.settings import GatewaySettings, GatewayState
from sms.submission import OutgoingPart, SubmitResult

DEADLINE_S = 60.0


async def until(condition: Callable[[], object], what: str = "the condition") -> None:
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        pytest.fail(f"{what} did not come about in {DEADLINE_S:g} s")


@dataclass
class Esme:
    """A gateway with what it handed over."""

    smsc: Smsc
    settings: GatewaySettings
    receipts: list[Receipt] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    late: list[tuple[str, SubmitResult]] = field(default_factory=list)
    before_receipt: Callable[[], Awaitable[None]] | None = None
    before_late: Callable[[], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        self.gateway = Gateway(
            self.settings,
            on_receipts=self._receipts,
            on_reply=self._reply,
            on_late_response=self._late,
            chance=lambda: 0.0,
        )
        self._refs = 0

    async def _receipts(self, receipts: Sequence[Receipt]) -> None:
        if self.before_receipt:
            await self.before_receipt()
        self.receipts += receipts

    async def _reply(self, reply: Reply) -> None:
        self.replies.append(reply)

    async def _late(self, ref: str, result: SubmitResult) -> None:
        if self.before_late:
            await self.before_late()
        self.late.append((ref, result))

    async def bound(self) -> None:
        await until(lambda: self.gateway.state is GatewayState.BOUND, "the bind")

    async def send(self, text: str, destination: str = "+41791112233", **more: Any) -> list[SubmitResult]:
        """All parts of a text, in order of their numbers, each in a slot of its own."""
        cut = self.gateway.split(text, destination)
        self._refs += 1
        parts = [
            OutgoingPart(
                f"{self._refs}/{part.number}",
                destination,
                part.payload,
                cut.data_coding,
                udh=part.udh,
                tlvs=part.tlvs,
                **more,
            )
            for part in cut.parts
        ]
        return list(await asyncio.gather(*(self.submit(part) for part in parts)))

    async def submit(self, part: OutgoingPart) -> SubmitResult:
        async with self.gateway.slot():
            return await self.gateway.submit(part)


EITHER = pytest.mark.parametrize("smsc", [npm, twisted], indirect=True, ids=["npm", "twisted"])


@pytest.fixture
async def smsc(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Smsc]:
    """The npm package's; with `@EITHER` a test runs against both that the lab has."""
    server = Smsc(tmp_path, command=getattr(request, "param", npm))
    await server.start()
    yield server
    await server.stop()


@asynccontextmanager
async def esme(smsc: Smsc, **settings: Any) -> AsyncIterator[Esme]:
    given = {
        "name": "lab",
        "host": "127.0.0.1",
        "port": smsc.port,
        "system_id": "dialer",
        "password": "secret",
        "sender": "Clinic",
        "reconnect": Backoff(0.05, 0.2),
        "throttle": Backoff(0.2, 1.0),
    }
    client = Esme(smsc, GatewaySettings(**{**given, **settings}))
    running = asyncio.create_task(client.gateway.run())
    try:
        yield client
    finally:
        await client.gateway.stop(2.0)
        await running


Connect = Callable[..., Any]


@pytest.fixture
def connect(smsc: Smsc) -> Connect:
    """`async with connect(window=5) as client:`"""
    return lambda **settings: esme(smsc, **settings)
