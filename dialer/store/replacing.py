"""A request in the place of one that was carried out and came to nothing: the same try of the same step, once more."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import RequestState
from dialer.store import requests
from dialer.store.requests import ContactRequest
from dialer.store.tables import channel_address


async def has_address(tx: AsyncConnection, request: ContactRequest) -> bool:
    """Whether its contact still has the address that it goes to."""
    its_own = channel_address.c.address == request.address, channel_address.c.contact_id == request.contact_id
    return await tx.scalar(select(channel_address.c.id).where(*its_own)) is not None


async def replace(tx: AsyncConnection, request: ContactRequest, due_at: datetime, now: datetime) -> int:
    """A new pending request in the place of one that was completed, for the same try of the same step."""
    named = (
        "enrollment_id",
        "campaign_id",
        "contact_id",
        "channel",
        "node",
        "visit",
        "try_no",
        "address",
        "priority",
        "zone",
    )
    row = {name: getattr(request, name) for name in named} | {
        "payload": dict(request.payload), "requeue_no": request.requeue_no + 1, "replaces_id": request.id,
        "wanted_at": due_at, "due_at": due_at, "state": RequestState.PENDING, "created_at": now,
    }  # fmt: skip
    return (await requests.add_many(tx, [row]))[0]
