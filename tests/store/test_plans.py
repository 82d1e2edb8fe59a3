"""No statement of the busy paths goes through a table, or sorts it: a million contacts are as quick as a thousand."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import LoadOrder
from dialer.domain.transitions import StopReason
from dialer.store import (
    attempts,
    campaigns,
    claims,
    enrollments,
    evidence,
    lists,
    messages,
    nodes,
    overdue,
    postponing,
    requests,
    stops,
    webhooks,
)
from dialer.store.listing import Query
from tests.support import builders
from tests.support.context import MONDAY, Bench
from tests.support.context import bench as make_bench
from tests.support.databases import SqliteDatabases, opened

LARGE = ("enrollment", "contact_request", "trail", "contact", "new", "old", "attempt", "message", "reply")
Question = Callable[[AsyncConnection, int], Awaitable[object]]


def _claim(order: LoadOrder, *, zoned_only: bool) -> Question:
    return lambda tx, campaign_id: claims.claim(
        tx, campaign_id, "call", order=order, node="node-1", until=MONDAY, now=MONDAY, limit=2, zoned_only=zoned_only
    )


QUESTIONS: dict[str, Question] = {
    "claim the oldest": _claim(LoadOrder.OLDEST_FIRST, zoned_only=False),
    "claim the newest": _claim(LoadOrder.NEWEST_FIRST, zoned_only=False),
    "claim in zones": _claim(LoadOrder.OLDEST_FIRST, zoned_only=True),
    "claim in zones, the newest": _claim(LoadOrder.NEWEST_FIRST, zoned_only=True),
    "calls to a number": lambda tx, _: attempts.tried(tx, {"0a": "+12025550000", "0b": "+12025550001"}, MONDAY),
    "rule packs": lambda tx, i: campaigns.rule_packs(tx, [i]),
    "evidence of calls": lambda tx, _: evidence.attempts(tx, "+12025550000"),
    "evidence of texts": lambda tx, _: evidence.messages(tx, "+12025550000"),
    "evidence of refusals": lambda tx, _: evidence.refusals(tx, "+12025550000", [1, 2]),
    "any pending": lambda tx, i: claims.any_pending(tx, i, "call"),
    "next call": lambda tx, i: claims.next_due(tx, i, "call", MONDAY),
    "windows": postponing.reopen_windows,
    "renew": lambda tx, _: requests.renew(tx, "node-1", MONDAY),
    "expired": lambda tx, _: requests.release_expired(tx, MONDAY, "node-1"),
    "campaigns due": lambda tx, i: enrollments.campaigns_due(tx, [i], MONDAY),
    "next wait": lambda tx, i: enrollments.next_due(tx, [i], MONDAY),
    "due": lambda tx, i: enrollments.due(tx, i, MONDAY, 2),
    "not entered": lambda tx, i: enrollments.not_entered(tx, i, 0, 2),
    "stop": lambda tx, i: stops.stop_pending(tx, i, StopReason.CAMPAIGN_UNPUBLISHED, MONDAY, after=0, limit=3),
    "queue again": lambda tx, i: stops.queue_again(tx, i, MONDAY, after=0, limit=3),
    "end": lambda tx, i: stops.end_stopped(tx, i, MONDAY, after=0, limit=3),
    "open calls": lambda tx, _: attempts.open_of(tx, "node-1"),
    "open texts": lambda tx, _: messages.open_of(tx, "node-1"),
    "calls and texts of other nodes": lambda tx, _: nodes.others_with_work(tx, "node-1"),
    "calls of a node that is gone": lambda tx, _: nodes.take_calls(tx, "node-2", "node-1"),
    "webhooks of other nodes that are left": lambda tx, _: webhooks.take_back(tx, MONDAY, "node-1", 2, own=False),
    "webhooks that are left": lambda tx, _: webhooks.take_back(tx, MONDAY, "node-1", 2, own=True),
    "due when the clock was set back": lambda tx, i: overdue.move(
        tx, SimpleNamespace(campaign_id=i, channel="call", priority=0), MONDAY, MONDAY, timedelta(hours=-1), 2
    ),
    "calls by outcome": lambda tx, i: lists.attempts_of(i).page(tx, Query(filters=("outcome:eq:lost",))),
    "calls of all by outcome": lambda tx, _: lists.ATTEMPTS.page(tx, Query(filters=("outcome:eq:lost",))),
    "texts by status": lambda tx, i: lists.messages_of(i).page(tx, Query(filters=("status:eq:failed",))),
    "texts of all by status": lambda tx, _: lists.MESSAGES.page(tx, Query(filters=("status:eq:failed",))),
    "replies": lambda tx, i: lists.replies_of(i).page(tx, Query(sort="-received_at")),
    "replies that ask to stop": lambda tx, i: lists.replies_of(i).page(
        tx, Query(sort="-received_at", filters=("stop:eq:true",))
    ),
    "replies of all that ask to stop": lambda tx, _: lists.REPLIES.page(tx, Query(filters=("stop:eq:true",))),
    "unfinished stops": lambda tx, _: campaigns.with_unfinished_stop(tx),
}

# Where another index would serve as well by its columns, but holds everybody who is pending or whose call is due.
_WAITS = ("ix_enrollment_waiting", "ix_enrollment_limited")
ONLY = {"not entered": ("ix_enrollment_not_entered",)} | dict.fromkeys(("campaigns due", "next wait", "due"), _WAITS)


# Two chunks, and what is under way: not all.
SORTS = ("stop", "open calls", "open texts", "evidence of calls", "evidence of refusals")
# Of what is claimed, which is no more than the hoppers hold, and of what is under way.
SHORT = ("ix_contact_request_lease", "ix_contact_request_webhook", "ix_attempt_open", "ix_message_open")


@pytest.fixture
async def sqlite_bench(sqlite_databases: SqliteDatabases, tmp_path: Path) -> AsyncIterator[Bench]:
    async with opened(await sqlite_databases.make()) as db:
        yield make_bench(db, tmp_path)


@pytest.mark.req("C7", "C8", "D2")
@pytest.mark.parametrize("question", QUESTIONS)
async def test_it_is_answered_from_an_index(sqlite_bench: Bench, question: str) -> None:
    campaign_id = await builders.add_campaign(sqlite_bench)
    await builders.load(sqlite_bench, campaign_id, builders.persons(6))
    await builders.publish(sqlite_bench, campaign_id)
    if question in {"queue again", "end"}:
        async with sqlite_bench.ctx.db.write() as tx:
            await QUESTIONS["stop"](tx, campaign_id)
    asked: list[tuple[str, Any]] = []
    async with sqlite_bench.ctx.db.write() as tx:
        connection = tx.sync_connection
        assert connection is not None

        @event.listens_for(connection, "before_cursor_execute")
        def _note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if not statement.startswith("EXPLAIN"):
                asked.append((statement, parameters))

        await QUESTIONS[question](tx, campaign_id)
        assert asked
        plans = [(statement, await _plan(tx, statement, parameters)) for statement, parameters in asked]
        for name in ONLY.get(question, ()):
            assert name in str(plans)
        for statement, plan in plans:
            assert not [line for line in plan if _is_slow(line, sorts=question in SORTS)], (statement, plan)


async def _plan(tx: AsyncConnection, statement: str, parameters: Any) -> list[str]:
    one = parameters[0] if isinstance(parameters, list) else parameters
    return [row[3] for row in await tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", one)]


def _is_slow(line: str, *, sorts: bool) -> bool:
    """Through a whole table, an index without anything sought in it, or all that was found sorted at the end."""
    words = line.split()
    scan = words[0] == "SCAN" and words[1] in LARGE and words[-1] not in SHORT
    return scan or (line.startswith("USE TEMP B-TREE") and not sorts)
