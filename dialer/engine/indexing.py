"""Keeps up what contacts are listed from (SQLite's projection). It rests as long as it works: an import goes before."""

import asyncio

import structlog

from dialer.operations.context import Context
from dialer.store import contact_changes
from dialer.store.projection import Projection, ProjectionError
from dialer.store.room import is_full

log = structlog.get_logger()

LOOK_AGAIN_S = 1.0
FORGET_EVERY_S = 60.0
PAUSE_AFTER_ERROR_S = 10.0


async def follow_contacts(ctx: Context) -> None:
    """Runs until it is cancelled; on PostgreSQL there is nothing to do.

    A file that can't be written is said and tried again: it is only what lists are read from, and calls go on. Of a full
    disk, which the log is on perhaps, it is said once.
    """
    if ctx.db.projection is None:
        return
    said = asyncio.Event()
    while True:
        try:
            await _follow(ctx, ctx.db.projection, said)
        except ProjectionError as error:
            if not (said.is_set() and is_full(error)):
                file = str(ctx.db.projection.file)
                log.exception("contacts_not_indexed", file=file, error=str(error), exc_info=not is_full(error))
            said.set()
            await asyncio.sleep(PAUSE_AFTER_ERROR_S)


async def _follow(ctx: Context, projection: Projection, said: asyncio.Event) -> None:
    """Empties `said` when it works."""
    now = asyncio.get_running_loop().time
    forgotten = now()
    while True:
        began = now()
        more = await projection.follow()
        said.clear()
        await asyncio.sleep(now() - began if more else LOOK_AGAIN_S)
        if not more and now() - forgotten > FORGET_EVERY_S:
            await forget_changes(ctx, projection)
            forgotten = now()


async def forget_changes(ctx: Context, projection: Projection) -> None:
    """Changes that the projection has for good, whatever happens to the machine now."""
    last = await projection.settled()
    while await ctx.db.transact(lambda tx: contact_changes.forget(tx, last), durable=False):
        pass
