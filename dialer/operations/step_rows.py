"""What a step of the strategy writes: the row of a request, and the entries of the trail."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from dialer.domain.campaign import Campaign
from dialer.domain.contact import Change, ContactRecord
from dialer.domain.transitions import RequestState
from dialer.store import trail
from dialer.store.enrollments import Enrollment
from dialer.strategy.call_fields import Machines
from dialer.strategy.effects import DONE, Finish, Hold, Hop, Request, RequestCall, RequestSms, RequestWebhook, Step


@dataclass(frozen=True, slots=True)
class Versions:
    """The version that a contact is on, and the newest, to which the step may take it."""

    own: int
    newest: int

    def after(self, step: Step) -> int:
        return self.own if step.moved_after is None else self.newest

    def of_hop(self, step: Step, n: int) -> int:
        return self.own if step.moved_after is None or n < step.moved_after else self.newest


def request_row(
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
        case RequestCall(queue=queue, gateway=gateway, ring_s=ring_s, amd=amd, machine_message=message):
            machines = {} if amd is Machines.OFF else {"amd": amd.value, "machine_message": message}
            return {"queue": queue, "gateway": gateway, "ring_s": ring_s, **machines}
        case RequestSms(gateway=gateway, sender=sender, text=text, validity=validity):
            validity_s = validity.total_seconds() if validity else None
            return {"gateway": gateway, "sender": sender, "text": text, "validity_s": validity_s}
        case RequestWebhook(method=method, url=url, body=body, timeout_s=timeout_s):
            return {"method": method, "url": url, "body": body, "timeout_s": timeout_s}


def trail_entries(
    campaign: Campaign, place: Enrollment, versions: Versions, step: Step, record: ContactRecord | None, now: datetime
) -> list[trail.Entry]:
    """What the step did, so that `strategy.replay` can tell where the contact stands; the entry of a request is the last.

    `record` is None for a step that was taken without a look at the contact: it changes no attributes.
    """

    def entry(kind: str, **data: Any) -> trail.Entry:
        return trail.Entry(now, campaign.id, place.contact_id, kind, data)

    entries = [
        entry("step", node=hop.node, version=versions.of_hop(step, n), port=hop.port, why=hop.why, **_outcome(hop))
        for n, hop in enumerate(step.hops)
    ]
    if step.changes:
        held = record.attributes if record else {}
        changes = [Change(f"attributes.{name}", held.get(name), new) for name, new in step.changes]
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
