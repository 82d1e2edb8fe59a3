"""Campaign rows."""

from collections.abc import Collection, Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign, LoadOrder
from dialer.domain.transitions import (
    CAMPAIGN,
    AttemptState,
    CampaignStatus,
    EnrollmentState,
    MessageStatus,
    RequestState,
)
from dialer.domain.windows import ExecutionTime, Validity
from dialer.store.changes import change_state
from dialer.store.prepared import Prepared
from dialer.store.tables import attempt, campaign, contact_request, enrollment, message, trail
from dialer.store.types import AnyRow, spelled

_NAMES = tuple(column.name for column in campaign.columns)
_QUEUED = (RequestState.PENDING, RequestState.CLAIMED)


async def add(tx: AsyncConnection, fields: Mapping[str, Any], now: datetime) -> int:
    """A new, unpublished campaign; `fields` as in `Campaign`."""
    row = {
        **_columns(fields),
        "status": CampaignStatus.UNPUBLISHED,
        "revision": 1,
        "created_at": now,
        "modified_at": now,
    }
    return int((await tx.execute(insert(campaign).values(row).returning(campaign.c.id))).scalar_one())


async def get(tx: AsyncConnection, campaign_id: int) -> Campaign | None:
    rows = await _GET.rows(tx, {"_id": campaign_id})
    return _campaign(rows[0]) if rows else None


async def hold(tx: AsyncConnection, campaign_id: int) -> Campaign | None:
    """The campaign, whose status nobody changes before this transaction ends: for those that write work into it.

    PostgreSQL's weakest lock, which those who only edit the campaign, and everybody else who holds it, pass by.
    """
    return await _locked(tx, campaign_id, read=True)


async def lock(tx: AsyncConnection, campaign_id: int) -> Campaign | None:
    """The campaign, once everybody who holds it is done: for those that change its status."""
    return await _locked(tx, campaign_id, read=False)


async def _locked(tx: AsyncConnection, campaign_id: int, *, read: bool) -> Campaign | None:
    rows = await _LOCKED[read].rows(tx, {"_id": campaign_id})
    return _campaign(rows[0]) if rows else None


# Statements of the busy paths are made once: building one costs as much as running it.
_GET = Prepared(select(campaign).where(campaign.c.id == bindparam("_id")))
_LOCKED = {
    read: Prepared(select(campaign).where(campaign.c.id == bindparam("_id")).with_for_update(read=read, key_share=read))
    for read in (True, False)
}
_RULE_PACKS = Prepared(
    select(campaign.c.id, campaign.c.rule_pack).where(campaign.c.id.in_(bindparam("_ids", expanding=True)))
)
_TOUCH = Prepared(update(campaign).where(campaign.c.id == bindparam("_id")).values(last_activity_at=bindparam("_now")))


async def rule_packs(tx: AsyncConnection, campaign_ids: Collection[int]) -> dict[int, str]:
    """The rule pack in force of each of these campaigns."""
    return {row.id: row.rule_pack for row in await _RULE_PACKS.rows(tx, {"_ids": list(campaign_ids)})}


async def all_with_status(tx: AsyncConnection, status: CampaignStatus) -> list[Campaign]:
    rows = await tx.execute(select(campaign).where(campaign.c.status == status).order_by(campaign.c.id))
    return [_campaign(row) for row in rows]


async def revisions(tx: AsyncConnection, status: CampaignStatus) -> dict[int, int]:
    """By id: each change of a campaign or its strategy is a new one."""
    rows = await tx.execute(select(campaign.c.id, campaign.c.revision).where(campaign.c.status == status))
    return {row.id: row.revision for row in rows}


