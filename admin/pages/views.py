"""What the pages show beyond a single row: counts as bars, the live picture of a campaign, a strategy as a readable list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admin.language import N_, _, figure, said
from admin.pages import standing, words
from dialer.domain.campaign import Campaign
from dialer.domain.errors import Fault
from dialer.domain.transitions import CampaignStatus, EnrollmentState
from dialer.operations import campaigns, counting, reports
from dialer.operations.context import Context
from dialer.strategy.catalogue import STEP_TYPES

NO_LIVE: Mapping[str, Any] = {
    "link": {"state": "down", "reason": N_("No dialer runs in this process.")},
    "queues": [], "calls": [], "campaigns": [], "gateways": [],
}  # fmt: skip

ICONS = {
    "contact-in": "users", "call": "phone", "sms": "message", "wait": "clock", "branch": "route",
    "time-window": "clock", "webhook": "link", "set-attribute": "edit", "end": "flag",
}  # fmt: skip

#: Where a fault of a publish is mended: the settings page has a field of that name, all else is the strategy's.
_FIELD_LABELS = {
    "queue": N_("Queue"), "voice_gateway": N_("Voice gateway"), "sms_gateway": N_("SMS gateway"), "sms_fallbacks": N_("Other SMS gateways"),
    "dialing_modes": N_("Dialing modes"),
    "execution.start": N_("Call from"), "rule_pack": N_("Rule pack"), "abandonment_limit_percent": N_("Most abandoned calls"),
    "queue_wait_s": N_("Wait for an agent"), "abandoned_message": N_("Message if no agent comes"),
    "validity.until": N_("Valid until"), "validity.from": N_("Valid from"), "time_zone": N_("Time zone"), "title": N_("Title"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mend:
    """A fault with the place where it is mended."""

    label: str
    address: str
    reason: str


def mends(campaign_id: int, faults: Sequence[Fault]) -> list[Mend]:
    return [_mend(campaign_id, fault) for fault in faults]


def _mend(campaign_id: int, fault: Fault) -> Mend:
    if fault.field in _FIELD_LABELS:
        address = f"/campaigns/{campaign_id}/settings#{fault.field}"
        return Mend(said(_FIELD_LABELS[fault.field]), address, said(fault.reason))
    if fault.field == "status":
        return Mend(_("Campaign"), f"/campaigns/{campaign_id}", said(fault.reason))
    if fault.field.partition(".")[0] == "draft":
        label = ", ".join((_("Draft"), *fault.field.removeprefix("draft.").removeprefix("nodes.").split(".", 1)))
        return Mend(_("Draft") if fault.field == "draft" else label, f"/studio/{campaign_id}", said(fault.reason))
    return Mend(_("Strategy, %(field)s", field=fault.field), f"/campaigns/{campaign_id}/strategy", said(fault.reason))


async def readiness(ctx: Context, campaign: Campaign) -> dict[str, list[Mend]] | None:
    """`missing` and `warnings` of a campaign that is not published, each with the place where it is mended; else None."""
    if campaign.status is not CampaignStatus.UNPUBLISHED:
        return None
    found = {"missing": campaigns.missing, "warnings": campaigns.warnings}
    return {name: mends(campaign.id, await look(ctx, campaign.id)) for name, look in found.items()}


async def counts(ctx: Context, campaign: Campaign) -> dict[str, Any]:
    """Contacts by state with their total, the bars of the progress line in percent, and the share that is done."""
    counted = (await reports.counted(ctx, campaign)).contacts
    numbers = {state.value: counted.get(state, 0) for state in EnrollmentState}
    total = sum(numbers.values())
    return {
        "counts": {**numbers, "total": total},
        "bars": _bars(numbers, total),
        "erased": await counting.erased(ctx, campaign.id),
        "done_share": int(100 * numbers["done"] / total) if total else 0,
    }


def _bars(numbers: Mapping[str, int], total: int) -> list[dict[str, Any]]:
    bars, at = [], 0.0
    for state in ("done", "in_progress", "waiting", "stopped", "pending"):
        width = 100 * numbers[state] / total if total else 0
        if width:
            label = f"{words.plain(state)}: {figure(numbers[state])}"
            bars.append({"colour": words.colour(state), "x": f"{at:.3f}", "width": f"{width:.3f}", "label": label})
        at += width
    return bars


def picture(
    ctx: Context, campaign: Campaign, snapshot: Mapping[str, Any], numbers: Mapping[str, int]
) -> dict[str, Any]:
    """The live picture of one campaign: the agents of its queue, its calls, and why no (more) calls start.

    `numbers`: its contacts by state, and their `total`.
    """
    queue = next((one for one in snapshot["queues"] if one["name"] == campaign.queue), None)
    running = next((one for one in snapshot["campaigns"] if one["id"] == campaign.id), None)
    by_state = {state.value: numbers[state] for state in EnrollmentState}
    return {
        "queue_name": campaign.queue,
        "agents": queue,
        "calls": [call for call in snapshot["calls"] if call["campaign_id"] == campaign.id],
        "pacing": standing.told(campaign, running, by_state, ctx.clock()),
    }


async def held(ctx: Context, running: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """What keeps each running campaign from calling, by its id; nothing of one that calls."""
    found, now = {one.campaign.id: one for one in await reports.published(ctx)} if running else {}, ctx.clock()
    told = {
        one["id"]: standing.held(found[one["id"]].campaign, one, found[one["id"]].contacts, now)
        for one in running
        if one["id"] in found  # not unpublished at this moment
    }
    return {campaign: why["text"] for campaign, why in told.items() if why}


def readable(document: Mapping[str, Any]) -> dict[str, Any]:
    """A strategy's document as a list of steps, with where each outcome leads."""
    nodes = document["nodes"]
    names = {node["id"]: node["name"] or said(STEP_TYPES[node["type"]].label) for node in nodes}
    return {"name": document["name"], "steps": [_step(node, names) for node in nodes]}


