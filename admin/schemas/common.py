"""What all schemas share: strict input, texts that a database can hold, instants within the calendar, pages of lists."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from dialer.domain.patterns import LINE, TEXT
from dialer.store.listing import LIMITS, Query


class In(BaseModel):
    """What comes in: unknown fields are refused by name, nothing is converted by guess."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Out(BaseModel):
    """What goes out. What does not fit is logged, hence without the values, which are people's."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)


def _within_calendar(moment: datetime) -> datetime:
    """Far from the calendar's ends, where arithmetic on an instant would leave it."""
    if not 1970 <= moment.year <= 9000:  # noqa: PLR2004
        raise ValueError("should be a year from 1970 to 9000")
    return moment.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_within_calendar)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=LINE)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=LINE)]
Text = Annotated[str, StringConstraints(max_length=10_000, pattern=TEXT)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=LINE)]


class FaultOut(Out):
    field: str
    reason: str


class CitationOut(Out):
    """A rule by its id, and the rule pack and version in which it stands."""

    rule: str
    pack: str
    version: str


class ProblemOut(Out):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FaultOut] = []


class ExportQuery(In):
    """Which rows, in which order."""

    sort: str | None = Field(default=None, description="A field, or `-field` for descending.")
    q: str | None = Field(default=None, max_length=200, description="Text to search for.")
    filter: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        description="`FIELD:OP:VALUE`, repeatable; OP is one of eq ne lt le gt ge contains startswith in empty.",
    )

    def query(self) -> Query:
        return Query(sort=self.sort, q=self.q, filters=self.filter)


class ListQuery(ExportQuery):
    """Which page of a list."""

    limit: int = Field(default=50, json_schema_extra={"enum": list(LIMITS)}, description="Page length.")
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before.")

    def query(self) -> Query:
        return replace(super().query(), limit=self.limit, cursor=self.cursor)


class CountingQuery(ListQuery):
    """Which page of a list that may be very long."""

    count: Literal["exact"] | None = Field(
        default=None, description="`exact`: count all, also beyond 10,000, however long it takes."
    )

    def query(self) -> Query:
        return replace(super().query(), exact=self.count == "exact")


class RowOut(Out):
    """A row of a table whose columns have the names of the fields."""

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        return cls(**{name: item[name] for name in cls.model_fields})


T = TypeVar("T")


class PageOut(Out, Generic[T]):
    items: list[T]
    total: int
    next_cursor: str | None


class LongPageOut(PageOut[T], Generic[T]):
    """`total` is a lower bound where it is not exact."""

    total_is_exact: bool


class CountedPageOut(LongPageOut[T], Generic[T]):
    """`total` is a lower bound where it is not exact; contacts that an import brought just now may yet have to be indexed."""

    unindexed: int


JsonObject = dict[str, Any]
