"""Hands over what comes in, and answers the SMSC only when it is safe: a crash before that makes it send again."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

from sms import receipt, status
from sms.alphabet import Encoding
from sms.commands import DeliverSm
from sms.journal import Kind
from sms.receipt import Receipt, Reply
from sms.submission import SubmitResult

log = structlog.get_logger(__name__)

# The time a receipt or reply may take to be stored, before the SMSC is asked to send it again.
HANDLER_TIMEOUT_S = 10.0


class Inbox:
    """Runs the handlers, each in its own task; the session bounds how many (`DELIVERIES_KEPT`)."""

    def __init__(
        self,
        gateway: str,
        *,
        on_receipt: Callable[[Receipt], Awaitable[None]],
        on_reply: Callable[[Reply], Awaitable[None]],
        on_late_response: Callable[[str, SubmitResult], Awaitable[None]],
        alphabet: Encoding = Encoding.GSM7,
        note: Callable[[Kind, str], object],
    ) -> None:
        self.receipts, self.replies, self.unreadable = 0, 0, 0
        self._gateway, self._alphabet, self._note = gateway, alphabet, note
        self._on_receipt, self._on_reply, self._on_late = on_receipt, on_reply, on_late_response
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> frozenset[asyncio.Task[None]]:
        return frozenset(self._tasks)

    def take_in(self, deliver: DeliverSm, acknowledge: Callable[[int], None]) -> None:
        """Store `deliver`, then `acknowledge` with the command_status that tells the SMSC whether to send it again."""
        self._start(self._take_in(deliver, acknowledge), "smpp delivery")

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

    async def _take_in(self, deliver: DeliverSm, acknowledge: Callable[[int], None]) -> None:
        code = status.TEMPORARY_APPLICATION_ERROR
        try:
            async with asyncio.timeout(HANDLER_TIMEOUT_S):
                await self._hand_over(deliver)
            code = status.OK
        except Exception:
            # A handler's fault never ends the session: the SMSC sends again.
            log.exception("smpp_delivery_not_stored", gateway=self._gateway)
        finally:
            acknowledge(code)

    async def _hand_over(self, deliver: DeliverSm) -> None:
        if not receipt.is_receipt(deliver):
            self.replies += 1
            await self._on_reply(receipt.reply(deliver, self._alphabet))
        elif found := receipt.parse(deliver):
            self.receipts += 1
            await self._on_receipt(found)
        else:
            # Sent again it would be no clearer.
            self.unreadable += 1
            self._note(Kind.UNREADABLE, f"a receipt of esm_class {deliver.esm_class:#04x}")
            log.warning("smpp_receipt_unreadable", gateway=self._gateway, esm_class=deliver.esm_class)

    async def _tell_late(self, ref: str, result: SubmitResult) -> None:
        try:
            async with asyncio.timeout(HANDLER_TIMEOUT_S):
                await self._on_late(ref, result)
        except Exception:
            # The receipt is the second chance.
            log.exception("smpp_late_response_not_stored", gateway=self._gateway, ref=ref)
