"""Two contacts turn out to be one: their places in the same campaign become one (K2)."""

from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import EnrollmentState
from dialer.store.tables import attempt, contact_request, enrollment, message

FOLD = 1000  # more often than this nobody is queued again


async def settle_doubles(tx: AsyncConnection, survivor: int, gone: int) -> list[int]:
    """Before two contacts are joined: in each campaign that has both, the one that is further stays (K2).

    Requests, attempts and messages of the other hang on the one that stays. Returns those campaigns.
    """
    rows = await tx.execute(
        select(enrollment.c.campaign_id)
        .where(enrollment.c.contact_id.in_((survivor, gone)))
        .group_by(enrollment.c.campaign_id)
        .having(func.count() > 1)
    )
    campaigns = list(rows.scalars())
    for campaign_id in campaigns:
        query = (
            select(enrollment.c.id)
            .where(enrollment.c.campaign_id == campaign_id, enrollment.c.contact_id.in_((survivor, gone)))
            .order_by(
                enrollment.c.node.is_(None), _progress().desc(), enrollment.c.attempts.desc(), enrollment.c.id
            )  # whoever has entered the strategy never enters it again (K3)
        )
        kept, dropped = (await tx.execute(query)).scalars()
        await _fold(tx, kept, dropped)
    return campaigns


def _progress() -> Any:
    """How far a contact is. One whose call is under way counts most: nobody may start another beside it."""
    ranks = {
        EnrollmentState.IN_PROGRESS: 4,
        EnrollmentState.DONE: 3,
        EnrollmentState.WAITING: 2,
        EnrollmentState.PENDING: 1,
        EnrollmentState.STOPPED: 0,
    }
    return case({str(state): rank for state, rank in ranks.items()}, value=enrollment.c.state)


async def _fold(tx: AsyncConnection, kept: int, dropped: int) -> None:
    await tx.execute(
        update(contact_request)
        .where(contact_request.c.enrollment_id == dropped, contact_request.c.state.in_(("pending", "claimed")))
        .values(state="cancelled", lease_node=None, lease_until=None)
    )
    # Their keys may be equal to keys of the one that stays: a thousand for each that was folded in keeps them apart,
    # also from those that are queued again later.
    highest = await tx.scalar(
        select(func.max(contact_request.c.requeue_no)).where(contact_request.c.enrollment_id == kept)
    )
    shift = (int(highest or 0) // FOLD + 1) * FOLD
    await tx.execute(
        update(contact_request)
        .where(contact_request.c.enrollment_id == dropped)
        .values(enrollment_id=kept, requeue_no=contact_request.c.requeue_no + shift)
    )
    calls, reached = (
        select(enrollment.c[name]).where(enrollment.c.id == dropped).scalar_subquery()
        for name in ("attempts", "reached_after")
    )
    together = {
        "attempts": enrollment.c.attempts + calls,
        "reached_after": func.coalesce(enrollment.c.reached_after, reached),
    }
    await tx.execute(update(enrollment).where(enrollment.c.id == kept).values(together))
    for table in (attempt, message):
        await tx.execute(update(table).where(table.c.enrollment_id == dropped).values(enrollment_id=kept))
    await tx.execute(enrollment.delete().where(enrollment.c.id == dropped))
