"""The audit log: who changed what, written in the transaction of the change (A2).

Whoever lets somebody in says who it is (`acting`); what the server does by itself has nobody, and is not written here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.audit import Values, told
from dialer.operations.context import Context
from dialer.store import audit, lists
from dialer.store.listing import Page, Query

CHUNK = 500


class Kind(StrEnum):
    PERSON = "person"
    TOKEN = "token"  # noqa: S105  (a kind of caller)
    CAMPAIGN_KEY = "campaign key"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Doer:
    """Who acts; `address` is where a request came from."""

    who: str
    kind: Kind
    address: str = ""


_doer: ContextVar[Doer | None] = ContextVar("doer", default=None)


@contextmanager
def acting(one: Doer) -> Iterator[None]:
    """What is changed within is said to be theirs."""
    token = _doer.set(one)
    try:
        yield
    finally:
        _doer.reset(token)


def doer() -> Doer | None:
    """To be asked before `db.transact`, whose thread does not know; `write` takes it as `by`."""
    return _doer.get()


async def write(
    tx: AsyncConnection,
    ctx: Context,
    action: str,
    thing: str,
    thing_id: object,
    *,
    name: str = "",
    before: Values = None,
    after: Values = None,
    by: Doer | None = None,
) -> None:
    """Nothing if nobody acts, or if an edit has changed nothing. No personal data of a contact, and no secret, may come in."""
    one = by or _doer.get()
    if one is None:
        return
    old, new = told(before, after)
    if old == {} and new == {} and before is not None:
        return
    await audit.add(
        tx,
        {
            "at": ctx.clock(), "who": one.who[:64], "kind": one.kind, "address": one.address[:64], "action": action,
            "thing": thing, "thing_id": str(thing_id)[:128], "name": name[:255], "before": old, "after": new,
        },
    )  # fmt: skip


async def page(ctx: Context, query: Query) -> Page:
    """Entries, the newest first. Raises `InvalidInput`."""
    async with ctx.db.read() as tx:
        return await lists.AUDIT.page(tx, query)


async def forget(ctx: Context) -> None:
    """What is older than the settings say (`audit_days`), in short chunks."""
    before = ctx.clock() - timedelta(days=ctx.settings.audit_days)
    while await ctx.db.transact(partial(audit.forget, before=before, limit=CHUNK), durable=False):
        pass
