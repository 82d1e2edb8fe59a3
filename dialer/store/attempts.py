"""Attempts: written and committed before Originate, closed with an outcome once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import ATTEMPT, AttemptState
from dialer.store.changes import change_state
from dialer.store.requests import ContactRequest
from dialer.store.tables import attempt
from dialer.store.types import AnyRow


async def intend(tx: AsyncConnection, intents: Sequence[dict[str, Any]]) -> None:
    """The intents of calls that are about to be made, as `intent` makes them."""
    await tx.execute(insert(attempt), intents)


def intent(
    attempt_id: str, request: ContactRequest, gateway: str, queue: str, dialer_node: str, now: datetime
) -> dict[str, Any]:
    """One row for `intend`."""
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
        "state": AttemptState.INTENDED,
        "started_at": now,
    }


async def still_open(tx: AsyncConnection, attempt_ids: Collection[str]) -> list[AnyRow]:
    """Those of these attempts that have no outcome yet, locked."""
    if not attempt_ids:
        return []
    query = select(attempt).where(attempt.c.id.in_(attempt_ids), attempt.c.state != AttemptState.ENDED)
    return list(await tx.execute(query.with_for_update()))


async def open_of(tx: AsyncConnection, dialer_node: str) -> list[AnyRow]:
    """Attempts of this node without an outcome: to be matched with Asterisk's live channels."""
    query = select(attempt).where(attempt.c.dialer_node == dialer_node, attempt.c.state != AttemptState.ENDED)
    return list(await tx.execute(query.order_by(attempt.c.id)))


async def mark(tx: AsyncConnection, marks: Iterable[tuple[str, AttemptState, Mapping[str, Any]]]) -> None:
    """Note how far calls are, `(id, state, times and agent)`, so that a restart knows it. Never back (I8)."""
    for attempt_id, state, facts in marks:
        await change_state(tx, attempt, ATTEMPT, attempt_id, state, **facts)


async def end(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Close attempts that are `still_open`; each row has its id and all columns of an outcome."""
    if not rows:
        return
    columns = [name for name in rows[0] if name != "id"]
    await tx.execute(
        update(attempt)
        .where(attempt.c.id == bindparam("_id"))
        .values({name: bindparam(f"_{name}") for name in columns} | {"state": AttemptState.ENDED}),
        [{f"_{name}": value for name, value in row.items()} for row in rows],
    )


async def forget(tx: AsyncConnection, attempt_id: str) -> None:
    """An intent that never left this process: nothing was tried."""
    await tx.execute(delete(attempt).where(attempt.c.id == attempt_id, attempt.c.state == AttemptState.INTENDED))
