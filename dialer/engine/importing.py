"""The loops of imports and of removals: one source after the other, those that a restart interrupted first."""

from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.engine.bell import Bell
from dialer.operations import importing, removal, selections
from dialer.operations.context import Context
from dialer.store import sources
from dialer.store.patience import be_patient
from dialer.store.room import is_full

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 30.0


class SourceLoop:
    """`waiting` looks up the sources that have something to be done; `work` does it for one, to its end."""

    def __init__(
        self,
        ctx: Context,
        waiting: Callable[[AsyncConnection], Awaitable[list[int]]],
        work: Callable[[Context, int], Awaitable[bool]],
    ) -> None:
        self._ctx, self._waiting, self._work = ctx, waiting, work
        self.bell = Bell()

    async def run(self) -> None:
        be_patient(patient=False)  # an import says why it has failed
        while True:
            async with self._ctx.db.read() as tx:
                found = await self._waiting(tx)
            done = [await self._done(source_id) for source_id in found]
            if not all(done) or not found:
                await self.bell.wait(LOOK_AGAIN_S)

    async def _done(self, source_id: int) -> bool:
        """False if it is not done: another node does it, or the disk is full, and calls go on as long as there is room."""
        try:
            return await self._work(self._ctx, source_id)
        except Exception as error:
            if not is_full(error):
                raise
            log.error("no_room", source=source_id, error=str(error), again_in_s=LOOK_AGAIN_S)  # noqa: TRY400 -- nothing but the disk
            return False


def imports(ctx: Context) -> SourceLoop:
    return SourceLoop(ctx, sources.unfinished, _import)


def removals(ctx: Context) -> SourceLoop:
    return SourceLoop(ctx, sources.removing, removal.run)


async def _import(ctx: Context, source_id: int) -> bool:
    """False if it is another node's."""
    async with ctx.db.alone(source_id) as alone:
        if not alone or not await importing.is_here(ctx, source_id):
            return False
        if not await selections.run(ctx, source_id):
            await importing.run(ctx, source_id)
    return True
