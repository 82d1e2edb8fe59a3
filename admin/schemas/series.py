"""Rates over time."""

from typing import Annotated

from pydantic import Field

from admin.openapi import LARGEST_ID
from admin.schemas.common import In, Instant, Out
from dialer.domain.series import Point, Span


class SeriesQuery(In):
    """Without `campaign`: of all."""

    campaign: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = None
    span: Span = Span.HOUR


class PointOut(Out):
    """A step that begins at `at`. `ended` are calls that ended in it, `answered` those of them that a person answered."""

    at: Instant
    calls: int
    ended: int
    answered: int
    abandoned: int
    texts: int

    @classmethod
    def of(cls, one: Point) -> "PointOut":
        counts = one.counts
        return cls(
            at=one.at,
            calls=counts.calls,
            ended=counts.ended,
            answered=counts.answered,
            abandoned=counts.abandoned,
            texts=counts.texts,
        )


class SeriesOut(Out):
    """`step_s`: how long each step is; the last one is still under way."""

    campaign: int | None
    span: Span
    step_s: int
    points: list[PointOut]
