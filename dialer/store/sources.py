"""Sources: where contacts came from, and how far an import is."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import SOURCE, SourceState
from dialer.store.changes import change_state
from dialer.store.tables import refused_row, source
from dialer.store.types import AnyRow


async def add(tx: AsyncConnection, campaign_id: int, kind: str, name: str, now: datetime, **fields: Any) -> int:
    row = {"campaign_id": campaign_id, "kind": kind, "name": name, "state": SourceState.PENDING, "created_at": now}
    return int((await tx.execute(insert(source).values({**row, **fields}).returning(source.c.id))).scalar_one())


async def get(tx: AsyncConnection, source_id: int) -> AnyRow | None:
    return (await tx.execute(select(source).where(source.c.id == source_id))).one_or_none()


async def names(tx: AsyncConnection, source_ids: Collection[int]) -> dict[int, str]:
    """What these are called; one that is gone is left out."""
    rows = await tx.execute(select(source.c.id, source.c.name).where(source.c.id.in_(source_ids)))
    return {row.id: row.name for row in rows}


async def is_running(tx: AsyncConnection, source_id: int) -> bool:
    """Whether it is still to be imported; nobody cancels it before this transaction ends."""
    state = await tx.scalar(select(source.c.state).where(source.c.id == source_id).with_for_update())
    return state == SourceState.RUNNING


async def is_at(tx: AsyncConnection, source_id: int, row: int) -> bool:
    """Whether it is still to be imported, and was up to this row: what another node took meanwhile is not taken twice."""
    query = select(source.c.state, source.c.last_row).where(source.c.id == source_id).with_for_update()
    return (await tx.execute(query)).one_or_none() == (SourceState.RUNNING, row)


async def has_state(tx: AsyncConnection, source_id: int, state: SourceState) -> bool:
    """Whether it is in that state; nobody changes it before this transaction ends."""
    return bool(await tx.scalar(select(source.c.state).where(source.c.id == source_id).with_for_update()) == state)


async def removing(tx: AsyncConnection) -> list[int]:
    """Removals to go on with, oldest first."""
    rows = await tx.execute(select(source.c.id).where(source.c.state == SourceState.REMOVING).order_by(source.c.id))
    return list(rows.scalars())


async def unfinished(tx: AsyncConnection) -> list[int]:
    """Imports to run, oldest first: those that wait, and those a restart interrupted, cancelled or not, with contacts half in.

    The REST source runs by itself.
    """
    waits = source.c.state.in_((SourceState.PENDING, SourceState.RUNNING))
    half_in = source.c.landing.is_not(null())
    query = select(source.c.id).where(or_(waits, half_in), source.c.kind != "rest")
    rows = await tx.execute(query.order_by(source.c.id))
    return list(rows.scalars())


async def files(tx: AsyncConnection) -> set[str]:
    """The files in the uploads folder that an import still needs."""
    waits = source.c.state.in_((SourceState.PENDING, SourceState.RUNNING))
    rows = await tx.execute(select(source.c.file).where(waits, source.c.file.is_not(None)))
    return set(rows.scalars())


async def set_state(tx: AsyncConnection, source_id: int, to: SourceState, **fields: Any) -> bool:
    return await change_state(tx, source, SOURCE, source_id, to, **fields)


async def progress(
    tx: AsyncConnection, source_id: int, *, rows: int, created: int, merged: int, refused: int, last_row: int
) -> None:
    """Add what one batch did, in the batch's own transaction: a restart goes on after `last_row`, without doubles."""
    await tx.execute(
        update(source)
        .where(source.c.id == source_id)
        .values(
            rows=source.c.rows + rows,
            created=source.c.created + created,
            merged=source.c.merged + merged,
            refused=source.c.refused + refused,
            last_row=last_row,
        )
    )


async def set_landing(tx: AsyncConnection, source_id: int, ids: dict[str, int] | None) -> None:
    """The ids `{first, end}` of contacts that are half in (store/bulk.py)."""
    await tx.execute(update(source).where(source.c.id == source_id).values(landing=ids))


async def refuse(tx: AsyncConnection, source_id: int, rows: Iterable[tuple[int, list[str], str]]) -> None:
    """Keep `(row number, cells, reason)` of rows that were not taken."""
    values = [{"source_id": source_id, "row": row, "cells": cells, "reason": reason} for row, cells, reason in rows]
    if values:
        await tx.execute(insert(refused_row), values)


async def refused(tx: AsyncConnection, source_id: int, after: int, limit: int) -> list[AnyRow]:
    rows = await tx.execute(
        select(refused_row.c.row, refused_row.c.cells, refused_row.c.reason)
        .where(refused_row.c.source_id == source_id, refused_row.c.row > after)
        .order_by(refused_row.c.row)
        .limit(limit)
    )
    return list(rows)


async def remove(tx: AsyncConnection, source_id: int) -> None:
    """With its refused rows; contacts that name it stay."""
    await tx.execute(delete(source).where(source.c.id == source_id))
