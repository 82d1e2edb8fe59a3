"""The loops of imports and of removals: one source after the other, those that a restart interrupted first."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.engine.bell import Bell
from dialer.operations import importing, removal, selections
from dialer.operations.context import Context
from dialer.store import sources

LOOK_AGAIN_S = 30.0


class SourceLoop:
    """`waiting` looks up the sources that have something to be done; `work` does it for one, to its end."""

    def __init__(
        self,
        ctx: Context,
        waiting: Callable[[AsyncConnection], Awaitable[list[int]]],
        work: Callable[[Context, int], Awaitable[object]],
    ) -> None:
        self._ctx, self._waiting, self._work = ctx, waiting, work
        self.bell = Bell()

    async def run(self) -> None:
        while True:
            async with self._ctx.db.read() as tx:
                found = await self._waiting(tx)
            for source_id in found:
                await self._work(self._ctx, source_id)
            if not found:
                await self.bell.wait(LOOK_AGAIN_S)


def imports(ctx: Context) -> SourceLoop:
    return SourceLoop(ctx, sources.unfinished, _import)


def removals(ctx: Context) -> SourceLoop:
    return SourceLoop(ctx, sources.removing, removal.run)


async def _import(ctx: Context, source_id: int) -> None:
    if not await selections.run(ctx, source_id):
        await importing.run(ctx, source_id)
