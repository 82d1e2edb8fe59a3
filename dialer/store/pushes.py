"""The REST source in the store: a campaign's running one, the number of its key, and calls that are answered once."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import SourceState
from dialer.store.tables import idempotent_piece, idempotent_request, refused_row, rest_key, source
from dialer.store.types import AnyRow

KIND = "rest"
# So many of the newest refused items are kept: the source lives as long as its campaign.
MOST_REFUSED = 10_000
FORGOTTEN_AT_ONCE = 100


async def running(tx: AsyncConnection, campaign_id: int) -> AnyRow | None:
    """The campaign's REST source, locked: pushes into one campaign come after each other."""
    query = select(source).where(
        source.c.campaign_id == campaign_id, source.c.kind == KIND, source.c.state == SourceState.RUNNING
    )
    return (await tx.execute(query.order_by(source.c.id).limit(1).with_for_update())).one_or_none()


async def forget_old_refused(tx: AsyncConnection, source_id: int) -> None:
    query = select(refused_row.c.row).where(refused_row.c.source_id == source_id).order_by(refused_row.c.row.desc())
    oldest = await tx.scalar(query.offset(MOST_REFUSED).limit(1))
    if oldest is not None:
        await tx.execute(delete(refused_row).where(refused_row.c.source_id == source_id, refused_row.c.row <= oldest))


# -- its key --------------------------------------------------------------------------------------------------------------


async def key_number(tx: AsyncConnection, campaign_id: int) -> int:
    """Which of its keys a campaign takes now: the first, until it gets another."""
    return int(await tx.scalar(select(rest_key.c.number).where(rest_key.c.campaign_id == campaign_id)) or 1)


async def next_key(tx: AsyncConnection, campaign_id: int) -> int:
    """From now on the campaign takes the next key only; its number."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    made = dialect.insert(rest_key).values(campaign_id=campaign_id, number=2)
    written = await tx.execute(
        made.on_conflict_do_update(index_elements=["campaign_id"], set_={"number": rest_key.c.number + 1}).returning(
            rest_key.c.number
        )
    )
    return int(written.scalar_one())


# -- calls that are answered once -----------------------------------------------------------------------------------------


async def call(tx: AsyncConnection, campaign_id: int, key: str) -> AnyRow | None:
    """What is known of the call with this idempotency key, locked."""
    query = select(idempotent_request).where(*_is(campaign_id, key))
    return (await tx.execute(query.with_for_update())).one_or_none()


async def add_call(
    tx: AsyncConnection, campaign_id: int, key: str, digest: str, *, items: int, now: datetime, lease_until: datetime
) -> None:
    """Of so many `items`. A call of the same key at the same moment is an IntegrityError: repeat the transaction."""
    row = {"campaign_id": campaign_id, "key": key, "digest": digest, "items": items, "created_at": now}
    await tx.execute(insert(idempotent_request).values({**row, "lease_until": lease_until}))


async def set_call(tx: AsyncConnection, campaign_id: int, key: str, **values: Any) -> bool:
    """False if it was forgotten."""
    changed = await tx.execute(update(idempotent_request).where(*_is(campaign_id, key)).values(values))
    return changed.rowcount == 1


async def add_piece(tx: AsyncConnection, campaign_id: int, key: str, start: int, answer: list[Any]) -> None:
    """What became of the items from `start`."""
    row = {"campaign_id": campaign_id, "key": key, "start": start, "answer": answer}
    await tx.execute(insert(idempotent_piece).values(row))


async def is_done(tx: AsyncConnection, campaign_id: int, key: str, start: int) -> bool:
    query = select(idempotent_piece.c.start).where(*_of(campaign_id, key), idempotent_piece.c.start >= start)
    return await tx.scalar(query.limit(1)) is not None


async def answer(tx: AsyncConnection, campaign_id: int, key: str) -> list[Any]:
    """What became of the items that are done, in their order."""
    query = select(idempotent_piece.c.answer).where(*_of(campaign_id, key)).order_by(idempotent_piece.c.start)
    return [item for piece in (await tx.execute(query)).scalars() for item in piece]


async def forget_call(tx: AsyncConnection, campaign_id: int, key: str) -> None:
    await tx.execute(delete(idempotent_piece).where(*_of(campaign_id, key)))
    await tx.execute(delete(idempotent_request).where(*_is(campaign_id, key)))


async def forget_calls(tx: AsyncConnection, before: datetime) -> None:
    """Some of those that are older; each new call forgets more of them than it adds."""
    old = select(idempotent_request.c.campaign_id, idempotent_request.c.key).where(
        idempotent_request.c.created_at < before
    )
    for campaign_id, key in list(await tx.execute(old.limit(FORGOTTEN_AT_ONCE))):
        await forget_call(tx, campaign_id, key)


def _is(campaign_id: int, key: str) -> tuple[Any, ...]:
    return idempotent_request.c.campaign_id == campaign_id, idempotent_request.c.key == key


def _of(campaign_id: int, key: str) -> tuple[Any, ...]:
    return idempotent_piece.c.campaign_id == campaign_id, idempotent_piece.c.key == key
