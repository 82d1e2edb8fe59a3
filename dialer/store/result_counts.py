"""Calls by outcome and texts by status, a row for each campaign, quarter of an hour, step, gateway and result.

The transaction that records a result counts it, so that a report is a sum over some thousand short rows, however many
calls there were. A quarter, as some zones are off by one. What is under way is looked up: that is never much.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Select, String, case, func, literal, select, text, type_coerce
from sqlalchemy import literal_column as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.report import CALL, OPEN, SMS, Slot, Tallied, quarter
from dialer.domain.transitions import AttemptState, MessageStatus
from dialer.store.sums import adding
from dialer.store.tables import attempt, contact_request, enrollment, message, reply, result_count
from dialer.store.types import spelled


class Key(NamedTuple):
    campaign_id: int
    channel: str
    quarter: datetime
    node: str
    gateway: str
    result: str


class Counted(NamedTuple):
    """What one call or text adds; a text that gets another status is taken away from the former one."""

    key: Key
    number: int
    talk_ms: int = 0


_ADD = adding(result_count, Key._fields, ("number", "talk_ms"))


async def add(tx: AsyncConnection, counts: Iterable[Counted]) -> None:
    sums: dict[Key, tuple[int, int]] = {}
    for key, number, talk_ms in counts:
        held = sums.get(key, (0, 0))
        sums[key] = held[0] + number, held[1] + talk_ms
    rows = [
        {**key._asdict(), "number": number, "talk_ms": talk_ms}
        for key, (number, talk_ms) in sorted(sums.items())
        if number
    ]  # in one order, so that no two writers wait for each other
    await _ADD(tx.dialect.name).run_many(tx, rows)


# -- what reports ask -----------------------------------------------------------------------------------------------------


async def hold_snapshot(tx: AsyncConnection) -> None:
    """At the begin of a read: all that it asks is of the same moment, as it always is on SQLite."""
    if tx.dialect.name != "sqlite":
        await tx.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


_ATTEMPT_OPEN = attempt.c.state != spelled(AttemptState.ENDED)
_MESSAGE_OPEN = message.c.status == spelled(MessageStatus.PENDING)
_TALLY = ("channel", "result", "node", "number", "talk_ms")


async def by_step(tx: AsyncConnection, campaign_id: int) -> list[Tallied]:
    """Calls and texts of a campaign by step and result, those under way among them."""
    c = result_count.c
    query = select(c.channel, c.result, c.node, func.sum(c.number), func.sum(c.talk_ms))
    rows = await tx.execute(query.where(c.campaign_id == campaign_id).group_by(c.channel, c.result, c.node))
    found = [Tallied(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]
    return found + [Tallied(channel, OPEN, node, 1, 0) for channel, node, _ in await _open(tx, campaign_id)]


async def by_slot(tx: AsyncConnection, campaign_id: int, changes: Sequence[datetime]) -> list[Slot]:
    """The same by quarter of the UTC day, apart before and after each of `changes`, when the zone's offset is another."""
    moment = result_count.c.quarter
    query = _by_time(_clock(tx, moment), _part(moment, changes), campaign_id)
    found = [Slot(int(row.part), row.at, row.channel, row.result, int(row.number)) for row in await tx.execute(query)]
    for channel, _, begun in await _open(tx, campaign_id):
        part = sum(begun >= change for change in changes)
        found.append(Slot(part, f"{quarter(begun):%H:%M}", channel, OPEN, 1))
    return found


def _by_time(at: ColumnElement[Any], part: ColumnElement[Any], campaign_id: int) -> Select[Any]:
    c = result_count.c
    query = select(part.label("part"), at.label("at"), c.channel, c.result, func.sum(c.number).label("number"))
    return query.where(c.campaign_id == campaign_id).group_by(sql("1"), sql("2"), c.channel, c.result)


def _part(moment: ColumnElement[Any], changes: Sequence[datetime]) -> ColumnElement[Any]:
    if not changes:
        return literal(0)
    return case(*((moment < change, n) for n, change in enumerate(changes)), else_=len(changes))


