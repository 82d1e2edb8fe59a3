"""The loops of imports, removals and deletions: one after the other, those that a restart interrupted first."""

from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.engine.bell import Bell
from dialer.operations import deleting, importing, removal, selections
from dialer.operations.context import Context
from dialer.store import campaigns, sources
from dialer.store.patience import be_patient
from dialer.store.room import is_full

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 30.0


class WorkLoop:
    """`waiting` looks up, by id, what there is to be done; `work` does one of it to its end. `of` says of what these are ids."""

    def __init__(
        self,
        ctx: Context,
        of: str,
        waiting: Callable[[AsyncConnection], Awaitable[list[int]]],
        work: Callable[[Context, int], Awaitable[bool]],
    ) -> None:
        self._ctx, self._of, self._waiting, self._work = ctx, of, waiting, work
        self.bell = Bell()

    async def run(self) -> None:
        be_patient(patient=False)  # an import says why it has failed
        while True:
            async with self._ctx.db.read() as tx:
                found = await self._waiting(tx)
            done = [await self._done(one) for one in found]
            if not all(done) or not found:
                await self.bell.wait(LOOK_AGAIN_S)

    async def _done(self, one: int) -> bool:
        """False if it is not done: another node does it, or the disk is full, and calls go on as long as there is room."""
        try:
            return await self._work(self._ctx, one)
        except Exception as error:
            if not is_full(error):
                raise
            log.error("no_room", error=str(error), again_in_s=LOOK_AGAIN_S, **{self._of: one})  # noqa: TRY400 -- nothing but the disk
            return False


def imports(ctx: Context) -> WorkLoop:
    return WorkLoop(ctx, "source", sources.unfinished, _import)


def removals(ctx: Context) -> WorkLoop:
    return WorkLoop(ctx, "source", sources.removing, removal.run)


def deletions(ctx: Context) -> WorkLoop:
    return WorkLoop(ctx, "campaign", campaigns.being_deleted, deleting.run)


async def _import(ctx: Context, source_id: int) -> bool:
    """False if it is another node's."""
    async with ctx.db.alone(source_id) as alone:
        if not alone or not await importing.is_here(ctx, source_id):
            return False
        if not await selections.run(ctx, source_id):
            await importing.run(ctx, source_id)
    return True
