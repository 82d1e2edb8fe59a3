"""What texts write: intents before submits and answers after them, each kind gathered into few transactions."""

from collections.abc import Callable, Sequence

from dialer.engine.batches import Batches
from dialer.operations import messages
from dialer.operations.context import Context
from dialer.operations.message_rows import PartNews, TextIntent

# A transaction holds SQLite's one writer: short, so that a call's intent never waits long behind it.
MOST = 50


class TextLog:
    """`start` runs a named task."""

    def __init__(self, ctx: Context, *, start: Callable[..., object]) -> None:
        self._ctx = ctx
        self._intents = Batches(self._intend, most=MOST, start=start, name="text-intents")
        self._answers = Batches(self._record, most=MOST, start=start, name="text-answers")

    async def intend(self, intent: TextIntent) -> bool:
        """True once it is committed; False if it was stopped meanwhile."""
        return await self._intents.put(intent)

    async def record(self, gateway: str, news: PartNews) -> None:
        await self._answers.put((gateway, news))

    async def _intend(self, intents: Sequence[TextIntent]) -> list[bool]:
        going = await messages.intend(self._ctx, intents)
        return [intent.message_id in going for intent in intents]

    async def _record(self, answers: Sequence[tuple[str, PartNews]]) -> Sequence[None]:
        await messages.record(self._ctx, answers)
        return [None] * len(answers)
