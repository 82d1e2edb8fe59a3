"""Nodes: each shows a sign of life, and what one left open that shows none any more is found by the others."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import AttemptState, MessageStatus
from dialer.store.tables import attempt, message, node, trial
from dialer.store.types import spelled


async def seen(tx: AsyncConnection, name: str, now: datetime) -> None:
    """A sign of life; the first of a node that was never seen."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    row = dialect.insert(node).values(name=name, seen_at=now)
    await tx.execute(row.on_conflict_do_update(index_elements=["name"], set_={"seen_at": now}))


async def any_other(tx: AsyncConnection, own: str, since: datetime) -> bool:
    """Whether another node was seen after `since`."""
    query = select(node.c.name).where(node.c.name != own, node.c.seen_at > since).limit(1)
    return await tx.scalar(query) is not None


async def others_with_work(tx: AsyncConnection, own: str) -> dict[str, datetime | None]:
    """When each other node that has a call or text without an end was seen last; None for never."""
    calls = select(attempt.c.dialer_node).where(attempt.c.state != spelled(AttemptState.ENDED))
    texts = select(message.c.dialer_node).where(message.c.status == spelled(MessageStatus.PENDING))
    tests = select(trial.c.dialer_node).where(trial.c.status == spelled(MessageStatus.PENDING))
    names = calls.union(texts, tests).subquery()
    query = select(names.c.dialer_node, node.c.seen_at).outerjoin(node, node.c.name == names.c.dialer_node)
    return {row.dialer_node: row.seen_at for row in await tx.execute(query) if row.dialer_node != own}


async def take_calls(tx: AsyncConnection, gone: str, own: str) -> int:
    """The open calls of a node that is gone are this one's from now on; returns how many."""
    changed = await tx.execute(
        update(attempt)
        .where(attempt.c.dialer_node == gone, attempt.c.state != spelled(AttemptState.ENDED))
        .values(dialer_node=own)
    )
    return int(changed.rowcount)
