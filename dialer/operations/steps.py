"""Steps of the strategy: what happened goes in, the next request, wait or result is written. One transaction with its cause."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign, stop_reason
from dialer.domain.contact import Change, ContactRecord
from dialer.domain.transitions import EnrollmentState, RequestState
from dialer.operations import suppression
from dialer.operations.context import Context, strategy_of
from dialer.store import contacts, enrollments, requests, strategies, trail
from dialer.store.enrollments import Enrollment, Moved
from dialer.strategy.effects import (
    DONE,
    Effect,
    Finish,
    Hold,
    Hop,
    Request,
    RequestCall,
    RequestSms,
    RequestWebhook,
    Stay,
    Step,
)
from dialer.strategy.events import ContactFacts, Event
from dialer.strategy.fields import OnEdit
from dialer.strategy.flow import advance
from dialer.strategy.memory import Memory
from dialer.strategy.model import Strategy


@dataclass(frozen=True, slots=True)
class _Versions:
    """The version that a contact is on, and the newest, to which the step may take it."""

    own: int
    newest: int

    def after(self, step: Step) -> int:
        return self.own if step.moved_after is None else self.newest

    def of_hop(self, step: Step, n: int) -> int:
        return self.own if step.moved_after is None or n < step.moved_after else self.newest


@dataclass
class _Batch:
    """What a batch of steps is about to write."""

    moved: list[Moved] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    owners: list[Moved] = field(default_factory=list)  # for each request, who of `moved` waits for it
    queued: list[dict[str, Any]] = field(default_factory=list)  # for each request, the data of its trail entry
    entries: list[trail.Entry] = field(default_factory=list)


async def take(
    tx: AsyncConnection, ctx: Context, campaign: Campaign, events: Sequence[tuple[Enrollment, Event]], now: datetime
) -> None:
    """Take one step for each of these enrollments, which were read with a lock in `tx`.

    While the campaign is stopped the next request is written all the same, stopped and flagged, so that publishing
    again finds where the contact stood (C7, C8).
    """
    if not events:
        return
    newest = campaign.strategy_version
    if newest is None:
        raise ValueError(f"campaign {campaign.id} has contacts in its strategy, but no strategy")
    latest = await strategy_at(tx, ctx, campaign.id, newest)
    moves = latest.limits.on_edit is OnEdit.NEXT_STEP
    records = await contacts.records(tx, [place.contact_id for place, _ in events])
    barred = await suppression.barred(tx, ctx, campaign.id, (a.address for r in records.values() for a in r.addresses))
    batch = _Batch()
    for place, event in events:
        version = place.strategy_version or await _entry(tx, ctx, campaign, place)
        strategy = await strategy_at(tx, ctx, campaign.id, version)
        record = records[place.contact_id]
        memory = Memory.from_json(place.memory) if place.memory else Memory()
        step = advance(
            strategy,
            memory,
            event,
            _facts(record, campaign, barred),
            now,
            latest if moves and version != newest else None,
        )
        _write(batch, campaign, place, _Versions(version, newest), step, record, now)
        if step.changes:
            await contacts.set_attributes(tx, place.contact_id, dict(step.changes), now)
            await suppression.list_contact(tx, ctx, campaign, record, dict(step.changes))
    await _save(tx, batch, now)


async def _save(tx: AsyncConnection, batch: _Batch, now: datetime) -> None:
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
    versions: _Versions,
    step: Step,
    record: ContactRecord,
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
        batch.requests.append(_request(campaign, place, effect, record.time_zone, now, str(reason) if reason else None))
    entries = _trail(campaign, place, versions, step, record, now)
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


def _request(
    campaign: Campaign,
    place: Enrollment,
    effect: Request,
    zone: str | None,
    now: datetime,
    reason: str | None,
) -> dict[str, Any]:
    return {
        "enrollment_id": place.id,
        "campaign_id": campaign.id,
        "contact_id": place.contact_id,
        "channel": _channel(effect),
        "node": effect.node,
        "visit": effect.visit,
        "try_no": effect.try_no,
        "requeue_no": 0,
        "address": _address(effect),
        "payload": _payload(effect),
        "priority": effect.priority if isinstance(effect, RequestCall) else 0,
        "zone": None if isinstance(effect, RequestWebhook) else zone,  # only people are left alone at night
        "wanted_at": effect.due_at,
        "due_at": effect.due_at,
        "state": RequestState.STOPPED if reason else RequestState.PENDING,
        "stop_reason": reason,
        "created_at": now,
    }


def _channel(effect: Request) -> str:
    match effect:
        case RequestCall():
            return "call"
        case RequestSms():
            return "sms"
        case RequestWebhook():
            return "webhook"


def _queued(effect: Request) -> str:
    """The kind of its entry in the trail."""
    kind = "call-queued" if isinstance(effect, RequestCall) else "sms-queued"
    if isinstance(effect, RequestWebhook):
        kind = "webhook-queued"
    return kind


def _address(effect: Request) -> str:
    """The number, or the host."""
    return effect.host if isinstance(effect, RequestWebhook) else effect.number


def _payload(effect: Request) -> dict[str, Any]:
    match effect:
        case RequestCall(queue=queue, gateway=gateway, ring_s=ring_s):
            return {"queue": queue, "gateway": gateway, "ring_s": ring_s}
        case RequestSms(gateway=gateway, sender=sender, text=text, validity=validity):
            validity_s = validity.total_seconds() if validity else None
            return {"gateway": gateway, "sender": sender, "text": text, "validity_s": validity_s}
        case RequestWebhook(method=method, url=url, body=body, timeout_s=timeout_s):
            return {"method": method, "url": url, "body": body, "timeout_s": timeout_s}


def _trail(
    campaign: Campaign, place: Enrollment, versions: _Versions, step: Step, record: ContactRecord, now: datetime
) -> list[trail.Entry]:
    """What the step did, so that `strategy.replay` can tell where the contact stands; the entry of a request is the last."""

    def entry(kind: str, **data: Any) -> trail.Entry:
        return trail.Entry(now, campaign.id, place.contact_id, kind, data)

    entries = [
        entry("step", node=hop.node, version=versions.of_hop(step, n), port=hop.port, why=hop.why, **_outcome(hop))
        for n, hop in enumerate(step.hops)
    ]
    if step.changes:
        changes = [Change(f"attributes.{name}", record.attributes.get(name), new) for name, new in step.changes]
        entries.append(entry("attributes-set", changes=[asdict(change) for change in changes]))
    effect, version = step.effect, versions.after(step)
    if isinstance(effect, Request):
        due, address = effect.due_at.isoformat(), _address(effect)
        queued = {"node": effect.node, "version": version, "address": address, "try_no": effect.try_no, "due_at": due}
        entries.append(entry(_queued(effect), **queued))
    elif isinstance(effect, Hold):
        entries.append(entry("waiting", node=effect.node, version=version, due_at=effect.due_at.isoformat()))
    elif isinstance(effect, Finish):
        entries.append(entry("finished", version=version, result=effect.result))
    elif entries and effect.due_at:  # it stays where it is until then
        entries[-1].data["due_at"] = effect.due_at.isoformat()
    return entries


def _outcome(hop: Hop) -> dict[str, str]:
    return {} if hop.outcome == DONE else {"outcome": hop.outcome}


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
