"""What handsets send: taken in by `operations.replies`, and a STOP confirmed once, by the gateway it came from."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from dialer.domain.said import marked
from dialer.domain.transitions import MessageStatus
from dialer.engine.alone import VALID, Gateways, became, send_alone
from dialer.operations import messages, replies
from dialer.operations.context import Context
from dialer.store.types import AnyRow
from sms.gateway import Gateway
from sms.receipt import Reply
from sms.submission import OutgoingPart, SubmitResult

LOOK_EVERY_S = 60.0
# An account may bring receipts for texts that others have sent by it.
EARLY_RECEIPTS_KEPT = timedelta(days=7)
# What a confirmation is called between us and the gateway, before the reply's id.
_CONFIRMS = "confirm-"


class Replying:
    """`start` runs a named task."""

    def __init__(self, ctx: Context, gateways: Gateways, *, start: Callable[..., "asyncio.Task[None]"]) -> None:
        self._ctx, self._gateways, self._start = ctx, gateways, start
        self._sending: set[int] = set()

    async def run(self) -> None:
        """Look after long replies whose parts do not come, receipts for nobody, and confirmations that could not be sent yet."""
        await replies.lose_confirmations(self._ctx)
        while True:
            await replies.take_left_alone(self._ctx)
            await messages.forget_early(self._ctx, EARLY_RECEIPTS_KEPT)
            for reply_id in await replies.pending_confirmations(self._ctx):
                self._confirm(reply_id)
            await asyncio.sleep(LOOK_EVERY_S)

    async def take_in(self, gateway: str, reply: Reply) -> None:
        """Once this returns the SMSC may forget it."""
        taken = await replies.take_in(self._ctx, gateway, reply)
        if taken is not None and taken.confirm:
            self._confirm(taken.reply_id)

    async def take_late(self, ref: str, result: SubmitResult) -> bool:
        """An answer that comes after all; False if it is about no confirmation."""
        prefix, _, number = ref.partition(_CONFIRMS)
        if prefix or not number:
            return False
        status, error = _became(result)
        await replies.end_confirmation(
            self._ctx, int(number), "failed" if status == "pending" else status, error, late=True
        )
        return True

    def _confirm(self, reply_id: int) -> None:
        if reply_id not in self._sending:
            self._sending.add(reply_id)
            self._start(self._send(reply_id), name=f"{_CONFIRMS}{reply_id}")

    async def _send(self, reply_id: int) -> None:
        try:
            await self._try(reply_id)
        finally:
            self._sending.discard(reply_id)

    async def _try(self, reply_id: int) -> None:
        gateway = self._gateways.of(await replies.gateway_of(self._ctx, reply_id))
        if gateway is None:  # it may come back in time
            if await replies.begin_confirmation(self._ctx, reply_id) is not None:
                await replies.end_confirmation(self._ctx, reply_id, "pending", marked("the gateway is not there"))
            return

        async def begin() -> OutgoingPart | None:
            found = await replies.begin_confirmation(self._ctx, reply_id)
            return None if found is None else _part(self._ctx, gateway, found)

        async def end(result: SubmitResult) -> None:
            await replies.end_confirmation(self._ctx, reply_id, *_became(result))

        await send_alone(gateway, begin, end)


def _part(ctx: Context, gateway: Gateway, reply: AnyRow) -> OutgoingPart:
    split = gateway.split(ctx.settings.replies.stop_confirmation, reply.source)
    (part,) = split.parts  # the settings allow no longer one
    return OutgoingPart(
        ref=f"{_CONFIRMS}{reply.id}",
        destination=reply.source,
        payload=part.payload,
        data_coding=split.data_coding,
        udh=part.udh,
        source=reply.destination,
        validity=VALID,
        registered_delivery=False,
    )


def _became(result: SubmitResult) -> tuple[str, str | None]:
    status, error = became(result)
    return ("sent" if status is MessageStatus.SUBMITTED else status.value), error
