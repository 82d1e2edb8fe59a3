"""Steps of the strategy: what happened goes in, the next request, wait or result is written. One transaction with its cause."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign, stop_reason
from dialer.domain.contact import ContactRecord
from dialer.domain.transitions import EnrollmentState
from dialer.operations import alike, suppression
from dialer.operations.alike import Company
from dialer.operations.context import WAIT, Context, Queued, strategy_of
from dialer.operations.step_rows import Versions, request_row, trail_entries
from dialer.store import contacts, enrollments, requests, strategies, trail
from dialer.store.enrollments import Enrollment, Moved
from dialer.strategy.alike import advance_together
from dialer.strategy.effects import Effect, Finish, Hold, Request, Stay, Step
from dialer.strategy.events import ContactFacts, Event
from dialer.strategy.fields import OnEdit
from dialer.strategy.flow import advance
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy


@dataclass
class _Batch:
    """What a batch of steps is about to write."""

    moved: list[Moved] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    owners: list[Moved] = field(default_factory=list)  # for each request, who of `moved` waits for it
    queued: list[dict[str, Any]] = field(default_factory=list)  # for each request, the data of its trail entry
    entries: list[trail.Entry] = field(default_factory=list)
    together: list[tuple[list[int], Moved, list[trail.Entry]]] = field(default_factory=list)  # the same for many places

    def wrote(self) -> Queued:
        waiting = sum(one.due_at is not None for one in self.moved) > len(self.owners)
        waiting = waiting or any(one.due_at is not None for _, one, _ in self.together)
        return frozenset(row["channel"] for row in self.requests) | ({WAIT} if waiting else frozenset())


async def take(
    tx: AsyncConnection, ctx: Context, campaign: Campaign, events: Sequence[tuple[Enrollment, Event]], now: datetime
) -> Queued:
    """Take one step for each of these enrollments, which were read with a lock in `tx`; what that put into the queue.

    While the campaign is stopped the next request is written all the same, stopped and flagged, so that publishing
    again finds where the contact stood (C7, C8).
    """
    if not events:
        return frozenset()
    newest = campaign.strategy_version
    if newest is None:
        raise ValueError(f"campaign {campaign.id} has contacts in its strategy, but no strategy")
    latest = await strategy_at(tx, ctx, campaign.id, newest)
    moves = latest.limits.on_edit is OnEdit.NEXT_STEP
    moving = [
        (place, event, place.strategy_version or await _entry(tx, ctx, campaign, place)) for place, event in events
    ]
    known = {version: await strategy_at(tx, ctx, campaign.id, version) for version in {one[2] for one in moving}}
    successors = {version: latest if moves and version != newest else None for version in known}

    def decide(version: int, memory: Memory, event: Event, zone: str) -> Step | None:
        return advance_together(known[version], memory, event, zone, now, successors[version])

    batch = _Batch()
    if len(moving) >= alike.FEW:
        zones = await contacts.zones(tx, [place.contact_id for place, _, _ in moving])
        companies, moving = alike.gather(moving, zones, campaign.time_zone, decide)
        for company in companies:
            _write_together(batch, campaign, company, newest, now)
    records = await contacts.records(tx, [place.contact_id for place, _, _ in moving])
    barred = await suppression.barred(tx, ctx, campaign.id, (a.address for r in records.values() for a in r.addresses))
    for place, event, version in moving:
        record = records[place.contact_id]
        facts = _facts(record, campaign, barred)
        step = advance(known[version], Memory.of(place.memory), event, facts, now, successors[version])
        _write(batch, campaign, place, Versions(version, newest), step, record, now)
        if step.changes:
            await contacts.set_attributes(tx, place.contact_id, dict(step.changes), now)
            await suppression.list_contact(tx, ctx, campaign, record, dict(step.changes))
    await _save(tx, batch, now)
    return batch.wrote()


def _write_together(batch: _Batch, campaign: Campaign, company: Company, newest: int, now: datetime) -> None:
    """What the first of them would write: it holds for all, as nobody of them waits for a request after the step."""
    first = _Batch()
    _write(first, campaign, company.places[0], Versions(company.version, newest), company.step, None, now)
    batch.together.append(([place.id for place in company.places], first.moved[0], first.entries))


async def _save(tx: AsyncConnection, batch: _Batch, now: datetime) -> None:
    for places, moved, entries in batch.together:
        await enrollments.save_together(tx, places, moved, now)
        await trail.write_together(tx, places, entries)
    ids = await requests.add_many(tx, batch.requests)
    for owner, request_id in zip(batch.owners, ids, strict=True):
        owner.request_id = request_id
    for data, request_id in zip(batch.queued, ids, strict=True):
        data["request"] = request_id
    await enrollments.save(tx, batch.moved, now)
    await trail.write(tx, batch.entries)


def _write(
    batch: _Batch,
    campaign: Campaign,
    place: Enrollment,
    versions: Versions,
    step: Step,
    record: ContactRecord | None,
    now: datetime,
) -> None:
    effect, reason = step.effect, stop_reason(campaign, now)
    starts = isinstance(effect, Request | Hold)
    state = EnrollmentState.STOPPED if starts and reason else _state(effect, place)
    moved = Moved(
        id=place.id,
        state=state,
        strategy_version=versions.after(step),
        node=step.memory.node or place.node,
        memory=step.memory.to_json(),
        request_id=None if isinstance(effect, Finish | Hold) else place.request_id,
        due_at=_due_at(effect, place),
        stop_reason=(reason if starts else place.stop_reason) if state is EnrollmentState.STOPPED else None,
        result=step.memory.result,
    )
    batch.moved.append(moved)
    if isinstance(effect, Request):
        batch.owners.append(moved)
        zone = record.time_zone if record else None
        batch.requests.append(request_row(campaign, place, effect, zone, now, str(reason) if reason else None))
    entries = trail_entries(campaign, place, versions, step, record, now)
    batch.entries += entries
    batch.queued += [entries[-1].data] if isinstance(effect, Request) else []
    if starts and state is EnrollmentState.STOPPED:
        batch.entries.append(trail.Entry(now, campaign.id, place.contact_id, "stopped", {"reason": str(reason)}))


def _due_at(effect: Effect, place: Enrollment) -> datetime | None:
    if isinstance(effect, Finish):
        return None
    return place.due_at if effect.due_at is None else effect.due_at  # `Stay` knows nothing of a queued request


def _state(effect: object, place: Enrollment) -> EnrollmentState:
    if isinstance(effect, Finish):
        return EnrollmentState.DONE
    if isinstance(effect, Hold):
        return EnrollmentState.WAITING
    return place.state if isinstance(effect, Stay) else EnrollmentState.PENDING


async def _entry(tx: AsyncConnection, ctx: Context, campaign: Campaign, place: Enrollment) -> int:
    """The version that a contact enters who has not started: the newest that is for it."""
    newest = campaign.strategy_version
    assert newest is not None  # noqa: S101  (`take` asked)
    key = (campaign.id, newest)
    if key not in ctx.entries:
        ctx.entries[key] = await strategies.entries(tx, campaign.id)
    return next((version for version, after in ctx.entries[key] if place.id > after), newest)


async def strategy_at(tx: AsyncConnection, ctx: Context, campaign_id: int, version: int) -> Strategy:
    """A version of a campaign's strategy; versions never change, so each is read once."""
    key = (campaign_id, version)
    if key not in ctx.strategies:
        ctx.strategies[key] = strategy_of(await strategies.get(tx, campaign_id, version))
    return ctx.strategies[key]


def _facts(record: ContactRecord, campaign: Campaign, barred: frozenset[str]) -> ContactFacts:
    name = f"{record.first_name} {record.last_name}".strip()
    return ContactFacts(
        addresses=tuple((channel, a.address) for a in record.addresses for channel in a.channels()),
        attributes=record.attributes,
        names={"first_name": record.first_name, "last_name": record.last_name, "name": name},
        time_zone=record.time_zone or campaign.time_zone,
        barred=barred,
    )
