"""Event webhooks: what other systems can be told, who wants to know what, and when a delivery that failed is tried again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from dialer.domain.record import record


class EventKind(StrEnum):
    REQUEST_DISPATCHED = "request.dispatched"
    ATTEMPT_OUTCOME = "attempt.outcome"
    MESSAGE_STATUS = "message.status"
    REPLY_RECEIVED = "reply.received"
    CAMPAIGN_STATUS = "campaign.status"


#: Of a delivery that somebody asked for, to see whether the receiver is there; no endpoint subscribes to it.
TEST = "test"
TOLD: Mapping[EventKind, str] = MappingProxyType(
    {
        EventKind.REQUEST_DISPATCHED: "a call, a text or a strategy's webhook is committed and about to leave",
        EventKind.ATTEMPT_OUTCOME: "a call has ended",
        EventKind.MESSAGE_STATUS: "a text has another status: submitted, delivered, …",
        EventKind.REPLY_RECEIVED: "a handset has sent a text",
        EventKind.CAMPAIGN_STATUS: "a campaign was published, unpublished or ended",
    }
)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 16_200.0  # doubled in between: 16 tries in 24 hours
SPREAD = 0.2  # of each pause, up or down, so that those which failed together don't come again together
GIVEN_UP_AFTER = timedelta(hours=24)
# RFC 9110, 10.2.3: statuses with which a receiver may say when to come again. It is believed for so long.
ASK_TO_WAIT, LONGEST_WAIT_S = frozenset({429, 503}), 3600.0
GONE = 410  # RFC 9110, 15.5.11: the receiver asks not to be told any more


@record
class Event:
    """Something that happened; `data` is JSON. `contact_id`: whose erasure takes what is kept of it along."""

    campaign_id: int | None
    contact_id: int | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is told: of one campaign, or of all."""

    id: int
    revision: int
    events: frozenset[str]
    campaign_id: int | None

    def wants(self, campaign_id: int | None) -> bool:
        return self.campaign_id is None or self.campaign_id == campaign_id


def by_kind(endpoints: Iterable[Endpoint]) -> Mapping[str, tuple[Endpoint, ...]]:
    """Those that want each kind; a kind that nobody wants is not there."""
    known = tuple(endpoints)
    found = {kind.value: tuple(one for one in known if kind in one.events) for kind in EventKind}
    return {kind: wanting for kind, wanting in found.items() if wanting}


def body(event_id: str, kind: str, at: datetime, event: Event) -> dict[str, Any]:
    """What is sent, as JSON."""
    return {"id": event_id, "type": kind, "at": at.isoformat(), "campaign_id": event.campaign_id, "data": event.data}


def next_try(tries: int, queued_at: datetime, now: datetime, chance: float, wait_s: float = 0.0) -> datetime | None:
    """When it is tried again after so many tries that failed; None: it is given up. `chance` is from 0 to 1.

    Not before `wait_s`, for which the receiver has asked.
    """
    pause_s = min(FIRST_PAUSE_S * 2 ** (min(tries, 30) - 1), LONGEST_PAUSE_S)
    at = now + timedelta(seconds=max(wait_s, pause_s * (1 + SPREAD * (2 * chance - 1))))
    return at if at - queued_at <= GIVEN_UP_AFTER else None


def asked_to_wait_s(status: int, header: str | None, now: datetime) -> float:
    """For how many seconds `Retry-After` (RFC 9110, 10.2.3: seconds, or a date) asks to be left alone; 0 for none that is read."""
    if header is None or status not in ASK_TO_WAIT:
        return 0.0
    told = header.strip()
    if told.isascii() and told.isdigit():
        return float(min(int(told[:10]), LONGEST_WAIT_S))
    try:
        at = parsedate_to_datetime(told)
    except ValueError:
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), LONGEST_WAIT_S)


def in_lanes(contact_ids: Sequence[int | None], most: int) -> list[list[int]]:
    """At most so many lanes that may be sent side by side, as positions: those of one contact, and those of none, stay in order."""
    lanes: dict[int, list[int]] = {}
    for position, contact_id in enumerate(contact_ids):
        lanes.setdefault((contact_id or 0) % most, []).append(position)
    return list(lanes.values())