async def with_unfinished_stop(tx: AsyncConnection) -> list[int]:
    """Campaigns that are not published but have requests in the queue or contacts at a wait: a crash came between the two.

    Contacts that have yet to enter a campaign which was never published are as they should be, unless it has ended.
    """
    request = exists().where(contact_request.c.campaign_id == campaign.c.id)
    queued = or_(*(request.where(contact_request.c.state == spelled(state)) for state in _QUEUED))
    place = exists().where(enrollment.c.campaign_id == campaign.c.id)
    unflagged = or_(
        queued,
        place.where(enrollment.c.state == EnrollmentState.WAITING),
        and_(
            or_(campaign.c.status == CampaignStatus.ENDED, campaign.c.published_at.is_not(None)),
            place.where(enrollment.c.state == EnrollmentState.PENDING),
        ),
    )
    query = select(campaign.c.id).where(campaign.c.status != CampaignStatus.PUBLISHED, unflagged)
    return list((await tx.execute(query.order_by(campaign.c.id))).scalars())


async def edit(
    tx: AsyncConnection, campaign_id: int, fields: Mapping[str, Any], now: datetime, *, revision: int | None
) -> bool:
    """Change fields of a campaign that has not ended; False if it has, or if `revision` is stale."""
    where = [campaign.c.id == campaign_id, campaign.c.status != CampaignStatus.ENDED]
    if revision is not None:
        where.append(campaign.c.revision == revision)
    changed = await tx.execute(
        update(campaign)
        .where(*where)
        .values({**_columns(fields), "revision": campaign.c.revision + 1, "modified_at": now})
    )
    return changed.rowcount == 1


async def set_status(tx: AsyncConnection, campaign_id: int, to: CampaignStatus, now: datetime) -> bool:
    changes = {"modified_at": now, "revision": campaign.c.revision + 1}
    if to is CampaignStatus.PUBLISHED:
        changes["published_at"] = func.coalesce(campaign.c.published_at, now)
    return await change_state(tx, campaign, CAMPAIGN, campaign_id, to, column="status", **changes)


async def begin_deletion(tx: AsyncConnection, campaign_id: int, now: datetime) -> None:
    """From now on its rows go, piece by piece, whoever does it."""
    since = func.coalesce(campaign.c.deleting_since, now)
    await tx.execute(update(campaign).where(campaign.c.id == campaign_id).values(deleting_since=since))


async def last_reached(tx: AsyncConnection, campaign_id: int) -> datetime | None:
    """When it has called or texted somebody last; ids are in the order of time."""
    called = select(attempt.c.started_at).where(attempt.c.campaign_id == campaign_id).order_by(attempt.c.id.desc())
    texted = select(message.c.created_at).where(message.c.campaign_id == campaign_id).order_by(message.c.id.desc())
    found = [await tx.scalar(query.limit(1)) for query in (called, texted)]
    return max((at for at in found if at is not None), default=None)


async def is_under_way(tx: AsyncConnection, campaign_id: int) -> bool:
    """Whether a call goes on, or a text has no answer of the SMSC yet."""
    # By the few that are under way anywhere, not by the campaign, which may have had millions: hence the sum.
    calls = exists().where(attempt.c.campaign_id + 0 == campaign_id, attempt.c.state != spelled(AttemptState.ENDED))
    texts = exists().where(message.c.campaign_id + 0 == campaign_id, message.c.status == spelled(MessageStatus.PENDING))
    return bool(await tx.scalar(select(or_(calls, texts))))


async def being_deleted(tx: AsyncConnection) -> list[int]:
    query = select(campaign.c.id).where(campaign.c.deleting_since.is_not(None))
    return list((await tx.execute(query.order_by(campaign.c.deleting_since, campaign.c.id))).scalars())


async def touch(tx: AsyncConnection, campaign_id: int, now: datetime) -> None:
    """Something happened in it: what the list calls last activity."""
    await _TOUCH.run(tx, {"_id": campaign_id, "_now": now})


#: What grows with the contacts of a campaign; whatever refers to another row stands before it.
_HISTORY = (trail, message, attempt, contact_request, enrollment)


