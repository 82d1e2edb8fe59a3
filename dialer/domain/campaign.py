"""A campaign and what follows from its fields alone: whether it is active, why its work stops, what a clone copies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from dialer.domain.rules.catalogue import RulePack, pack
from dialer.domain.rules.hours import all_rules_open, remembered, rule_windows, zones_of
from dialer.domain.transitions import CampaignStatus, StopReason
from dialer.domain.windows import (
    Closed,
    ExecutionTime,
    Opening,
    Validity,
    ValidityState,
    is_open,
    opening,
    opening_of,
    validity_state,
)


class DialingMode(StrEnum):
    PROGRESSIVE = "progressive"
    PREVIEW = "preview"
    POWER = "power"
    PREDICTIVE = "predictive"


# Modes that are shown but can't be ticked yet, with the reason people see.
UNAVAILABLE_MODES: Mapping[str, str] = {
    DialingMode.PREDICTIVE: "predictive dialing is not offered: its forecasts can't promise an abandonment limit",
}


# Where campaigns compete for agents, a higher priority takes all it can use; the weight is the share among equals.
LOWEST_PRIORITY, DEFAULT_PRIORITY, HIGHEST_PRIORITY = 1, 5, 10
MOST_WEIGHT = 100


class LoadOrder(StrEnum):
    OLDEST_FIRST = "oldest_first"
    NEWEST_FIRST = "newest_first"


#: In power mode, calls on their way for each agent at work.
LINES_PER_AGENT = 3.0
MOST_LINES_PER_AGENT = 10.0
LONGEST_WAIT_S = 600  # for an agent
#: Of the calls that people answer, how many may be abandoned: 16 CFR 310.4(b)(4)(i), 47 CFR 64.1200(a)(7).
ABANDONMENT_LIMIT_PERCENT = 3.0


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign as the store keeps it; times are aware UTC."""

    id: int
    title: str
    description: str
    status: CampaignStatus
    time_zone: str
    execution: ExecutionTime | None
    validity: Validity
    dialing_modes: tuple[str, ...]
    queue: str | None
    voice_gateway: str | None
    sms_gateway: str | None
    sms_fallbacks: tuple[str, ...]  # SMS gateways in the order in which they stand in for it
    caller_id: str | None
    load_order: LoadOrder
    max_concurrent_calls: int | None
    calls_per_second: float | None
    abandonment_limit_percent: float
    rule_pack: str  # its id
    queue_wait_s: int | None  # how long a callee waits for an agent; None: as the server's settings say
    abandoned_message: str | None  # the sound file for a callee without one; None: as Asterisk's globals say
    lines_per_agent: float  # in power mode
    strategy_version: int | None
    revision: int
    created_at: datetime
    modified_at: datetime
    last_activity_at: datetime | None
    published_at: datetime | None  # the first time
    priority: int = DEFAULT_PRIORITY
    weight: int = 1
    deleting_since: datetime | None = None  # an ended one whose rows are going, piece by piece

    @property
    def rules(self) -> RulePack:
        return pack(self.rule_pack)

    @property
    def sms_gateways(self) -> tuple[str, ...]:
        """Its SMS gateways, the first to take first."""
        return (self.sms_gateway, *self.sms_fallbacks) if self.sms_gateway else ()

    @property
    def most_abandoned_percent(self) -> float:
        """Its own limit, never above the one of its rule pack."""
        found = self.rules.abandonment()
        return min(self.abandonment_limit_percent, found[1].most_percent) if found else self.abandonment_limit_percent


def stop_reason(campaign: Campaign, now: datetime) -> StopReason | None:
    """Why pending work of this campaign is stopped and flagged now (C7); None while it may wait or run."""
    if campaign.status is CampaignStatus.ENDED:
        return StopReason.CAMPAIGN_ENDED
    if campaign.status is CampaignStatus.UNPUBLISHED:
        return StopReason.CAMPAIGN_UNPUBLISHED if campaign.published_at else None  # a draft has stopped nothing
    if validity_state(campaign.validity, now) is ValidityState.AFTER:
        return StopReason.VALIDITY_PERIOD_EXPIRED
    return None


