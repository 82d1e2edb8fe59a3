"""The importing loop, and that of removals: one source after the other, those that a restart interrupted first."""

from dialer.engine.bell import Bell
from dialer.operations import importing, removal, selections
from dialer.operations.context import Context
from dialer.store import sources as source_rows

LOOK_AGAIN_S = 30.0


class Importing:
    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.bell = Bell()

    async def run(self) -> None:
        while True:
            async with self._ctx.db.read() as tx:
                waiting = await source_rows.unfinished(tx)
            for source_id in waiting:
                if not await selections.run(self._ctx, source_id):
                    await importing.run(self._ctx, source_id)
            if not waiting:
                await self.bell.wait(LOOK_AGAIN_S)


class Removing:
    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.bell = Bell()

    async def run(self) -> None:
        while True:
            async with self._ctx.db.read() as tx:
                waiting = await source_rows.removing(tx)
            for source_id in waiting:
                await removal.run(self._ctx, source_id)
            if not waiting:
                await self.bell.wait(LOOK_AGAIN_S)
