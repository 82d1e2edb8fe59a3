"""Test messages on their way: part by part, by the gateway they were asked of (see alone.py)."""

import asyncio
from collections.abc import Callable, Collection

from dialer.domain.said import marked
from dialer.engine.alone import VALID, Gateways, became, send_alone
from dialer.engine.bell import until
from dialer.operations import trials
from dialer.operations.context import Context
from dialer.store.types import AnyRow
from sms.gateway import Gateway
from sms.receipt import keys
from sms.submission import Accepted, OutgoingPart, SubmitResult, Unknown
from sms.text import Part, Segmentation

WAIT_S = trials.SENT_WITHIN.total_seconds()
_PREFIX = "trial-"


class Trying:
    """`start` runs a named task."""

    def __init__(self, ctx: Context, gateways: Gateways, *, start: Callable[..., "asyncio.Task[None]"]) -> None:
        self._ctx, self._gateways, self._start = ctx, gateways, start
        self._leaving: dict[int, str] = {}  # the addresses of those between their commit and their submit

    def send(self, trial_id: int) -> None:
        self._start(self._send(trial_id), name=f"{_PREFIX}{trial_id}")

    async def settled_to(self, addresses: Collection[str], timeout_s: float) -> bool:
        """Until no test message to these is about to leave."""
        return await until(lambda: not any(one in addresses for one in self._leaving.values()), timeout_s)

    async def take_late(self, ref: str, result: SubmitResult) -> bool:
        """An answer that comes after all; False if it is about no test message."""
        prefix, _, rest = ref.partition(_PREFIX)
        if prefix or not rest:
            return False
        trial_id, _, number = rest.partition(".")
        await self._end((int(trial_id), int(number)), result)
        return True

    async def _send(self, trial_id: int) -> None:
        row = await trials.to_send(self._ctx, trial_id)
        gateway = self._gateways.of(row.gateway) if row is not None else None
        if row is None or gateway is None:
            await trials.give_up(self._ctx, trial_id, marked("the gateway is not there"))
            return
        split = gateway.split(row.text, row.address)
        if len(split.parts) == row.parts:
            for part in split.parts:
                if not await self._send_part(gateway, row, split, part):
                    break
        await trials.give_up(
            self._ctx, trial_id, marked("the gateway was stopped or edited, or could not send it in time")
        )

    async def _send_part(self, gateway: Gateway, row: AnyRow, split: Segmentation, part: Part) -> bool:
        """Whether the SMSC has taken it, or may have."""
        key, taken = (row.id, part.number), False

        async def begin() -> OutgoingPart | None:
            self._leaving[row.id] = row.address
            begun = await trials.begin(self._ctx, key)
            # The submit is written before the loop comes to this: nothing is awaited in between.
            asyncio.get_running_loop().call_soon(self._leaving.pop, row.id, None)
            return _outgoing(row, split, part) if begun else None

        async def end(result: SubmitResult) -> None:
            nonlocal taken
            taken = isinstance(result, Accepted | Unknown)
            await self._end(key, result)

        await send_alone(gateway, begin, end, wait_s=WAIT_S)
        return taken

    async def _end(self, key: tuple[int, int], result: SubmitResult) -> None:
        names = keys(result.smsc_id) if isinstance(result, Accepted) else ()
        await trials.end(self._ctx, key, *became(result), names)


def _outgoing(row: AnyRow, split: Segmentation, part: Part) -> OutgoingPart:
    return OutgoingPart(
        ref=f"{_PREFIX}{row.id}.{part.number}",
        destination=row.address,
        payload=part.payload,
        data_coding=split.data_coding,
        udh=part.udh,
        source=row.sender,
        validity=VALID,
        tlvs=part.tlvs,
    )
