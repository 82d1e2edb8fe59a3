"""A campaign's report: what became of its contacts, by try, hour and step, with a chart of the hours."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import _
from admin.pages.campaign import campaign_id
from admin.pages.render import page
from admin.schemas.report import FIRST_DAY, LAST_DAY
from dialer.domain.outcome import Outcome
from dialer.domain.report import OUTCOMES, STATUSES, Hour, Results
from dialer.operations import campaign_report


async def show(request: web.Request) -> web.StreamResponse:
    """`?day=2026-05-04`: the hours of that day, in the campaign's zone. What is no day is told at its field."""
    typed = request.query.get("day", "").strip()
    day, fault = _day(typed)
    campaign, made = await campaign_report.of_campaign(request.app[CONTEXT], campaign_id(request), day)
    return page(
        request, "campaign/report.html", status=422 if fault else 200, section="Campaigns", tab="Report",
        campaign=campaign, report=made, day=day, typed=typed, faults={"day": [fault]} if fault else {},
        chart=json.dumps(_chart(made.hours)), any_hour=any(_any(one.results) for one in made.hours),
        outcomes=_seen(OUTCOMES, [made.summary.results.outcomes]), statuses=_seen(STATUSES, [made.summary.results.statuses]),
        of_hours=(
            _seen(OUTCOMES, [one.results.outcomes for one in made.hours]),
            _seen(STATUSES, [one.results.statuses for one in made.hours]),
        ),
    )  # fmt: skip


def _day(typed: str) -> tuple[date | None, str]:
    """The day, and what is wrong with it."""
    if not typed:
        return None, ""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None, _("should be a day like 2026-05-04")
    if FIRST_DAY <= day <= LAST_DAY:
        return day, ""
    return None, _("should be a year from %(first)s to %(last)s", first=FIRST_DAY.year, last=LAST_DAY.year)


def _seen(names: Sequence[str], counted: Iterable[Any]) -> list[str]:
    """Those that happened, in their order."""
    held = list(counted)
    return [name for name in names if any(one[name] for one in held)]


def _any(results: Results) -> bool:
    return bool(results.attempts or results.texts)


def _chart(hours: Sequence[Hour]) -> dict[str, list[Any]]:
    return {
        "hours": [one.label for one in hours],
        "calls": [one.results.attempts for one in hours],
        "answered": [one.results.outcomes[Outcome.ANSWERED] for one in hours],
        "texts": [one.results.texts for one in hours],
    }
