"""Hands over what comes in, and answers the SMSC only when it is safe: a crash before that makes it send again."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog

from sms import receipt, status
from sms.alphabet import Encoding
from sms.commands import DeliverSm
from sms.journal import Kind
from sms.receipt import Receipt, Reply
from sms.submission import SubmitResult

Acknowledge = Callable[[int], None]

log = structlog.get_logger(__name__)

# The time a receipt or reply may take to be stored, before the SMSC is asked to send it again.
HANDLER_TIMEOUT_S = 10.0
_LATE = f"it was not stored within {HANDLER_TIMEOUT_S:g} s: see what keeps the store"
# Receipts handed over at once: storing them holds SQLite's one writer, so that a call's intent never waits long behind it.
MOST_RECEIPTS = 200


class Inbox:
    """Hands over receipts as they come, those that came meanwhile all at once, and each reply in a task of its own.

    The session bounds how many wait (`DELIVERIES_KEPT`).
    """

    def __init__(
        self,
        gateway: str,
        *,
        on_receipts: Callable[[Sequence[Receipt]], Awaitable[None]],
        on_reply: Callable[[Reply], Awaitable[None]],
        on_late_response: Callable[[str, SubmitResult], Awaitable[None]],
        alphabet: Encoding = Encoding.GSM7,
        note: Callable[[Kind, str], object],
    ) -> None:
        self.receipts, self.replies, self.unreadable = 0, 0, 0
        self._gateway, self._alphabet, self._note = gateway, alphabet, note
        self._on_receipts, self._on_reply, self._on_late = on_receipts, on_reply, on_late_response
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[Receipt, Acknowledge, float]] = deque()  # with the time by which each is stored
        self._storing = False

    @property
    def under_way(self) -> frozenset[asyncio.Task[None]]:
        return frozenset(self._tasks)

    def take_in(self, deliver: DeliverSm, acknowledge: Acknowledge) -> None:
        """Store `deliver`, then `acknowledge` with the command_status that tells the SMSC whether to send it again."""
        if not receipt.is_receipt(deliver):
            self._start(self._take_reply(deliver, acknowledge), "smpp reply")
        elif found := receipt.parse(deliver):
            self.receipts += 1
            until = asyncio.get_running_loop().time() + HANDLER_TIMEOUT_S
            self._waiting.append((found, acknowledge, until))
            if not self._storing:
                self._storing = True
                self._start(self._take_receipts(), "smpp receipts")
        else:
            # Sent again it would be no clearer.
            self.unreadable += 1
            self._note(Kind.UNREADABLE, f"a receipt of esm_class {deliver.esm_class:#04x}")
            log.warning("smpp_receipt_unreadable", gateway=self._gateway, esm_class=deliver.esm_class)
            acknowledge(status.OK)

    def tell_late(self, ref: str, result: SubmitResult) -> None:
        self._start(self._tell_late(ref, result), "smpp late response")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_receipts(self) -> None:
        """Those that wait, and those that come while they are stored."""
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(MOST_RECEIPTS, len(self._waiting)))]
                code = await self._stored(self._on_receipts([one for one, _, _ in batch]), until=batch[0][2])
                for _, acknowledge, _ in batch:
                    acknowledge(code)
        finally:
            self._storing = False

    async def _take_reply(self, deliver: DeliverSm, acknowledge: Acknowledge) -> None:
        self.replies += 1
        until = asyncio.get_running_loop().time() + HANDLER_TIMEOUT_S
        acknowledge(await self._stored(self._on_reply(receipt.reply(deliver, self._alphabet)), until=until))

    async def _stored(self, handing_over: Awaitable[None], *, until: float) -> int:
        """The command_status for what is handed over. A handler's fault never ends the session: the SMSC sends again."""
        try:
            async with asyncio.timeout_at(until):
                await handing_over
        except TimeoutError:
            log.error("smpp_delivery_not_stored", gateway=self._gateway, reason=_LATE)  # noqa: TRY400 -- nothing is broken here
            return status.TEMPORARY_APPLICATION_ERROR
        except Exception:
            log.exception("smpp_delivery_not_stored", gateway=self._gateway)
            return status.TEMPORARY_APPLICATION_ERROR
        return status.OK

    async def _tell_late(self, ref: str, result: SubmitResult) -> None:
        try:
            async with asyncio.timeout(HANDLER_TIMEOUT_S):
                await self._on_late(ref, result)
        except TimeoutError:
            log.error("smpp_late_response_not_stored", gateway=self._gateway, ref=ref, reason=_LATE)  # noqa: TRY400
        except Exception:
            # The receipt is the second chance.
            log.exception("smpp_late_response_not_stored", gateway=self._gateway, ref=ref)
