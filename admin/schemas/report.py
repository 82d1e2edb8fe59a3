"""A campaign's report as JSON."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field

from admin.schemas.common import In, Out
from dialer.domain import report
from dialer.domain.report import Results

FIRST_DAY, LAST_DAY = date(1970, 1, 2), date(9000, 1, 1)


class ReportQuery(In):
    """Of which day the hours are."""

    day: Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)] | None = Field(
        default=None, description="`2026-05-04`, in the campaign's zone. Without it: by hour of the day over all days."
    )


class ResultsOut(Out):
    """Calls by outcome and texts by status; `open` ones are under way."""

    attempts: int
    outcomes: dict[str, int]
    texts: int
    statuses: dict[str, int]

    @classmethod
    def of(cls, results: Results) -> Self:
        return cls(
            attempts=results.attempts,
            outcomes=dict(results.outcomes),
            texts=results.texts,
            statuses=dict(results.statuses),
        )


class ReportSummaryOut(Out):
    loaded: int = Field(description="Contacts of the campaign: the sum of `states`.")
    states: dict[str, int]
    dialed: int = Field(description="Contacts that were called at all.")
    reached: int = Field(description="Contacts that have talked with an agent.")
    remaining: int = Field(description="Contacts that are pending, in progress or waiting.")
    results: ResultsOut
    replies: int
    talk_s: float = Field(description="From the agent's connection to the end of the call, over all answered calls.")
    talk_average_s: float | None

    @classmethod
    def of(cls, one: report.Summary) -> Self:
        return cls(
            loaded=one.loaded, states=dict(one.states), dialed=one.dialed, reached=one.reached, remaining=one.remaining,
            results=ResultsOut.of(one.results), replies=one.replies, talk_s=one.talk_s,
            talk_average_s=one.talk_average_s,
        )  # fmt: skip


class TriesOut(Out):
    """How many contacts had just so many `calls`, and how many were reached by the last of so many."""

    calls: int
    contacts: int
    reached: int
    reached_so_far: int


class ReportHourOut(Out):
    hour: str = Field(description="`13:00` in the campaign's zone; an hour that a day has twice with its offset.")
    starts_at: datetime | None = Field(description="Null where it is this hour of all days.")
    results: ResultsOut


class ReportStepOut(Out):
    """`waiting`, `done` and `stopped` are contacts who stand there now."""

    node: str
    name: str
    type: str = Field(description="Empty for a step that only earlier versions have.")
    entered: int | None = Field(description="How often contacts came to it; null for steps that neither call nor send.")
    waiting: int
    done: int
    stopped: int
    results: ResultsOut


class ReportOut(Out):
    campaign_id: int
    time_zone: str
    day: date | None
    summary: ReportSummaryOut
    tries: list[TriesOut]
    hours: list[ReportHourOut]
    steps: list[ReportStepOut]
    not_entered: int = Field(description="Contacts that have yet to enter the strategy.")

    @classmethod
    def of(cls, campaign_id: int, zone: str, day: date | None, one: report.Report) -> Self:
        return cls(
            campaign_id=campaign_id,
            time_zone=zone,
            day=day,
            summary=ReportSummaryOut.of(one.summary),
            tries=[
                TriesOut(calls=t.calls, contacts=t.contacts, reached=t.reached, reached_so_far=t.reached_so_far)
                for t in one.tries
            ],
            hours=[
                ReportHourOut(hour=h.label, starts_at=h.start, results=ResultsOut.of(h.results)) for h in one.hours
            ],
            steps=[
                ReportStepOut(
                    node=s.node, name=s.name, type=s.type, entered=s.entered, waiting=s.waiting, done=s.done,
                    stopped=s.stopped, results=ResultsOut.of(s.results),
                )
                for s in one.steps
            ],
            not_entered=one.not_entered,
        )  # fmt: skip
