"""Attempts: written and committed before Originate, closed with an outcome once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, Text, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.rules.counted import Tried
from dialer.domain.transitions import ATTEMPT, AttemptState
from dialer.store.prepared import Prepared
from dialer.store.requests import ContactRequest
from dialer.store.tables import attempt
from dialer.store.types import AnyRow, spelled


async def intend(tx: AsyncConnection, intents: Sequence[dict[str, Any]]) -> None:
    """The intents of calls that are about to be made, as `intent` makes them."""
    await _INSERT.run_many(tx, intents)


# Statements of the busy paths are made once: building one costs as much as running it.
_INSERT = Prepared(insert(attempt))
_TRIED = Prepared(
    select(attempt.c.number, attempt.c.digest, *(attempt.c[name] for name in Tried.__dataclass_fields__)).where(
        or_(
            attempt.c.number.in_(bindparam("_numbers", expanding=True)),
            attempt.c.digest.in_(bindparam("_digests", expanding=True)),
        ),
        attempt.c.started_at > bindparam("_since"),
    )
)
_CALLS = 7_203_661  # a space of locks of its own, any number
_ASKED = func.unnest(bindparam("_numbers", type_=ARRAY(Text))).column_valued("asked")
_TAKE_TURNS = select(func.pg_advisory_xact_lock(_CALLS, func.hashtext(_ASKED)))
_ELSEWHERE = Prepared(
    select(attempt.c.number).where(
        attempt.c.number.in_(bindparam("_numbers", expanding=True)),
        attempt.c.state != spelled(AttemptState.ENDED),
        attempt.c.dialer_node != bindparam("_own"),
    )
)
#: A start must not read more of its past than a moment takes.
LOOKED_BACK = 2_000

_STILL_OPEN = Prepared(
    select(attempt)
    .where(attempt.c.id.in_(bindparam("ids", expanding=True)), attempt.c.state != AttemptState.ENDED)
    .with_for_update()
)


def intent(
    attempt_id: str,
    request: ContactRequest,
    gateway: str,
    queue: str,
    dialer_node: str,
    now: datetime,
    *,
    caller_id: str | None = None,
    rule_pack: str | None = None,
    rule_version: str | None = None,
) -> dict[str, Any]:
    """One row for `intend`; the pack and its version are those in force."""
    return {
        "id": attempt_id,
        "request_id": request.id,
        "enrollment_id": request.enrollment_id,
        "campaign_id": request.campaign_id,
        "contact_id": request.contact_id,
        "node": request.node,
        "number": request.address,
        "gateway": gateway,
        "queue": queue,
        "dialer_node": dialer_node,
        "caller_id": caller_id,
        "rule_pack": rule_pack,
        "rule_version": rule_version,
        "state": AttemptState.INTENDED,
        "started_at": now,
    }


async def tried(tx: AsyncConnection, digests: Mapping[str, str], since: datetime) -> dict[str, list[Tried]]:
    """The calls to each of these numbers that began after `since`, of all campaigns, those under way among them.

    `digests` are the numbers by their keyed hashes, which are all that is left of them with a contact that was erased.
    """
    found: dict[str, list[Tried]] = defaultdict(list)
    asked = {"_numbers": list(digests.values()), "_digests": list(digests), "_since": since}
    for row in await _TRIED.rows(tx, asked):
        found[row.number or digests[row.digest]].append(Tried(*row[2:]))
    return found


async def take_turns(tx: AsyncConnection, numbers: Collection[str]) -> None:
    """PostgreSQL: nobody else who asks looks at calls to these numbers before this transaction ends; always in one order."""
    await tx.execute(_TAKE_TURNS, {"_numbers": sorted(numbers)})


async def called_elsewhere(tx: AsyncConnection, own: str, numbers: Collection[str]) -> set[str]:
    """Those of these numbers that are in a call of another node."""
    return {row.number for row in await _ELSEWHERE.rows(tx, {"_numbers": list(numbers), "_own": own})}


async def still_open(tx: AsyncConnection, attempt_ids: Collection[str]) -> list[AnyRow]:
    """Those of these attempts that have no outcome yet, locked."""
    if not attempt_ids:
        return []
    return await _STILL_OPEN.rows(tx, {"ids": list(attempt_ids)})


async def open_of(tx: AsyncConnection, dialer_node: str) -> list[AnyRow]:
    """Attempts of this node without an outcome: to be matched with Asterisk's live channels."""
    query = select(attempt).where(attempt.c.dialer_node == dialer_node, attempt.c.state != spelled(AttemptState.ENDED))
    return list(await tx.execute(query.order_by(attempt.c.id)))


async def last_ended(tx: AsyncConnection, since: datetime) -> list[AnyRow]:
    """Those of the last calls of all nodes that have ended since then, `LOOKED_BACK` at most, in the order of their ends."""
    newest = select(attempt).order_by(attempt.c.id.desc()).limit(LOOKED_BACK)
    return sorted(
        (row for row in await tx.execute(newest) if row.outcome is not None and row.ended_at and row.ended_at >= since),
        key=lambda row: (row.ended_at, row.id),
    )


async def mark(tx: AsyncConnection, marks: Iterable[tuple[str, AttemptState, Mapping[str, Any]]]) -> None:
    """Note how far calls are, `(id, state, times and agent)`, so that a restart knows it. Never back (I8)."""
    by_state: dict[AttemptState, list[dict[str, Any]]] = defaultdict(list)
    for attempt_id, state, facts in marks:
        by_state[state].append({"_id": attempt_id} | {f"_{name}": facts.get(name) for name in _FACTS})
    for state, rows in by_state.items():
        await _mark(state).run_many(tx, rows)


_FACTS = ("ringing_at", "answered_at", "connected_at", "agent")


@cache
def _mark(to: AttemptState) -> Prepared:
    facts = {name: func.coalesce(bindparam(f"_{name}", type_=attempt.c[name].type), attempt.c[name]) for name in _FACTS}
    sources = or_(*(attempt.c.state == state for state in sorted(ATTEMPT.sources(to))))  # a list can't be run for many
    return Prepared(update(attempt).where(attempt.c.id == bindparam("_id"), sources).values(facts | {"state": to}))


async def end(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Close attempts that are `still_open`; each row has its id and all columns of an outcome."""
    if not rows:
        return
    columns = tuple(name for name in rows[0] if name != "id")
    await _end(columns).run_many(tx, [{f"_{name}": value for name, value in row.items()} for row in rows])


@cache
def _end(columns: tuple[str, ...]) -> Prepared:
    return Prepared(
        update(attempt)
        .where(attempt.c.id == bindparam("_id"))
        .values({name: bindparam(f"_{name}") for name in columns} | {"state": AttemptState.ENDED})
    )


async def forget(tx: AsyncConnection, attempt_id: str) -> None:
    """An intent that never left this process: nothing was tried."""
    await tx.execute(delete(attempt).where(attempt.c.id == attempt_id, attempt.c.state == AttemptState.INTENDED))