async def remove_history(tx: AsyncConnection, campaign_id: int, limit: int) -> int:
    """Delete up to `limit` rows, and what hangs on them; their number, 0 when there are none any more."""
    for table in _HISTORY:
        # The newest first: a request refers to the older one that it replaces.
        some = select(table.c.id).where(table.c.campaign_id == campaign_id).order_by(table.c.id.desc()).limit(limit)
        if gone := (await tx.execute(delete(table).where(table.c.id.in_(some)))).rowcount:
            return gone
    return 0


async def remove(tx: AsyncConnection, campaign_id: int) -> None:
    await tx.execute(delete(campaign).where(campaign.c.id == campaign_id))


async def with_queue(tx: AsyncConnection) -> list[AnyRow]:
    """`(queue, id, title, status)` of campaigns that call for a queue and are not over, by title."""
    query = select(campaign.c.queue, campaign.c.id, campaign.c.title, campaign.c.status)
    wanted = query.where(campaign.c.queue.is_not(None), campaign.c.status != CampaignStatus.ENDED)
    return list(await tx.execute(wanted.order_by(campaign.c.title)))


async def counts(tx: AsyncConnection, campaign_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Contacts by enrollment state, for each campaign; states that nobody is in are left out.

    State by state: SQLite counts within one key of an index three times as fast as it groups by it.
    """
    rows = await _COUNTS.rows(tx, {"_ids": list(campaign_ids)})
    found = {row[0]: {str(s): n for s, n in zip(EnrollmentState, row[1:], strict=True) if n} for row in rows}
    return {campaign_id: found.get(campaign_id, {}) for campaign_id in campaign_ids}


async def counts_by_step(tx: AsyncConnection, campaign_id: int) -> list[AnyRow]:
    """`(node, state, number)` of a campaign's contacts; the node is null for who has not entered the strategy."""
    query = (
        select(enrollment.c.node, enrollment.c.state, func.count())
        .where(enrollment.c.campaign_id == campaign_id)
        .group_by(enrollment.c.node, enrollment.c.state)
    )
    return list(await tx.execute(query))


_COUNTS = Prepared(
    select(
        campaign.c.id,
        *(
            select(func.count())
            .select_from(enrollment)
            .where(enrollment.c.campaign_id == campaign.c.id, enrollment.c.state == state)
            .scalar_subquery()
            for state in EnrollmentState
        ),
    ).where(campaign.c.id.in_(bindparam("_ids", expanding=True)))
)


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(fields)
    if "execution" in columns and columns["execution"] is not None:
        execution = columns["execution"]
        columns["execution"] = {
            "start": _time_of_day(execution.start),
            "end": _time_of_day(execution.end),
            "days": list(execution.days),
        }
    if "validity" in columns:
        validity = columns.pop("validity")
        columns |= {"valid_from": validity.from_, "valid_until": validity.until}
    columns |= {name: list(columns[name]) for name in ("dialing_modes", "sms_fallbacks") if name in columns}
    return columns


def _time_of_day(at: time) -> str:
    """`09:00`, or `09:00:30`: as `ExecutionTime.read` takes it."""
    return at.isoformat("seconds" if at.second else "minutes")


def _campaign(row: AnyRow) -> Campaign:
    return of_row(dict(zip(_NAMES, row, strict=True)))


def of_row(row: Mapping[str, Any]) -> Campaign:
    """A campaign from the columns of its row."""
    fields = dict(row)
    validity = Validity(fields.pop("valid_from"), fields.pop("valid_until"))
    typed = {
        "status": CampaignStatus(fields["status"]),
        "execution": ExecutionTime.read(**fields["execution"]) if fields["execution"] else None,
        "validity": validity,
        "dialing_modes": tuple(fields["dialing_modes"]),
        "sms_fallbacks": tuple(fields["sms_fallbacks"]),
        "load_order": LoadOrder(fields["load_order"]),
    }
    return Campaign(**{**fields, **typed})
