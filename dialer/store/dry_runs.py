"""What a dry run reads: the contacts of a campaign that are not through, page by page, and what was measured of calls. Reads only."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import EnrollmentState
from dialer.store.tables import attempt, campaign, contact, enrollment
from dialer.store.types import AnyRow

_OPEN = tuple(state.value for state in EnrollmentState if state is not EnrollmentState.DONE)


async def open_number(tx: AsyncConnection, campaign_id: int) -> int:
    """How many contacts are not through the strategy."""
    query = select(func.count()).where(enrollment.c.campaign_id == campaign_id, enrollment.c.state.in_(_OPEN))
    return int(await tx.scalar(query) or 0)


async def versions(tx: AsyncConnection, campaign_id: int) -> list[int]:
    """The versions of the strategy on which contacts stand that are not through."""
    query = (
        select(enrollment.c.strategy_version)
        .where(
            enrollment.c.campaign_id == campaign_id,
            enrollment.c.node.is_not(None),
            enrollment.c.state.in_(_OPEN),
            enrollment.c.strategy_version.is_not(None),
        )
        .distinct()
    )
    return list((await tx.execute(query)).scalars())


async def page(tx: AsyncConnection, campaign_id: int, after: int, limit: int) -> Sequence[AnyRow]:
    """Open places with an id above `after`, in the order in which they enter, with what the dry run needs of their contacts."""
    query = (
        select(
            enrollment.c.id, enrollment.c.contact_id, enrollment.c.strategy_version, enrollment.c.node,
            enrollment.c.memory, enrollment.c.due_at, contact.c.time_zone, contact.c.first_name, contact.c.last_name,
            contact.c.attributes,
        )
        .join(contact, contact.c.id == enrollment.c.contact_id)
        .where(enrollment.c.campaign_id == campaign_id, enrollment.c.id > after, enrollment.c.state.in_(_OPEN))
        .order_by(enrollment.c.id)
        .limit(limit)
    )  # fmt: skip
    return (await tx.execute(query)).all()


async def latest_calls(
    tx: AsyncConnection, campaign_id: int | None, limit: int
) -> list[tuple[str, str, datetime, datetime | None, datetime | None, datetime]]:
    """`(outcome, zone, started, answered, connected, ended)` of the latest calls of a campaign, with None of all."""
    query = (
        select(
            attempt.c.outcome, func.coalesce(contact.c.time_zone, campaign.c.time_zone), attempt.c.started_at,
            attempt.c.answered_at, attempt.c.connected_at, attempt.c.ended_at,
        )
        .join(contact, contact.c.id == attempt.c.contact_id)
        .join(campaign, campaign.c.id == attempt.c.campaign_id)
        .where(attempt.c.outcome.is_not(None), attempt.c.ended_at.is_not(None))
        .order_by(attempt.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    if campaign_id is not None:
        query = query.where(attempt.c.campaign_id == campaign_id)
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in await tx.execute(query)]
