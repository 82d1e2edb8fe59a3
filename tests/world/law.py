"""What the rule packs say, written down a second time and without a line of the product: the oracle's own book of law."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

#: Area codes, and where they are.
AREAS = {
    "212": ZoneInfo("America/New_York"),
    "312": ZoneInfo("America/Chicago"),
    "213": ZoneInfo("America/Los_Angeles"),
    "808": ZoneInfo("Pacific/Honolulu"),
}
#: Hours of the day in UTC, in May, at which calls become allowed or forbidden somewhere (8, 20 and 21 o'clock).
TURNS = (0, 1, 2, 4, 12, 13, 15, 18)
#: Outcomes of calls that never rang anywhere.
UNHEARD = {"congestion", "invalid_number", "failed"}


@dataclass(frozen=True)
class Pack:
    """`most` calls `within_h` hours, to the number in all campaigns or in one; nobody waits for an agent longer than `waits_s`."""

    opens: time
    closes: time
    most: int | None = None
    within_h: int = 0
    all_campaigns: bool = False
    after_talk_h: int = 0
    waits_s: int | None = None


PACKS = {
    "us-federal": Pack(time(8), time(21), waits_s=2),
    "us-florida": Pack(time(8), time(20), most=3, within_h=24, waits_s=2),
    "us-debt-collection": Pack(time(8), time(21), most=7, within_h=168, all_campaigns=True, after_talk_h=168),
}


@dataclass(frozen=True)
class Made:
    """A call as Asterisk had it; `over_at` is None while it goes on."""

    campaign: int
    number: str
    at: datetime
    outcome: str
    over_at: datetime | None


def awake(number: str, pack: Pack, now: datetime) -> bool:
    """Whether the hours are open where the number is."""
    return pack.opens <= now.astimezone(AREAS[number[2:5]]).time() < pack.closes


def too_many(pack: Pack, one: Made, others: Sequence[Made]) -> str | None:
    """Why the call was one too many, of those to its number that came before it."""
    before = [other for other in others if other.at < one.at and (pack.all_campaigns or other.campaign == one.campaign)]
    heard = [other for other in before if other.outcome not in UNHEARD and _hours(other.at, one.at) < pack.within_h]
    if pack.most is not None and len(heard) >= pack.most:
        return f"is call {len(heard) + 1} within {pack.within_h} h, of {pack.most}"
    talks = [other for other in before if other.outcome == "answered"]
    if any(_hours(other.over_at or other.at, one.at) < pack.after_talk_h for other in talks):
        return f"came within {pack.after_talk_h} h of a talk"
    return None


def _hours(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 3600
