"""The live picture in groups and words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from admin.language import N_, _, figure, ngettext, said
from admin.pages import words
from dialer.domain.campaign import Campaign
from dialer.domain.series import Counts, Point, Span, total
from dialer.domain.transitions import CampaignStatus
from dialer.domain.windows import WEEK, zone
from dialer.operations.finishing import Outlook

#: What an agent does, in the order of the board: how it is called there, and its colour.
DOINGS = {
    "free": (N_("Free"), "green"),
    "ringing": (N_("Ringing"), "yellow"),
    "in_use": (N_("In a call"), "blue"),
    "wrap_up": (N_("In wrap-up"), "azure"),
    "preview": (N_("Has a contact on the agent page"), "purple"),
    "paused": (N_("Paused"), "orange"),
    "not_answering": (N_("Left calls ringing"), "red"),
    "unavailable": (N_("Phone can't be reached"), "red"),
    "not_logged_in": (N_("Not logged in"), "secondary"),
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
    return [Group(code, said(label), colour, found[code]) for code, (label, colour) in DOINGS.items() if code in found]


def happened(span: Span, some: Sequence[Point], time_zone: str = "UTC") -> str:
    """A chart in words, by the clock that is drawn under it."""
    hour = span is Span.HOUR
    sums = total(some)
    if sums == Counts():
        return (
            _("Nothing was called or texted in the last hour.")
            if hour
            else _("Nothing was called or texted in the last day.")
        )
    busiest = max(some, key=lambda one: one.counts.calls)
    parts = [ngettext("%(num)s call", "%(num)s calls", sums.calls)]
    if sums.answer_percent is not None:
        share = f"{figure(sums.answer_percent)} %"
        parts.append(_("%(share)s of those that ended answered by a person", share=share))
    if sums.abandoned_percent is not None:
        parts.append(_("%(share)s of these abandoned", share=figure(sums.abandoned_percent, 1) + " %"))
    parts.append(ngettext("%(num)s text", "%(num)s texts", sums.texts))
    most = _(
        "most calls from %(at)s on: %(calls)s",
        at=format(busiest.at.astimezone(zone(time_zone)), "%H:%M %Z"),
        calls=figure(busiest.counts.calls),
    )
    told = ", ".join(parts) + (f"; {most}" if busiest.counts.calls else "")
    return _("In the last hour: %(told)s.", told=told) if hour else _("In the last day: %(told)s.", told=told)


def hours(campaign: Campaign) -> str:
    """When a campaign may act, in short: `Mon-Fri 09:00-18:00`."""
    own, parts = campaign.execution, []
    if own is not None:
        places = enumerate(WEEK.index(day) for day in own.days)
        runs = [[one[1] for one in run] for _step, run in groupby(places, key=lambda one: one[1] - one[0])]
        days = ", ".join(f"{_day(run[0])}-{_day(run[-1])}" if len(run) > 1 else _day(run[0]) for run in runs)
        parts.append(f"{days} {own.start:%H:%M}-{own.end:%H:%M}")
    if campaign.rules.times:
        parts.append(_("in the hours of its rule pack"))
    return ", ".join(parts) or _("around the clock")


def _day(place: int) -> str:
    return words.day(WEEK[place])


def _waiting(number: int, campaign: Campaign) -> str:
    if campaign.status is CampaignStatus.UNPUBLISHED:
        return ngettext(
            "%(num)s contact waits for the campaign to be published.",
            "%(num)s contacts wait for the campaign to be published.", number,
        )  # fmt: skip
    return ngettext(
        "%(num)s contact waits for the campaign to be within its validity period.",
        "%(num)s contacts wait for the campaign to be within its validity period.", number,
    )  # fmt: skip


def through(outlook: Outlook, campaign: Campaign) -> str:
    """When a campaign will be through, with what that assumes; nothing of one that has ended."""
    if campaign.status is CampaignStatus.ENDED:
        return ""
    waiting = outlook.remaining if outlook.runs else outlook.remaining + outlook.stopped  # who was stopped goes on then
    if not waiting:
        return _("Nobody is left to contact.") if outlook.total else _("It has no contacts yet.")
    if not outlook.runs:
        return _waiting(waiting, campaign)
    found = outlook.finish
    if found is None:
        return _("When it will be through can't be told yet: too little has been called and texted.")
    assumed = _(
        "At %(rate)s calls and texts a minute, %(each)s for each contact, %(hours)s",
        rate=format(found.per_minute, ".3g"), each=format(found.each, ".2g"), hours=hours(campaign),
    )  # fmt: skip
    if found.at is None:
        return _("%(assumed)s: not within a year, or not before its validity ends.", assumed=assumed)
    at = found.at.astimezone(zone(campaign.time_zone))
    when = f"{words.day(WEEK[at.weekday()])} {at.day} {words.month(at.month)}, {at:%H:%M %Z}"
    return _("%(assumed)s: through about %(when)s.", assumed=assumed, when=when)
