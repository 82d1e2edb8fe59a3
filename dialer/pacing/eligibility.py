"""Why is this contact not called or texted now? Every reason that holds, and when that changes next (requirement K13).

Pure: what is known of the contact and what the dialer sees go in. The dialer decides by the same predicates (`domain.campaign`,
`gates`, `limits`, `progressive`), and a property test holds this answer against the dialing loop itself: no reason here
means that the loop starts the call in its next round.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from dialer.domain.campaign import Campaign, calling_window, window
from dialer.domain.rules.counted import Tried
from dialer.domain.said import Said, chained, marked
from dialer.domain.transitions import CampaignStatus, EnrollmentState, StopReason
from dialer.domain.windows import Closed
from dialer.pacing.no_call import of_call, of_others
from dialer.pacing.no_rule import Work, do_not_contact, of_rules
from dialer.pacing.no_text import of_text
from dialer.pacing.no_webhook import of_webhook
from dialer.pacing.outlook import CallOutlook, Outlook, TextOutlook
from dialer.pacing.reason import Reason


@dataclass(frozen=True, slots=True)
class Place:
    """Where the contact stands in the campaign."""

    state: EnrollmentState
    node: str | None = None
    due_at: datetime | None = None
    stop_reason: str | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """Its call is offered to an agent until then, or was `accepted` by that agent."""

    agent: str
    until: datetime
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """One contact in one campaign.

    `zone` is its own time zone, where known. `before`: requests that are due and come before its own, counted up to `before_most`.
    `importing` names its source while that is being read. `unreachable`: channels the strategy uses for which it has no
    address, if it has one for none of them. `suppressed`: why its address may not be used. `tried`: calls to its number, of
    all campaigns, as far as the rule pack counts them. `outlook` is None if no dialer runs in this process.
    """

    campaign: Campaign
    zone: str | None
    place: Place
    work: Work | None = None
    before: int = 0
    before_most: int | None = None
    importing: str | None = None
    unreachable: tuple[str, ...] = ()
    suppressed: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()
    outlook: Outlook | None = None
    offered: Offered | None = None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """No reasons: it is started now. `changes_at`: when the reasons are others, if nothing but time passes; None: never."""

    reasons: tuple[Reason, ...]
    changes_at: datetime | None


def eligibility(facts: Facts, now: datetime) -> Eligibility:
    found = reasons(facts, now)
    return Eligibility(found, _changes_at(facts, found, now))


def reasons(facts: Facts, now: datetime) -> tuple[Reason, ...]:
    """All that hold at `now`; what was seen of agents and limits is taken as it was, except for what time alone changes."""
    found = [*_of_campaign(facts, now), *_of_contact(facts), *_of_place(facts.place, now)]
    work = facts.work
    if work is None or facts.place.state not in {EnrollmentState.PENDING, EnrollmentState.STOPPED}:
        return tuple(found)
    if work.due_at > now:
        found.append(
            Reason("not-due", Said("its next %(work)s is not due yet", work=_named(work.channel)), work.due_at)
        )
    found += of_rules(facts.campaign, facts.zone, work, facts.tried, now)
    if facts.offered is not None:
        return (*found, _of_offer(facts.offered))
    if facts.outlook is None:
        found.append(Reason("not-running", "no dialer runs the campaign in this process"))
    else:
        found += _of_outlook(facts, work, facts.outlook, now)
    return tuple(found)


def _of_offer(offered: Offered) -> Reason:
    if offered.accepted:
        return Reason(
            "in-progress", Said("the agent %(agent)s has accepted it, and is called first", agent=offered.agent)
        )
    return Reason(
        "offered",
        Said(
            "it is offered to the agent %(agent)s until %(until)s UTC",
            agent=offered.agent,
            until=f"{offered.until:%H:%M:%S}",
        ),
        offered.until,
    )


def _of_outlook(facts: Facts, work: Work, outlook: Outlook, now: datetime) -> Iterator[Reason]:
    if outlook.starting:
        yield Reason("in-progress", Said("its %(work)s is being started at this moment", work=_named(work.channel)))
        return
    if not outlook.runs and facts.campaign.status is CampaignStatus.PUBLISHED:
        yield Reason("not-running", "the dialer in this process does not run the campaign")
    if isinstance(outlook, CallOutlook):
        yield from of_call(outlook, work.address, now)
    elif isinstance(outlook, TextOutlook):
        yield from of_text(outlook)
    else:
        yield from of_webhook(outlook)
    yield from _of_line(facts, outlook, now)


def _of_line(facts: Facts, outlook: Outlook, now: datetime) -> Iterator[Reason]:
    """Others come first: said only while there is not room for all of them and this one."""
    ahead = facts.before + outlook.before
    if ahead and ahead >= outlook.room(now):
        many = facts.before_most is not None and facts.before >= facts.before_most
        number = Said("more than %(number)s", number=f"{ahead:,}") if many else f"{ahead:,}"
        told = (
            Said("1 contact is due before it")
            if ahead == 1
            else Said("%(number)s contacts are due before it", number=number)
        )
        yield Reason("others-first", told)
    if isinstance(outlook, CallOutlook):
        yield from of_others(outlook, ahead, now)


def _of_campaign(facts: Facts, now: datetime) -> Iterator[Reason]:
    campaign = facts.campaign
    if campaign.status is CampaignStatus.UNPUBLISHED:
        yield Reason("campaign-unpublished", "the campaign is not published")
    if campaign.status is CampaignStatus.ENDED:
        yield Reason("campaign-ended", "the campaign has ended, for good")
    opening = window(campaign, facts.zone, now)
    any_hour = facts.work is not None and facts.work.channel == "webhook"
    if opening.reason is not None and not (any_hour and opening.reason is Closed.OUTSIDE_EXECUTION_TIME):
        zone = facts.zone or campaign.time_zone
        told = Said("%(closed)s, in %(whose)s %(zone)s", closed=_CLOSED[opening.reason], whose=_whose(facts), zone=zone)
        yield Reason(opening.reason, told, opening.changes_at)


_CLOSED = {
    Closed.BEFORE_VALIDITY: Said("the validity period of the campaign has not begun"),
    Closed.EXPIRED: Said("the validity period of the campaign is over"),
    Closed.OUTSIDE_EXECUTION_TIME: Said("it is outside the execution time of the campaign"),
}


def _whose(facts: Facts) -> str:
    return Said("its own zone") if facts.zone else Said("the campaign's zone")


def _of_contact(facts: Facts) -> Iterator[Reason]:
    for why in facts.suppressed:  # also of who is through: its result is that of a number that does not exist
        yield do_not_contact(facts.campaign.rules, why)
    if facts.place.state is EnrollmentState.DONE:
        return
    if facts.unreachable:
        channels = chained(
            marked("%(first)s or %(second)s"), (_NAMES[f"{_named(channel)}s"] for channel in facts.unreachable)
        )
        yield Reason(
            "no-address",
            Said("it has no address for %(channels)s, and the strategy makes nothing else", channels=channels),
        )
    if facts.importing is not None:
        yield Reason(
            "import-running", Said("%(importing)s, from which it came, is still being read", importing=facts.importing)
        )


_STOPPED = {
    StopReason.CAMPAIGN_UNPUBLISHED: Said("when the campaign was unpublished"),
    StopReason.CAMPAIGN_ENDED: Said("when the campaign was ended"),
    StopReason.VALIDITY_PERIOD_EXPIRED: Said("when the validity period was over"),
}


def _of_place(place: Place, now: datetime) -> Iterator[Reason]:
    match place.state:
        case EnrollmentState.DONE:
            yield Reason(
                "strategy-done",
                Said("it has been through the strategy, with the result “%(result)s”", result=place.result or "done"),
            )
        case EnrollmentState.STOPPED:
            why = _STOPPED[StopReason(place.stop_reason)] if place.stop_reason else Said("without a reason")
            yield Reason("stopped", Said("its work was stopped %(why)s (%(code)s)", why=why, code=place.stop_reason))
        case EnrollmentState.WAITING if place.due_at is not None and place.due_at <= now:
            yield Reason(
                "step-due", Said("its wait at the step %(node)s is over: the next step is being taken", node=place.node)
            )
        case EnrollmentState.WAITING:
            yield Reason("waiting", Said("it waits at the step %(node)s", node=place.node), place.due_at)
        case EnrollmentState.IN_PROGRESS:
            yield Reason("in-progress", "a call, text or webhook is under way, or its outcome is awaited", place.due_at)
        case _ if place.node is None:
            yield Reason("not-entered", "it has yet to enter the strategy")


def _changes_at(facts: Facts, found: tuple[Reason, ...], now: datetime) -> datetime | None:
    """The first of the instants at which something may change, and at which the answer is another one."""
    codes = _codes(found)
    return next((at for at in _instants(facts, now) if _codes(reasons(facts, at)) != codes), None)


def _codes(found: Collection[Reason]) -> list[str]:
    return [one.code for one in found]


def _instants(facts: Facts, now: datetime) -> list[datetime]:
    validity, work, outlook = facts.campaign.validity, facts.work, facts.outlook
    edges = [validity.from_, validity.until, window(facts.campaign, facts.zone, now).changes_at]
    edges += [facts.place.due_at, work.due_at if work else None]
    if work is not None:
        edges.append(calling_window(facts.campaign, facts.zone, work.number, now).changes_at)
        edges += (one.until for one in of_rules(facts.campaign, facts.zone, work, facts.tried, now))
    edges += list(outlook.instants()) if outlook else []
    return sorted({at for at in edges if at is not None and at > now})


_NAMES = {
    "call": Said("call"), "sms": Said("text"), "webhook": Said("webhook"),
    "calls": Said("calls"), "texts": Said("texts"), "webhooks": Said("webhooks"),
}  # fmt: skip


def _named(channel: str) -> str:
    return _NAMES.get(channel, channel)
