"""New texts let receipts that wait go before them, for a short while."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from dialer.domain.transitions import MessageStatus
from dialer.engine import text_log
from dialer.engine.text_log import TextLog
from dialer.operations.message_rows import ReceiptNews, TextIntent

WAIT_S = 60.0
A_RECEIPT = ReceiptNews("gateway", ("7",), "", MessageStatus.DELIVERED, None)
RECEIPTS = [A_RECEIPT] * text_log.MOST


class Written:
    """What was written, in order; receipts take until `open` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.what: list[str] = []
        self.open = asyncio.Event()
        self.tasks: list[asyncio.Task[Any]] = []
        monkeypatch.setattr(text_log.messages, "receipt", self._receipt)
        monkeypatch.setattr(text_log.messages, "intend", self._intend)
        self.log = TextLog(None, start=lambda work, name: self.tasks.append(asyncio.create_task(work, name=name)))

    async def _receipt(self, _ctx: object, receipts: Sequence[ReceiptNews]) -> None:
        await self.open.wait()
        await asyncio.sleep(0)
        self.what.append("receipt" if len(receipts) == 1 else "receipts")

    async def _intend(self, _ctx: object, intents: Sequence[TextIntent]) -> frozenset[str]:
        self.what += ["text" for _ in intents]
        return frozenset(one.message_id for one in intents)

    async def within_time(self, *works: Awaitable[object]) -> None:
        async with asyncio.timeout(WAIT_S):
            await asyncio.gather(*works)


@pytest.fixture
async def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    return Written(monkeypatch)


async def one_after_the_other(receive: Callable[[Sequence[ReceiptNews]], Awaitable[None]], times: int) -> None:
    for _ in range(times):
        await receive(RECEIPTS)


def text() -> TextIntent:
    return TextIntent("01", None, "gateway", "Clinic", "Hello", "gsm7", 1)


@pytest.mark.req("M3")
async def test_receipts_that_wait_go_first(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_log, "LET_BY_S", WAIT_S)
    receiving = asyncio.create_task(one_after_the_other(written.log.receive, 3))
    await asyncio.sleep(0)
    sending = asyncio.create_task(written.log.intend(text()))
    await asyncio.sleep(0.02)
    written.open.set()
    await written.within_time(receiving, sending)
    assert written.what == ["receipts", "receipts", "receipts", "text"]


@pytest.mark.req("M3")
async def test_texts_go_in_the_end_whatever_still_comes(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_log, "LET_BY_S", 0.01)
    receiving = asyncio.create_task(written.log.receive(RECEIPTS))
    await asyncio.sleep(0)
    await written.within_time(written.log.intend(text()))
    assert written.what == ["text"]
    written.open.set()
    await written.within_time(receiving)
    await written.within_time(written.log.intend(text()))
    assert written.what == ["text", "receipts", "text"]


@pytest.mark.req("M3")
async def test_a_few_receipts_hold_up_nobody(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_log, "LET_BY_S", WAIT_S)
    receiving = asyncio.create_task(written.log.receive([A_RECEIPT]))
    await asyncio.sleep(0)
    await written.within_time(written.log.intend(text()))
    written.open.set()
    await written.within_time(receiving)
    assert written.what == ["text", "receipt"]