def _clock(tx: AsyncConnection, moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """`13:45`, in UTC."""
    if tx.dialect.name == "sqlite":
        return func.substr(type_coerce(moment, String()), 12, 5)
    return func.to_char(func.timezone("UTC", moment), "HH24:MI")


async def of_day(
    tx: AsyncConnection, campaign_id: int, start: datetime, end: datetime
) -> list[tuple[datetime, str, str, int]]:
    """`(quarter, channel, result, number)` of what was begun from `start` on and before `end`."""
    c = result_count.c
    query = select(c.quarter, c.channel, c.result, func.sum(c.number)).group_by(c.quarter, c.channel, c.result)
    rows = await tx.execute(query.where(c.campaign_id == campaign_id, c.quarter >= start, c.quarter < end))
    going = [(quarter(at), channel, OPEN, 1) for channel, _, at in await _open(tx, campaign_id) if start <= at < end]
    return [(row[0], row[1], row[2], int(row[3])) for row in rows] + going


async def first_quarter(tx: AsyncConnection, campaign_id: int) -> datetime | None:
    """In which anything was begun that has come to an end."""
    found = await tx.scalar(select(func.min(result_count.c.quarter)).where(result_count.c.campaign_id == campaign_id))
    return cast("datetime | None", found)


async def _open(tx: AsyncConnection, campaign_id: int) -> list[tuple[str, str, datetime]]:
    """`(channel, node, begun)` of the calls and texts that are under way, of all nodes."""
    calls = select(attempt.c.node, attempt.c.started_at).where(_ATTEMPT_OPEN, attempt.c.campaign_id == campaign_id)
    texts = select(message.c.node, message.c.created_at).where(_MESSAGE_OPEN, message.c.campaign_id == campaign_id)
    return [
        (channel, node, at) for channel, query in ((CALL, calls), (SMS, texts)) for node, at in await tx.execute(query)
    ]


async def tries(tx: AsyncConnection, campaign_id: int) -> list[tuple[int, int]]:
    """`(calls, contacts)`: how many contacts had so many calls."""
    query = select(enrollment.c.attempts, func.count()).where(enrollment.c.campaign_id == campaign_id)
    return [(row[0], row[1]) for row in await tx.execute(query.group_by(enrollment.c.attempts))]


async def reached(tx: AsyncConnection, campaign_id: int) -> list[tuple[int, int]]:
    """`(calls, contacts)`: how many contacts talked with an agent the first time after so many calls."""
    after = enrollment.c.reached_after
    query = select(after, func.count()).where(enrollment.c.campaign_id == campaign_id, after.is_not(None))
    return [(row[0], row[1]) for row in await tx.execute(query.group_by(after))]


async def entered(tx: AsyncConnection, campaign_id: int) -> dict[str, int]:
    """How often contacts came to each step that calls, texts or sends a webhook; queued again it is the same time."""
    row = contact_request.c
    first = (row.try_no == sql("1"), row.requeue_no == sql("0"))  # as the partial index has it
    query = select(row.node, func.count()).where(row.campaign_id == campaign_id, *first).group_by(row.node)
    return {row[0]: row[1] for row in await tx.execute(query)}


async def replies(tx: AsyncConnection, campaign_id: int) -> int:
    return int(await tx.scalar(select(func.count()).select_from(reply).where(reply.c.campaign_id == campaign_id)) or 0)


# -- what metrics ask -----------------------------------------------------------------------------------------------------


async def calls_of_all(tx: AsyncConnection) -> dict[str, int]:
    """Of all campaigns by outcome; those under way are `open`."""
    c = result_count.c
    query = select(c.result, func.sum(c.number)).where(c.channel == CALL).group_by(c.result)
    found = {row[0]: int(row[1]) for row in await tx.execute(query) if row[1]}
    going = int(await tx.scalar(select(func.count()).select_from(attempt).where(_ATTEMPT_OPEN)) or 0)
    return found | ({OPEN: going} if going else {})


async def texts_of_all(tx: AsyncConnection) -> dict[str, Mapping[str, int]]:
    """`{gateway: {status: n}}`, of all campaigns."""
    c = result_count.c
    kept = select(c.gateway, c.result, func.sum(c.number)).where(c.channel == SMS).group_by(c.gateway, c.result)
    going = select(message.c.gateway, message.c.status, func.count()).where(_MESSAGE_OPEN)
    found: dict[str, dict[str, int]] = {}
    for query in (kept, going.group_by(message.c.gateway, message.c.status)):
        for gateway, status, number in await tx.execute(query):
            if number:
                found.setdefault(gateway, {})[status] = int(number)
    return dict(found)
