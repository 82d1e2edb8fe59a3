"""Contacts offered to agents. Of a request, and to an agent, there is one open offer at a time: two indexes see to it."""

from datetime import datetime

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.record import record
from dialer.domain.transitions import PREVIEW, PreviewState
from dialer.store.tables import contact_request, preview
from dialer.store.types import AnyRow

OPEN = frozenset(state for state in PreviewState if not PREVIEW.final(state))


@record
class Offer:
    """A request offered to a user who has the telephone `agent`, a queue member's interface."""

    id: str
    request_id: int
    agent: str
    user_name: str
    node: str
    state: PreviewState
    offered_at: datetime
    until: datetime


_COLUMNS = tuple(preview.c[name] for name in Offer.__dataclass_fields__)


async def add(tx: AsyncConnection, offer: Offer) -> None:
    """IntegrityError: the request is offered already, or the agent has an offer."""
    row = {name: getattr(offer, name) for name in Offer.__dataclass_fields__}
    await tx.execute(insert(preview).values(**row))


async def move(
    tx: AsyncConnection, offer_id: str, to: PreviewState, now: datetime, *, until: datetime | None = None
) -> bool:
    """Compare-and-set by the table of states. An offer whose time is over can't be accepted. `until` is its next time-out."""
    in_time = preview.c.until > now if to is PreviewState.ACCEPTED else preview.c.id == offer_id
    ends = {"ended_at": now} if PREVIEW.final(to) else {}
    changed = await tx.execute(
        update(preview)
        .where(preview.c.id == offer_id, preview.c.state.in_(PREVIEW.sources(to)), in_time)
        .values(state=to, **ends, **({"until": until} if until else {}))
    )
    return changed.rowcount == 1


async def get(tx: AsyncConnection, offer_id: str) -> Offer | None:
    row = (await tx.execute(select(*_COLUMNS).where(preview.c.id == offer_id))).one_or_none()
    return _offer(row) if row else None


async def of_request(tx: AsyncConnection, request_id: int) -> Offer | None:
    """The open offer of a request."""
    query = select(*_COLUMNS).where(preview.c.request_id == request_id, preview.c.state.in_(OPEN))
    row = (await tx.execute(query)).one_or_none()
    return _offer(row) if row else None


async def left_behind(tx: AsyncConnection, node: str) -> list[Offer]:
    """Open offers of this node, which it knows nothing of any more after a restart."""
    query = select(*_COLUMNS).where(preview.c.node == node, preview.c.state.in_(OPEN))
    return [_offer(row) for row in await tx.execute(query)]


async def close_stale(tx: AsyncConnection, request_id: int, agent: str, now: datetime) -> None:
    """What a node that died left open, and whose time is over, stands in nobody's way."""
    mine = or_(preview.c.request_id == request_id, preview.c.agent == agent)
    await tx.execute(
        update(preview)
        .where(mine, preview.c.state.in_(OPEN), preview.c.until <= now)
        .values(state=PreviewState.WITHDRAWN, ended_at=now)
    )


async def request_state(tx: AsyncConnection, request_id: int) -> str | None:
    """With a lock: who claims or stops it at the same moment comes before or after."""
    query = select(contact_request.c.state).where(contact_request.c.id == request_id).with_for_update()
    state: str | None = await tx.scalar(query)
    return state


def _offer(row: AnyRow) -> Offer:
    offer_id, request_id, agent, user, node, state, offered_at, until = row  # as in Offer
    return Offer(offer_id, request_id, agent, user, node, PreviewState(state), offered_at, until)
