"""Receipts are handed over all at once, and acknowledged once they are stored."""

import asyncio
from collections.abc import Sequence

import pytest
import structlog

from sms import inbox, status
from sms.commands import DeliverSm
from sms.inbox import MOST_RECEIPTS, Inbox
from sms.receipt import Receipt, Reply

WAIT_S = 60.0


class Store:
    """Stores what it is handed once it is `open`; with `fault` it raises that."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.answers: list[tuple[str, int]] = []
        self.open, self.fault = asyncio.Event(), False
        self.inbox = Inbox("lab", on_receipts=self._store, on_reply=_no_reply, on_late_response=_no_late, note=print)

    async def _store(self, receipts: Sequence[Receipt]) -> None:
        self.batches.append([one.smsc_id for one in receipts])
        await self.open.wait()
        if self.fault:
            raise RuntimeError("the disk is full")

    def receive(self, name: str, text: str = "id:{} stat:DELIVRD") -> None:
        deliver = DeliverSm(short_message=text.format(name).encode(), esm_class=4)
        self.inbox.take_in(deliver, lambda code: self.answers.append((name, code)))

    async def settled(self) -> None:
        async with asyncio.timeout(WAIT_S):
            while under_way := self.inbox.under_way:
                await asyncio.wait(under_way)


async def _no_reply(_reply: Reply) -> None: ...


async def _no_late(_ref: str, _result: object) -> None: ...


@pytest.fixture
async def store() -> Store:
    return Store()


@pytest.mark.req("M3")
async def test_what_comes_while_others_are_stored_is_stored_together(store: Store) -> None:
    store.receive("1")
    await asyncio.sleep(0)
    names = [str(n) for n in range(2, MOST_RECEIPTS + 3)]
    for name in names:
        store.receive(name)
    await asyncio.sleep(0)
    assert store.answers == [], "nothing is acknowledged before it is stored"
    store.open.set()
    await store.settled()
    assert store.batches == [["1"], names[:MOST_RECEIPTS], names[MOST_RECEIPTS:]]
    assert store.answers == [(name, status.OK) for name in ["1", *names]]
    store.receive("more")
    await store.settled()
    assert store.batches[-1] == ["more"]


@pytest.mark.req("M3")
async def test_what_could_not_be_stored_is_asked_for_again_and_the_next_is_taken(store: Store) -> None:
    store.fault = True
    store.open.set()
    store.receive("1")
    await store.settled()
    store.fault = False
    store.receive("2")
    await store.settled()
    assert store.answers == [("1", status.TEMPORARY_APPLICATION_ERROR), ("2", status.OK)]


@pytest.mark.req("M3")
async def test_nobody_waits_longer_for_a_store_that_is_stuck(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "HANDLER_TIMEOUT_S", 0.02)
    with structlog.testing.capture_logs() as logged:
        store.receive("1")
        await asyncio.sleep(0)
        store.receive("2")
        await store.settled()
    told = [(one["event"], one["log_level"], "exc_info" in one) for one in logged]
    assert set(told) == {("smpp_delivery_not_stored", "error", False)}, "no fault of ours, so no traceback"
    assert store.answers == [(name, status.TEMPORARY_APPLICATION_ERROR) for name in ("1", "2")]


@pytest.mark.req("M3")
async def test_a_receipt_that_can_not_be_read_is_acknowledged_at_once(store: Store) -> None:
    store.receive("1", "nothing in it")
    assert store.answers == [("1", status.OK)]
    assert store.inbox.unreadable == 1
