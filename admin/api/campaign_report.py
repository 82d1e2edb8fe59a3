"""`/campaigns/{id}/report`: what became of a campaign's contacts, calls and texts; each of its tables as a CSV, too."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from admin.api import csv_stream
from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.report import ReportOut, ReportQuery
from dialer.domain.errors import NotFound
from dialer.domain.report import OUTCOMES, STATUSES, Report, Results
from dialer.operations import campaign_report

api = Operations("campaigns")

RESULTS = ("attempts", *(f"call_{one}" for one in OUTCOMES), "texts", *(f"text_{one}" for one in STATUSES))


@api("GET", "/campaigns/{campaign_id}/report", "What became of a campaign", answers={200: ReportOut})
async def report(request: web.Request, campaign_id: int, query: ReportQuery) -> web.Response:
    """All tables are made of the same counts: by hour (unless of one day) and by step they add up to the summary.

    Of a campaign with 20,000 contacts or more the counts may be a few seconds old, but for a day's hours.
    """
    campaign, made = await campaign_report.of_campaign(request.app[CONTEXT], campaign_id, query.day)
    return answer(ReportOut.of(campaign.id, campaign.time_zone, query.day, made))


@api(
    "GET",
    "/campaigns/{campaign_id}/report/{table}/export.csv",
    "Take along a table of the report",
    answers=csv_stream.ANSWERS,
)
async def table(request: web.Request, campaign_id: int, table: str, query: ReportQuery) -> web.StreamResponse:
    """`table` is `summary`, `tries`, `hours` or `steps`. Cells that a spreadsheet would run as a formula begin with `'`."""
    if table not in TABLES:
        raise NotFound("table of the report", table)
    _, made = await campaign_report.of_campaign(request.app[CONTEXT], campaign_id, query.day)
    return await csv_stream.send(request, f"report-{campaign_id}-{table}.csv", _all(TABLES[table](made)))


async def _all(rows: Sequence[Sequence[Any]]) -> AsyncIterator[Sequence[Any]]:
    for row in rows:
        yield row


def _summary(made: Report) -> list[Sequence[Any]]:
    one = made.summary
    rows: list[Sequence[Any]] = [
        ("figure", "number"),
        ("loaded", one.loaded),
        *one.states.items(),
        *((name, getattr(one, name)) for name in ("dialed", "reached", "remaining")),
        *zip(RESULTS, _results(one.results), strict=True),
        *((name, getattr(one, name)) for name in ("replies", "talk_s", "talk_average_s")),
    ]
    return rows


def _tries(made: Report) -> list[Sequence[Any]]:
    return [
        ("calls", "contacts", "reached", "reached_so_far"),
        *((one.calls, one.contacts, one.reached, one.reached_so_far) for one in made.tries),
    ]


def _hours(made: Report) -> list[Sequence[Any]]:
    rows = ((one.label, one.start, *_results(one.results)) for one in made.hours)
    return [("hour", "starts_at", *RESULTS), *rows]


def _steps(made: Report) -> list[Sequence[Any]]:
    names = ("node", "name", "type", "entered", "waiting", "done", "stopped")
    rows = ((*(getattr(one, name) for name in names), *_results(one.results)) for one in made.steps)
    return [(*names, *RESULTS), *rows]


def _results(one: Results) -> list[int]:
    return [one.attempts, *one.outcomes.values(), one.texts, *one.statuses.values()]


TABLES: Mapping[str, Callable[[Report], Sequence[Sequence[Any]]]] = {
    "summary": _summary, "tries": _tries, "hours": _hours, "steps": _steps,
}  # fmt: skip
