"""Replies to texts: the parts of long ones, what each answers, and the confirmation of a STOP."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import MessageStatus
from dialer.store.tables import message, reply, reply_part
from dialer.store.types import AnyRow, spelled

#: The last texts to a number among which the answered one is looked for.
LAST_TEXTS = 50
#: The last texts of all among which a number is looked for that is written without its country code.
LATE_TEXTS = 50_000
#: `(gateway, source, destination, reference, total)` of a reply in parts.
Key = tuple[str, str, str, int, int]
_KEY = (
    reply_part.c.gateway,
    reply_part.c.source,
    reply_part.c.destination,
    reply_part.c.reference,
    reply_part.c.total,
)


async def keep_part(tx: AsyncConnection, key: Key, number: int, fields: Mapping[str, Any]) -> list[AnyRow]:
    """Keep a part, which may come twice; all parts that are there, in order. None of a reply that was taken already."""
    taken = {row.number: row.payload for row in await parts(tx, key) if row.taken_at is not None}
    if taken.get(number) == fields["payload"]:
        return []
    if taken:  # the handset has used the reference again
        await tx.execute(delete(reply_part).where(_is(key)))
    row = {column.name: value for column, value in zip(_KEY, key, strict=True)} | {"number": number, **fields}
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    await tx.execute(dialect.insert(reply_part).values(row).on_conflict_do_nothing())
    return await parts(tx, key)


async def parts(tx: AsyncConnection, key: Key) -> list[AnyRow]:
    return list(await tx.execute(select(reply_part).where(_is(key)).order_by(reply_part.c.number)))


async def take_parts(tx: AsyncConnection, key: Key, now: datetime) -> None:
    await tx.execute(update(reply_part).where(_is(key)).values(taken_at=now))


async def forget_taken(tx: AsyncConnection, before: datetime) -> None:
    await tx.execute(delete(reply_part).where(reply_part.c.taken_at < before))


async def forget(tx: AsyncConnection, addresses: Collection[str]) -> None:
    """Of a contact that is erased: also what came from its numbers before it was known, and parts, told as the SMSC does."""
    await tx.execute(delete(reply).where(reply.c.source.in_(list(addresses))))
    written = [form for one in addresses for form in (one, one.removeprefix("+"))]
    await tx.execute(delete(reply_part).where(reply_part.c.source.in_(written)))


async def left_alone(tx: AsyncConnection, before: datetime) -> list[Key]:
    """Replies of which no part has come since."""
    fresh = reply_part.alias("fresh")
    same = and_(*(fresh.c[column.name] == column for column in _KEY), fresh.c.received_at >= before)
    waiting = select(*_KEY).where(reply_part.c.taken_at.is_(None), ~exists().where(same))
    rows = await tx.execute(waiting.distinct())
    return [tuple(row) for row in rows]


def _is(key: Key) -> ColumnElement[bool]:
    return and_(*(column == value for column, value in zip(_KEY, key, strict=True)))


async def texts_to(tx: AsyncConnection, addresses: Collection[str]) -> Sequence[AnyRow]:
    """The last texts to these addresses, the newest first."""
    query = select(message).where(
        message.c.address.in_(list(addresses)), message.c.status != spelled(MessageStatus.FAILED)
    )
    return list(await tx.execute(query.order_by(message.c.id.desc()).limit(LAST_TEXTS)))


async def texted_like(tx: AsyncConnection, gateway: str, digits: str) -> str | None:
    """The number that ends with these digits, and to which a text went lately by this gateway: the newest of them."""
    late = select(message.c.id, message.c.address, message.c.gateway).order_by(message.c.id.desc()).limit(LATE_TEXTS)
    of = late.subquery().c
    query = select(of.address).where(of.gateway == gateway, of.address.like(f"%{digits}")).order_by(of.id.desc())
    return await tx.scalar(query.limit(1))


async def last(tx: AsyncConnection, source: str) -> AnyRow | None:
    """The newest reply from there."""
    query = select(reply).where(reply.c.source == source).order_by(reply.c.id.desc()).limit(1)
    return (await tx.execute(query)).one_or_none()


async def add(tx: AsyncConnection, fields: Mapping[str, Any]) -> int:
    made = await tx.execute(insert(reply).values(fields).returning(reply.c.id))
    return int(made.scalar_one())


async def get(tx: AsyncConnection, reply_id: int) -> AnyRow | None:
    return (await tx.execute(select(reply).where(reply.c.id == reply_id))).one_or_none()


async def set_confirmation(
    tx: AsyncConnection, reply_id: int, before: str, after: str, error: str | None = None
) -> bool:
    """Compare and set: only one takes it on."""
    changed = await tx.execute(
        update(reply)
        .where(reply.c.id == reply_id, reply.c.confirmation == before)
        .values(confirmation=after, confirmation_error=error)
    )
    return changed.rowcount == 1


async def confirmations(tx: AsyncConnection, dialer_node: str) -> list[AnyRow]:
    """`(id, confirmation)` of those of this node that are not through."""
    query = select(reply.c.id, reply.c.confirmation).where(
        reply.c.dialer_node == dialer_node, reply.c.confirmation.in_(("pending", "sending"))
    )
    return list(await tx.execute(query.order_by(reply.c.id)))
