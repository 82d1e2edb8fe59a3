"""What must hold in the store at any moment between two transactions, whatever happened before."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table, select

from dialer.domain.transitions import CampaignStatus, EnrollmentState, StopReason
from dialer.store.database import Database
from dialer.store.tables import (
    attempt,
    campaign,
    channel_address,
    contact,
    contact_request,
    enrollment,
    message,
    trail,
)
from dialer.store.types import AnyRow

OPEN = ("pending", "claimed", "dispatched")
QUEUED = ("pending", "claimed")


async def check(db: Database, *, settled: bool = False) -> None:
    """Raise AssertionError with every broken invariant. `settled`: the lifecycle has no more work at this moment, so
    every pending contact of a published campaign stands in the queue and nothing of another one does.
    """
    async with db.read() as tx:

        async def rows(table: Table) -> list[AnyRow]:
            return list(await tx.execute(select(table)))

        tables = {table.name: await rows(table) for table in _TABLES}
    faults = [*_addresses(tables), *_requests(tables), *_places(tables), *_history(tables)]
    if settled:
        faults += _settled(tables)
    assert not faults, "\n".join(faults)


async def states(db: Database, campaign_id: int) -> Counter[str]:
    """How many contacts of a campaign are in which state."""
    async with db.read() as tx:
        found = await tx.execute(select(enrollment.c.state).where(enrollment.c.campaign_id == campaign_id))
        return Counter(found.scalars())


_TABLES = (campaign, contact, channel_address, enrollment, contact_request, attempt, message, trail)
_Tables = dict[str, list[AnyRow]]


def _places(tables: _Tables) -> Iterator[str]:
    """I2, I7: each contact in a campaign is in exactly one state, with what the state needs to go on."""
    held: dict[int, list[AnyRow]] = {}
    for request in tables["contact_request"]:
        if request.state in OPEN:
            held.setdefault(request.enrollment_id, []).append(request)
    for place in tables["enrollment"]:
        fault = _place_fault(place, held.get(place.id, []))
        if fault:
            yield f"enrollment {place.id} ({place.state} at {place.node}): {fault}"
    yield from _twice("contact in a campaign", ((e.campaign_id, e.contact_id) for e in tables["enrollment"]))


def _place_fault(place: AnyRow, requests: list[AnyRow]) -> str | None:  # noqa: PLR0911 (one return per state)
    queued = [request for request in requests if request.state in QUEUED]
    if place.stop_reason is not None and place.state != EnrollmentState.STOPPED:
        return f"has the stop reason {place.stop_reason}"
    if place.result is not None and place.state != EnrollmentState.DONE:
        return f"has the result {place.result}"
    match place.state:
        case EnrollmentState.PENDING if place.node is None:
            return "has not entered but has a request" if requests else None
        case EnrollmentState.PENDING:
            return None if [r.id for r in queued] == [place.request_id] else f"has {len(queued)} requests in the queue"
        case EnrollmentState.IN_PROGRESS:
            return "has a request in the queue, too" if queued else _in_progress_fault(place)
        case EnrollmentState.WAITING:
            return "has no due_at" if place.due_at is None else ("has an open request" if queued else None)
        case EnrollmentState.DONE:
            return "has no result" if place.result is None else ("has an open request" if queued else None)
        case EnrollmentState.STOPPED:
            known = place.stop_reason in set(StopReason)
            return "has an open request" if queued else (None if known else f"has the reason {place.stop_reason}")
    return "has an unknown state"


def _in_progress_fault(place: AnyRow) -> str | None:
    return "has no request" if place.request_id is None else None


def _requests(tables: _Tables) -> Iterator[str]:
    """The effect of a step exists once; a request that was dispatched has its attempt or message, and no other has one."""
    keys = ((r.enrollment_id, r.node, r.visit, r.try_no, r.requeue_no, r.channel) for r in tables["contact_request"])
    yield from _twice("contact request", keys)
    yield from _twice("replacement of a request", (r.replaces_id for r in tables["contact_request"] if r.replaces_id))
    tried = {row.request_id for row in (*tables["attempt"], *tables["message"])}
    places = {place.id: place for place in tables["enrollment"]}
    for request in tables["contact_request"]:
        sent = request.state in {"dispatched", "completed"}
        if request.channel != "webhook" and sent != (request.id in tried):
            yield f"request {request.id} is {request.state} and {'has no' if sent else 'has an'} attempt or message"
        if (request.stop_reason is not None) != (request.state == "stopped"):
            yield f"request {request.id} is {request.state} with the stop reason {request.stop_reason}"
        held = "dispatched" if request.channel == "webhook" else "claimed"  # nothing but its lease tells whose it is
        if (request.lease_until is not None) != (request.state in {"claimed", held}):
            yield f"request {request.id} is {request.state} with a lease until {request.lease_until}"
        if request.contact_id != places[request.enrollment_id].contact_id:
            yield f"request {request.id} is of contact {request.contact_id}, its enrollment is not"


def _addresses(tables: _Tables) -> Iterator[str]:
    owners = {address.contact_id for address in tables["channel_address"]}
    for row in tables["contact"]:
        if (row.id in owners) is (row.erased_at is not None):
            yield f"contact {row.id} {'was erased and has' if row.erased_at else 'has no'} address"


def _history(tables: _Tables) -> Iterator[str]:
    """Attempts count in their contact's place, and hang on the contact that is there."""
    calls = Counter(row.enrollment_id for row in tables["attempt"])
    places = {place.id: place for place in tables["enrollment"]}
    for place in places.values():
        if place.attempts != calls[place.id]:
            yield f"enrollment {place.id} counts {place.attempts} attempts and has {calls[place.id]}"
    for row in (*tables["attempt"], *tables["message"]):
        if row.contact_id != places[row.enrollment_id].contact_id:
            yield f"{row.id} is of contact {row.contact_id}, its enrollment is not"


def _settled(tables: _Tables) -> Iterator[str]:
    running = {row.id: row.status == CampaignStatus.PUBLISHED for row in tables["campaign"]}
    for place in tables["enrollment"]:
        runs = running[place.campaign_id]
        if not runs and place.state in {EnrollmentState.PENDING, EnrollmentState.WAITING}:
            yield f"enrollment {place.id} is {place.state} in a campaign that does not run"
        if runs and (place.state == EnrollmentState.STOPPED or (place.state == "pending" and place.node is None)):
            yield f"enrollment {place.id} is {place.state} at {place.node} in a campaign that runs"
        if not runs and place.state == EnrollmentState.STOPPED and _stale(place, tables["campaign"]):
            yield f"enrollment {place.id} of an ended campaign is flagged {place.stop_reason}"


def _stale(place: AnyRow, campaigns: list[AnyRow]) -> bool:
    ended = any(row.id == place.campaign_id and row.status == CampaignStatus.ENDED for row in campaigns)
    return ended and place.stop_reason != StopReason.CAMPAIGN_ENDED


def _twice(what: str, keys: Iterator[Any]) -> Iterator[str]:
    for key, times in Counter(keys).items():
        if times > 1:
            yield f"{what} {key} exists {times} times"
