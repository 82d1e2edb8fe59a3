"""Everything that is kept of one number, over all campaigns: each read is one look into an index."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.tables import (
    attempt,
    campaign,
    channel_address,
    contact,
    do_not_contact,
    message,
    reply,
    trail,
    trial,
)

#: Entries that say that a call or text was not made, or not yet.
REFUSALS = ("refused", "call-refused", "sms-refused", "put-off", "call-withdrawn", "sms-withdrawn")
Rows = list[dict[str, Any]]


async def attempts(tx: AsyncConnection, number: str) -> Rows:
    """Calls to it, oldest first, each with its campaign's `title` and the contact's `zone`."""
    query = select(attempt, campaign.c.title, contact.c.time_zone.label("zone"))
    joined = query.join(campaign, campaign.c.id == attempt.c.campaign_id).join(contact)
    return await _rows(tx, joined.where(attempt.c.number == number).order_by(attempt.c.started_at, attempt.c.id))


async def messages(tx: AsyncConnection, number: str) -> Rows:
    """Texts to it, the same way."""
    query = select(message, campaign.c.title, contact.c.time_zone.label("zone"))
    joined = query.join(campaign, campaign.c.id == message.c.campaign_id).join(contact)
    return await _rows(tx, joined.where(message.c.address == number).order_by(message.c.id))


async def replies(tx: AsyncConnection, number: str) -> Rows:
    """Texts from it."""
    query = select(reply, campaign.c.title, contact.c.time_zone.label("zone"))
    joined = query.outerjoin(campaign, campaign.c.id == reply.c.campaign_id).outerjoin(
        contact, contact.c.id == reply.c.contact_id
    )
    return await _rows(tx, joined.where(reply.c.source == number).order_by(reply.c.id))


async def trials(tx: AsyncConnection, number: str) -> Rows:
    """Test messages to it."""
    return await _rows(tx, select(trial).where(trial.c.address == number).order_by(trial.c.id))


async def refusals(tx: AsyncConnection, number: str, contact_ids: Collection[int]) -> Rows:
    """Trail entries about it of who holds it now, and of these contacts, who were tried at it."""
    owner = select(channel_address.c.contact_id).where(channel_address.c.address == number)
    query = (
        select(trail, campaign.c.title, contact.c.time_zone.label("zone"))
        .join(contact, contact.c.id == trail.c.contact_id)
        .outerjoin(campaign, campaign.c.id == trail.c.campaign_id)
        .where(or_(trail.c.contact_id.in_(owner), trail.c.contact_id.in_(contact_ids)), trail.c.kind.in_(REFUSALS))
        .order_by(trail.c.id)
    )
    return [row for row in await _rows(tx, query) if row["data"].get("address") == number]


async def listed(tx: AsyncConnection, digest: str) -> Rows:
    """Its do-not-contact entries, also those of which only the hash is left."""
    query = select(do_not_contact, campaign.c.title).outerjoin(campaign, campaign.c.id == do_not_contact.c.campaign_id)
    return await _rows(tx, query.where(do_not_contact.c.digest == digest).order_by(do_not_contact.c.id))


async def _rows(tx: AsyncConnection, query: Select[Any]) -> Rows:
    return [dict(row._mapping) for row in await tx.execute(query)]  # noqa: SLF001  (SQLAlchemy's public name for it)
