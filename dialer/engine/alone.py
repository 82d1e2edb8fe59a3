"""A text of no campaign: committed before it is submitted, and not sent again where nobody knows what became of it.

Protocol steps 3 to 6, for what has no request: confirmations of a STOP, and test messages.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Protocol

from dialer.domain.said import Said
from dialer.domain.transitions import MessageStatus
from sms.gateway import Gateway
from sms.slots import GatewayStoppedError
from sms.status import Kind
from sms.submission import Accepted, NotSent, OutgoingPart, Refused, SubmitResult, Unknown

TRIES = 5
#: How long the SMSC may try: no campaign's hours end it, and a handset that was off all evening shall not get it in the night.
VALID = timedelta(hours=1)


class Gateways(Protocol):
    def of(self, name: str) -> Gateway | None:
        """The one of this name, if it runs."""


async def send_alone(
    gateway: Gateway,
    begin: Callable[[], Awaitable[OutgoingPart | None]],
    end: Callable[[SubmitResult], Awaitable[None]],
    *,
    wait_s: float | None = None,
) -> None:
    """`begin` commits, in a slot of the gateway, that the part is submitted now; None: it is not, or not any more.

    `end` records each answer; after one that proves that it was not sent, `begin` is asked again. `wait_s`: the longest wait for a slot.
    """
    for _ in range(TRIES):
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(wait_s):
                    await held.enter_async_context(gateway.slot())
            except (GatewayStoppedError, TimeoutError):
                return
            part = await begin()
            if part is None:
                return
            result = await gateway.submit(part)
        await end(result)


def became(result: SubmitResult) -> tuple[MessageStatus, str | None]:
    """What an answer means. `PENDING` only when it is certain that the SMSC has not taken it, and may take it soon."""
    match result:
        case Accepted():
            return MessageStatus.SUBMITTED, None
        case Unknown(reason):
            return MessageStatus.LOST, reason
        case NotSent(reason):
            return MessageStatus.PENDING, reason
        case Refused(name=name, kind=kind, reason=reason):
            for_now = kind is Kind.TEMPORARY
            return (MessageStatus.PENDING if for_now else MessageStatus.FAILED), Said(
                "%(code)s: %(meaning)s", code=name, meaning=reason
            )
