"""What texts write: intents before submits and answers after them, each kind gathered into few transactions."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from dialer.engine.batches import Batches
from dialer.operations import messages
from dialer.operations.context import Context
from dialer.operations.message_rows import PartNews, ReceiptNews, TextIntent

# A transaction holds SQLite's one writer: short, so that a call's intent never waits long behind it.
MOST = 50
# So long new texts let receipts by that come by as many as texts are written at once. An SMSC that is not answered stops
# delivering, and a text that is not sent yet can wait; after it a batch of texts goes whatever still comes.
LET_BY_S = 0.1


class TextLog:
    """`start` runs a named task."""

    def __init__(self, ctx: Context, *, start: Callable[..., object]) -> None:
        self._ctx = ctx
        self._intents = Batches(self._intend, most=MOST, start=start, name="text-intents")
        self._answers = Batches(self._record, most=MOST, start=start, name="text-answers")
        self._receiving, self._quiet = 0, asyncio.Event()
        self._quiet.set()

    async def intend(self, intent: TextIntent) -> bool:
        """True once it is committed; False if it was stopped meanwhile."""
        return await self._intents.put(intent)

    async def record(self, gateway: str, news: PartNews) -> None:
        await self._answers.put((gateway, news))

    async def receive(self, receipts: Sequence[ReceiptNews]) -> None:
        is_many = len(receipts) >= MOST  # more are likely to wait behind them
        self._receiving += is_many
        if is_many:
            self._quiet.clear()
        try:
            await messages.receipt(self._ctx, receipts)
        finally:
            self._receiving -= is_many
            # Those that came meanwhile begin before the loop comes to this.
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        if not self._receiving:
            self._quiet.set()

    async def _intend(self, intents: Sequence[TextIntent]) -> list[bool]:
        with suppress(TimeoutError):
            async with asyncio.timeout(LET_BY_S):
                await self._quiet.wait()
        going = await messages.intend(self._ctx, intents)
        return [intent.message_id in going for intent in intents]

    async def _record(self, answers: Sequence[tuple[str, PartNews]]) -> Sequence[None]:
        await messages.record(self._ctx, answers)
        return [None] * len(answers)
