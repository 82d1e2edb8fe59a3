"""Drafts of strategies: drawings that are not deployed, at most one for each campaign."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.tables import strategy_draft
from dialer.store.types import dump_json


@dataclass(frozen=True, slots=True)
class Base:
    """What a drawing was begun from: the revision of the strategy that was there, and its version (None: the default)."""

    rev: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as it is kept. `rev` changes with the flow and with nothing else."""

    flow: list[dict[str, Any]]
    rev: str
    saved_by: str
    saved_at: datetime
    base: Base


async def get(tx: AsyncConnection, campaign_id: int) -> Kept | None:
    row = (await tx.execute(select(strategy_draft).where(strategy_draft.c.campaign_id == campaign_id))).one_or_none()
    if row is None:
        return None
    base = Base(row.base_rev, row.base_version)
    return Kept(orjson.loads(row.flow), row.rev, row.saved_by, row.saved_at, base)


async def revision(tx: AsyncConnection, campaign_id: int) -> str | None:
    """The draft's revision; None if the campaign has none."""
    rev: str | None = await tx.scalar(select(strategy_draft.c.rev).where(strategy_draft.c.campaign_id == campaign_id))
    return rev


async def put(
    tx: AsyncConnection, campaign_id: int, flow: list[dict[str, Any]], base: Base, *, by: str, now: datetime
) -> None:
    """In place of the one before; the caller holds the campaign's row."""
    text = dump_json(flow)
    await remove(tx, campaign_id)
    await tx.execute(
        insert(strategy_draft).values(
            campaign_id=campaign_id,
            flow=text,
            rev=hashlib.sha256(text.encode()).hexdigest()[:32],
            saved_by=by[:200],
            saved_at=now,
            base_version=base.version,
            base_rev=base.rev,
        )
    )


async def remove(tx: AsyncConnection, campaign_id: int, rev: str | None = None) -> None:
    """The draft, or only if it has this revision."""
    where = [strategy_draft.c.campaign_id == campaign_id]
    if rev is not None:
        where.append(strategy_draft.c.rev == rev)
    await tx.execute(delete(strategy_draft).where(*where))
