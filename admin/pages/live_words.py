"""The live picture in groups and words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dialer.domain.campaign import Campaign
from dialer.domain.series import Counts, Point, total
from dialer.domain.windows import WEEK, zone
from dialer.operations.finishing import Outlook

#: What an agent does, in the order of the board: how it is called there, and its colour.
DOINGS = {
    "free": ("Free", "green"),
    "ringing": ("Ringing", "yellow"),
    "in_use": ("In a call", "blue"),
    "wrap_up": ("In wrap-up", "azure"),
    "preview": ("Has a contact on the agent page", "purple"),
    "paused": ("Paused", "orange"),
    "not_answering": ("Left calls ringing", "red"),
    "unavailable": ("Phone can't be reached", "red"),
    "not_logged_in": ("Not logged in", "secondary"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Agents that do the same, who does so longest first."""

    code: str
    label: str
    colour: str
    members: Sequence[Mapping[str, Any]]


def doings(members: Iterable[Mapping[str, Any]]) -> list[Group]:
    """`members` as of `Live.snapshot`; groups of nobody are left out."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for member in members:
        found.setdefault(member["doing"], []).append(member)
    for some in found.values():
        some.sort(key=lambda one: (one["since"] or "", one["name"]))
    return [Group(code, *DOINGS[code], found[code]) for code in DOINGS if code in found]


def happened(span: str, some: Sequence[Point]) -> str:
    """A chart in words."""
    sums = total(some)
    if sums == Counts():
        return f"Nothing was called or texted in the last {span}."
    busiest = max(some, key=lambda one: one.counts.calls)
    parts = [f"{sums.calls:,} {'call' if sums.calls == 1 else 'calls'}"]
    if sums.answer_percent is not None:
        parts.append(f"{sums.answer_percent:.0f} % of those that ended answered by a person")
    if sums.abandoned_percent is not None:
        parts.append(f"{sums.abandoned_percent:.1f} % of these abandoned")
    parts.append(f"{sums.texts:,} {'text' if sums.texts == 1 else 'texts'}")
    most = f"; most calls from {busiest.at:%H:%M} UTC on: {busiest.counts.calls:,}" if busiest.counts.calls else ""
    return f"In the last {span}: {', '.join(parts)}{most}."


def hours(campaign: Campaign) -> str:
    """When a campaign may act, in short: `Mon-Fri 09:00-18:00`."""
    own, parts = campaign.execution, []
    if own is not None:
        places = enumerate(WEEK.index(day) for day in own.days)
        runs = [[one[1] for one in run] for _, run in groupby(places, key=lambda one: one[1] - one[0])]
        days = ", ".join(f"{_day(run[0])}-{_day(run[-1])}" if len(run) > 1 else _day(run[0]) for run in runs)
        parts.append(f"{days} {own.start:%H:%M}-{own.end:%H:%M}")
    if campaign.rules.times:
        parts.append("in the hours of its rule pack")
    return ", ".join(parts) or "around the clock"


def _day(place: int) -> str:
    return WEEK[place].capitalize()


def through(outlook: Outlook, campaign: Campaign) -> str:
    """When a campaign will be through, with what that assumes."""
    if not outlook.remaining:
        return "Nobody is left to contact."
    if not outlook.runs:
        return "It does not run: when it will be through can't be told."
    found = outlook.finish
    if found is None:
        return "When it will be through can't be told yet: too little has been called and texted."
    assumed = (
        f"At {found.per_minute:.3g} calls and texts a minute, {found.each:.2g} for each contact, {hours(campaign)}"
    )
    if found.at is None:
        return f"{assumed}: not within a year, or not before its validity ends."
    return f"{assumed}: through about {found.at.astimezone(zone(campaign.time_zone)):%a %-d %b, %H:%M %Z}."