def _step(node: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    step_type = STEP_TYPES[node["type"]]
    titles = {field.alias or name: said(field.title or name) for name, field in step_type.fields.model_fields.items()}
    return {
        "id": node["id"],
        "type": node["type"],
        "icon": ICONS[node["type"]],
        "name": names[node["id"]],
        "label": said(step_type.label) if node["name"] else "",
        "fields": [(titles.get(name, name), words.field_value(name, value)) for name, value in node["fields"].items()],
        "ways": [{"port": port, "to": to, "name": names[to]} for port, to in node["out"].items()],
    }


def contact_row(item: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the contact list, with the contact's name and its first number."""
    addresses = item["addresses"]
    return {**item, "name": _name(item), "number": addresses[0].address if addresses else None}


def contact_facts(item: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Who a contact is, and how it stands in a campaign."""
    stopped = words.stopped_because(item["stop_reason"]) if item["stop_reason"] else None
    facts = [
        (_("Step"), item["step"]),
        (_("Result"), words.plain(item["result"]) if item["result"] else None),
        (_("Calls"), item["attempts"]),
        (_("Stopped"), f"{stopped} ({item['stop_reason']})" if stopped else None),
    ]
    return [*person_facts(item), *((name, value) for name, value in facts if value is not None)]


def person_facts(item: Mapping[str, Any]) -> list[tuple[str, Any]]:
    named = ((_("Id"), "id"), (_("Time zone"), "time_zone"), (_("External id"), "external_id"))
    return [(label, item[name]) for label, name in named if item[name] is not None]


def attributes(held: Mapping[str, str], labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is known of a contact: custom fields by their labels, in the order of those, then the rest by name."""
    known = [(label, held[name]) for name, label in labels.items() if held.get(name)]
    return [*known, *((words.plain(name), value) for name, value in sorted(held.items()) if name not in labels)]


def _name(item: Mapping[str, Any]) -> str:
    return f"{item['first_name']} {item['last_name']}".strip()