def automatic(campaign: Campaign) -> bool:
    """Whether its calls start by themselves: one for each free agent, or more in power mode (D1, D8)."""
    return not {DialingMode.PROGRESSIVE, DialingMode.POWER}.isdisjoint(campaign.dialing_modes)


def offers(campaign: Campaign) -> bool:
    """Whether its calls are offered to agents on their page, who decide (preview)."""
    return DialingMode.PREVIEW in campaign.dialing_modes


def only_offers(campaign: Campaign) -> bool:
    """Whether nobody is called unless an agent decides it."""
    return offers(campaign) and not automatic(campaign)


def active(campaign: Campaign, now: datetime) -> bool:
    """Published and within its validity: contacts enter, steps are taken; calls and texts wait only for the window (C6)."""
    return (
        campaign.status is CampaignStatus.PUBLISHED and validity_state(campaign.validity, now) is ValidityState.WITHIN
    )


def window(campaign: Campaign, zone: str | None, now: datetime) -> Opening:
    """The campaign's own window, in the contact's own zone where one is known (C9)."""
    return opening(campaign.execution, campaign.validity, zone or campaign.time_zone, now)


def calling_window(campaign: Campaign, zone: str | None, number: str | None, now: datetime) -> Opening:
    """Whether calls and texts to somebody may go out now: the campaign's own window, and the hours of its rule pack.

    `zone` is the contact's own, where known; else the pack's hours hold in every zone where the number may be.
    """
    times = campaign.rules.times
    if not times:
        return window(campaign, zone, now)
    zones = zones_of(zone, number, campaign.time_zone)
    own = (campaign.execution, zone or campaign.time_zone)
    found = opening_of((own, *rule_windows(times, zones)), campaign.validity, now, remembered)
    if found.reason is Closed.OUTSIDE_EXECUTION_TIME and is_open(*own, now):
        return replace(found, reason=Closed.OUTSIDE_RULE_HOURS)
    return found


def may_contact(campaign: Campaign, zone: str | None, number: str | None, now: datetime) -> bool:
    """Whether `calling_window` is open, without looking for when that changes: asked for each call."""
    if validity_state(campaign.validity, now) is not ValidityState.WITHIN:
        return False
    own_open = is_open(campaign.execution, zone or campaign.time_zone, now)
    rules = campaign.rules
    return own_open and (not rules.times or all_rules_open(rules.id, zones_of(zone, number, campaign.time_zone), now))


def may_start(campaign: Campaign, zone: str | None, number: str | None, now: datetime) -> bool:
    """Whether a call or text may start: the campaign runs, and the window is open for whom it goes to."""
    return campaign.status is CampaignStatus.PUBLISHED and may_contact(campaign, zone, number, now)


def told_fields(campaign: Campaign) -> dict[str, Any]:
    """What people say about it: its title and its settings."""
    return {"title": campaign.title, **editable_fields(campaign)}


def editable_fields(campaign: Campaign) -> dict[str, Any]:
    """What a clone copies (C11): settings, no history."""
    return {
        "description": campaign.description,
        "time_zone": campaign.time_zone,
        "execution": campaign.execution,
        "validity": campaign.validity,
        "dialing_modes": campaign.dialing_modes,
        "queue": campaign.queue,
        "voice_gateway": campaign.voice_gateway,
        "sms_gateway": campaign.sms_gateway,
        "sms_fallbacks": campaign.sms_fallbacks,
        "caller_id": campaign.caller_id,
        "load_order": campaign.load_order,
        "max_concurrent_calls": campaign.max_concurrent_calls,
        "calls_per_second": campaign.calls_per_second,
        "abandonment_limit_percent": campaign.abandonment_limit_percent,
        "lines_per_agent": campaign.lines_per_agent,
        "priority": campaign.priority,
        "weight": campaign.weight,
        "rule_pack": campaign.rule_pack,
        "queue_wait_s": campaign.queue_wait_s,
        "abandoned_message": campaign.abandoned_message,
    }
