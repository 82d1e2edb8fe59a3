"""Rule packs as they are written in `packs/*.toml`: dated rules of a country, each with its id, its figures and its source.

Not legal advice: sources disagree, so a pack has a version and a date, and whatever is refused cites rule, pack and version.
"""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dialer.domain.said import Said, chained, joined, marked
from dialer.domain.windows import WEEK, ExecutionTime

Id = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)*$", max_length=32)]
Hours = Annotated[int, Field(ge=1, le=24 * 366)]


class Scope(StrEnum):
    """Which calls count together."""

    NUMBER = "number"  # all to the number, in every campaign
    CAMPAIGN = "campaign"  # those of the campaign to the number: the same subject

    @property
    def words(self) -> str:
        one, other = marked("of all campaigns to the number"), marked("of the campaign to the number")
        return Said(one if self is Scope.NUMBER else other)


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(_Written):
    """Open on these days from `from` to `to` on the called party's clock; `to` before `from` runs over midnight."""

    days: tuple[str, ...] = WEEK
    from_: time = Field(alias="from")
    to: time

    def execution(self) -> ExecutionTime:
        return ExecutionTime(self.from_, self.to, self.days)

    def sentence(self) -> str:
        hours = Said("from %(start)s to %(end)s", start=f"{self.from_:%H:%M}", end=f"{self.to:%H:%M}")
        always = len(self.days) == len(WEEK)
        return hours if always else Said("%(days)s %(hours)s", days=_named(self.days), hours=hours)


class _Rule(_Written):
    id: Id
    source: Annotated[str, Field(min_length=5, max_length=200)]


class HoursRule(_Rule):
    """Calls and texts only while one of the ranges is open."""

    kind: Literal["hours"]
    open: Annotated[tuple[Range, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole_minutes(self) -> "HoursRule":
        for one in self.open:
            one.execution()  # raises for a range that is none
            if one.from_.second or one.to.second:
                raise ValueError("hours begin and end at whole minutes")
        return self

    def sentence(self) -> str:
        ranges = chained(marked("%(first)s and %(second)s"), (one.sentence() for one in self.open))
        return Said("Calls and texts only %(ranges)s, on the called party's clock.", ranges=ranges)


class HolidaysRule(_Rule):
    """None on national holidays of the country, in two letters."""

    kind: Literal["holidays"]
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]

    def sentence(self) -> str:
        return Said("No calls and texts on national holidays (%(country)s).", country=self.country)


class AttemptsRule(_Rule):
    """At most so many calls in any such period, which is rolling: 24 hours are not a calendar day."""

    kind: Literal["attempts"]
    most: Annotated[int, Field(ge=1)]
    within_h: Hours
    scope: Scope

    def sentence(self) -> str:
        told = {"most": self.most, "which": self.scope.words, "period": duration(self.within_h)}
        return Said("At most %(most)s calls %(which)s in any %(period)s.", **told)


class AfterConversationRule(_Rule):
    """No call for so long after somebody spoke with an agent."""

    kind: Literal["after_conversation"]
    wait_h: Hours
    scope: Scope

    def sentence(self) -> str:
        told = {"which": self.scope.words, "period": duration(self.wait_h)}
        return Said("No call %(which)s for %(period)s after somebody there spoke with an agent.", **told)


class AfterAbandonedRule(_Rule):
    """No call for so long after somebody answered and got no agent."""

    kind: Literal["after_abandoned"]
    wait_h: Hours
    scope: Scope

    def sentence(self) -> str:
        told = {"which": self.scope.words, "period": duration(self.wait_h)}
        return Said("No call %(which)s for %(period)s after one of them was abandoned.", **told)


class RingRule(_Rule):
    """A call rings at least so long before it is given up."""

    kind: Literal["ring"]
    least_s: Annotated[int, Field(ge=1, le=60)]

    def sentence(self) -> str:
        return Said("A call rings at least %(least)s s before it is given up.", least=self.least_s)


class AbandonmentRule(_Rule):
    """Of the calls that persons answer, at most this share is abandoned, in each campaign over so many days."""

    kind: Literal["abandonment"]
    most_percent: Annotated[float, Field(ge=0, le=100)]
    over_days: Annotated[int, Field(ge=1)]

    def sentence(self) -> str:
        some = marked(
            "At most %(share)s %% of the calls that persons answer are abandoned, in each campaign over %(days)s days."
        )
        none = marked("None of the calls that persons answer are abandoned, in each campaign over %(days)s days.")
        return Said(some if self.most_percent else none, share=f"{self.most_percent:g}", days=self.over_days)


class AgentRule(_Rule):
    """Who answers has an agent within so many seconds; or else, if `message`, hears one."""

    kind: Literal["agent"]
    within_s: Annotated[float, Field(gt=0)]
    message: bool

    def sentence(self) -> str:
        agent = marked("Who answers has an agent within %(within)s s; else the call is abandoned.")
        message = marked(
            "Who answers has an agent within %(within)s s, or hears a message; else the call is abandoned."
        )
        return Said(message if self.message else agent, within=f"{self.within_s:g}")


class DoNotContactRule(_Rule):
    """Who objects is not called; a copy of the national registry is at most so many days old."""

    kind: Literal["do_not_contact"]
    registry_age_days: int | None = None

    def sentence(self) -> str:
        own = marked("Nobody who objected is contacted.")
        both = marked(
            "Nobody who objected is contacted; a copy of the national do-not-call registry is at most %(age)s days old."
        )
        return Said(both if self.registry_age_days else own, age=self.registry_age_days)


class DutyRule(_Rule):
    """What people have to see to: nothing here is computed from it."""

    kind: Literal["duty"]
    text: Annotated[str, Field(min_length=10)]

    def sentence(self) -> str:
        return self.text


def duration(hours: int) -> str:
    """`72 h`, `7 days`: whole days from a week on."""
    days, rest = divmod(hours, 24)
    in_days = days >= len(WEEK) and not rest
    return Said("%(number)s days", number=days) if in_days else Said("%(number)s h", number=hours)


def _named(days: tuple[str, ...]) -> str:
    """`Mon–Fri` for days in a row, else each of them."""
    named = [Said(day.capitalize()) for day in WEEK if day in days]
    first = WEEK.index(days[0])
    in_a_row = WEEK[first : first + len(days)] == days
    ends = {"first": named[0], "last": named[-1]}
    return Said("%(first)s–%(last)s", **ends) if in_a_row and len(named) > 1 else joined(named, len(named))


Rule = Annotated[
    HoursRule
    | HolidaysRule
    | AttemptsRule
    | AfterConversationRule
    | AfterAbandonedRule
    | RingRule
    | AbandonmentRule
    | AgentRule
    | DoNotContactRule
    | DutyRule,
    Field(discriminator="kind"),
]


class PackFile(_Written):
    """One file. The rules of the pack that it `includes` hold beside its own."""

    id: Id
    name: str
    version: Annotated[str, Field(pattern=r"^\d{4}\.\d+$")]
    dated: date
    about: str
    includes: Id | None = None
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> "PackFile":
        names = [rule.id for rule in self.rules]
        if len(names) != len(set(names)):
            raise ValueError("two rules have the same id")
        return self
