"""Attempts: written and committed before Originate, closed with an outcome once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.outcome import Outcome
from dialer.domain.transitions import ATTEMPT, AttemptState
from dialer.store.changes import change_state
from dialer.store.requests import ContactRequest
from dialer.store.tables import attempt
from dialer.store.types import AnyRow


async def intend(tx: AsyncConnection, intents: Sequence[dict[str, Any]]) -> None:
    """The intents of calls that are about to be made; see `intent`."""
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


async def get(tx: AsyncConnection, attempt_id: str) -> AnyRow | None:
    return (await tx.execute(select(attempt).where(attempt.c.id == attempt_id))).one_or_none()


async def open_of(tx: AsyncConnection, dialer_node: str) -> list[AnyRow]:
    """Attempts of this node without an outcome: to be matched with Asterisk's live channels."""
    query = select(attempt).where(attempt.c.dialer_node == dialer_node, attempt.c.state != AttemptState.ENDED)
    return list(await tx.execute(query.order_by(attempt.c.id)))


async def mark(tx: AsyncConnection, attempt_id: str, state: AttemptState, **times: Any) -> bool:
    """Note how far a call is, so that a restart knows it. Never back (I8)."""
    return await change_state(tx, attempt, ATTEMPT, attempt_id, state, **times)


async def end(tx: AsyncConnection, attempt_id: str, outcome: Outcome, **fields: Any) -> bool:
    """Close the attempt with its outcome; False if it had one already."""
    changed = await tx.execute(
        update(attempt)
        .where(attempt.c.id == attempt_id, attempt.c.state != AttemptState.ENDED)
        .values(state=AttemptState.ENDED, outcome=outcome, **fields)
    )
    return changed.rowcount == 1


async def forget(tx: AsyncConnection, attempt_id: str) -> None:
    """An intent that never left this process: nothing was tried."""
    await tx.execute(delete(attempt).where(attempt.c.id == attempt_id, attempt.c.state == AttemptState.INTENDED))
