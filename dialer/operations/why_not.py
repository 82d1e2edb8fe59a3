"""What holds a contact back now: every condition, not the first (requirement K13)."""

from dataclasses import dataclass
from datetime import datetime

from dialer.domain.campaign import Campaign, window
from dialer.domain.errors import NotFound
from dialer.domain.transitions import CampaignStatus, EnrollmentState, RequestState
from dialer.operations.context import Context
from dialer.store import campaigns, enrollments, requests
from dialer.store.enrollments import Enrollment
from dialer.store.requests import ContactRequest


@dataclass(frozen=True, slots=True)
class Reason:
    """One condition in the way; `until` is when it passes by itself, None if it does not or nobody knows."""

    condition: str
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class WhyNot:
    """`due_at` is when the contact's next step is due; no reasons: it may start as soon as an agent or gateway is free."""

    due_at: datetime | None
    reasons: tuple[Reason, ...]


async def why_not(ctx: Context, campaign_id: int, contact_id: int) -> WhyNot:
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        place = await enrollments.of_contact(tx, campaign_id, contact_id)
        if place is None:
            raise NotFound("contact in this campaign", contact_id)
        zone = await enrollments.zone(tx, contact_id)
        request = await requests.get(tx, place.request_id) if place.request_id else None
    now = ctx.clock()
    found = (*_of_campaign(campaign, zone, now), *_of_place(place), *_of_request(place, request, now))
    return WhyNot(place.due_at, found)


def _of_campaign(campaign: Campaign, zone: str | None, now: datetime) -> list[Reason]:
    reasons = []
    if campaign.status is CampaignStatus.UNPUBLISHED:
        reasons.append(Reason("campaign-unpublished", "the campaign is not published"))
    if campaign.status is CampaignStatus.ENDED:
        reasons.append(Reason("campaign-ended", "the campaign has ended, for good"))
    opening = window(campaign, zone, now)
    if opening.reason is not None:
        told = f"{str(opening.reason).replace('-', ' ')}, in the zone {zone or campaign.time_zone}"
        reasons.append(Reason(opening.reason, told, opening.changes_at))
    return reasons


def _of_place(place: Enrollment) -> list[Reason]:
    match place.state:
        case EnrollmentState.DONE:
            return [Reason("strategy-done", "the contact has been through the strategy")]
        case EnrollmentState.STOPPED:
            return [Reason("stopped", f"its work was stopped: {place.stop_reason}")]
        case EnrollmentState.WAITING:
            return [Reason("waiting", f"it waits at the step {place.node}", place.due_at)]
        case EnrollmentState.IN_PROGRESS:
            return [Reason("in-progress", "a call or text is under way, or its outcome is awaited", place.due_at)]
        case _ if place.node is None:
            return [Reason("not-entered", "it has yet to enter the strategy")]
        case _:
            return []


def _of_request(place: Enrollment, request: ContactRequest | None, now: datetime) -> list[Reason]:
    if request is None or place.state is not EnrollmentState.PENDING:
        return []
    if request.state is RequestState.PENDING and request.due_at > now:
        return [Reason("not-due", f"its next {request.channel} is not due yet", request.due_at)]
    return []
