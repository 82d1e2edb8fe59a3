"""The fields of each step type: their types, ranges, defaults and help. The catalogue names and orders them."""

from datetime import UTC, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from dialer.domain.said import Said, at_field
from dialer.domain.windows import ExecutionTime
from dialer.strategy.local_time import read_clock, read_moment
from dialer.strategy.values import (
    DAYS,
    Attribute,
    Body,
    ClockTime,
    Days,
    Number,
    PositiveDuration,
    SmsGateway,
    Template,
    Url,
    Zone,
)


class OnEdit(StrEnum):
    """What a new version of the strategy means for contacts that are already in it."""

    NOT_STARTED = "not_started"
    NEXT_STEP = "next_step"
    KEEP = "keep"


class Until(StrEnum):
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REPLIED = "replied"


class WaitKind(StrEnum):
    FOR = "for"
    UNTIL_TIME = "until_time"
    UNTIL_DATE = "until_date"
    UNTIL_ATTRIBUTE = "until_attribute"


class WindowKind(StrEnum):
    HOLD = "hold"
    BRANCH = "branch"


class Op(StrEnum):
    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LE = "le"
    GT = "gt"
    GE = "ge"
    CONTAINS = "contains"
    STARTSWITH = "startswith"
    IN = "in"
    EMPTY = "empty"


class Fields(BaseModel):
    """The base of all step fields: unknown ones are faults, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, coerce_numbers_to_str=True)


class ContactInFields(Fields):
    max_attempts: Number = Field(
        default=10,
        ge=1,
        le=1000,
        title="Calls per contact",
        description="The budget that all call steps share. A contact whose budget is used up ends with the result "
        "`max_attempts` when it comes to another call.",
    )
    max_visits: Number = Field(
        default=100,
        ge=1,
        le=10_000,
        title="Visits per step",
        description="How often a contact may enter the same step; one more ends it with the result `max_visits`.",
    )
    on_edit: OnEdit = Field(
        default=OnEdit.NOT_STARTED,
        title="After an edit",
        description="Who follows a new version: contacts that have not started, all at their next step, or only new ones.",
    )


class SmsFields(Fields):
    number: Number = Field(
        default=1, ge=1, le=9, title="Number", description="Which of the contact's numbers for texts: 1 is the first."
    )
    gateway: SmsGateway | None = Field(
        default=None, title="Gateway", description="The SMS gateway; empty: the campaign's."
    )
    sender: Annotated[str, StringConstraints(pattern=r"^(\+?[0-9]{1,20}|[ -~]{1,11})$")] | None = Field(
        default=None, title="Sender", description="A number, or up to 11 letters; empty: the gateway's."
    )
    text: Annotated[Template, StringConstraints(min_length=1, max_length=1530)] = Field(
        title="Text", description="The text; `{{attribute}}` stands for the contact's value."
    )
    until: Until = Field(
        default=Until.ACCEPTED,
        title="Wait until it is",
        description="When the step is left: accepted by the operator, delivered to the telephone, or replied to.",
    )
    timeout: PositiveDuration = Field(
        timedelta(days=3),
        title="At most",
        description="How long to wait for the receipt or the reply once the text was accepted.",
    )
    validity: PositiveDuration | None = Field(
        default=None,
        title="Validity",
        description="How long the operator may try to deliver it; empty: as long as the gateway says.",
    )
    resend_lost: Number = Field(
        default=0,
        ge=0,
        le=3,
        title="Send lost ones again",
        description="How often to send again a text of which nobody knows whether it was sent. Some people get it twice then.",
    )


class WaitFields(Fields):
    kind: WaitKind = Field(
        default=WaitKind.FOR,
        title="Wait",
        description="For a time, until a time of day, a date, or an attribute's date.",
    )
    duration: PositiveDuration | None = Field(
        default=None,
        title="How long",
        description="With `for`: a time such as 90s, 15m, 2h or 3d; whole days are days on the contact's clock.",
        json_schema_extra={"only_with": {"kind": ["for"]}},
    )
    at: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] | None = Field(
        default=None,
        title="Until",
        description="09:00, or 2026-12-24T09:00, or an attribute's name; times are the contact's own.",
        json_schema_extra={"only_with": {"kind": ["until_time", "until_date", "until_attribute"]}},
    )

    @model_validator(mode="after")
    def _matches_kind(self) -> Self:
        """Say what a kind needs; the check reports it at the field named before the colon."""
        if self.kind is WaitKind.FOR:
            if self.duration is None:
                raise ValueError(at_field("duration", Said("is needed when waiting for a time")))
        elif self.at is None:
            raise ValueError(at_field("at", Said("is needed when waiting until a time")))
        else:
            self._check_at(self.at)
        return self

    def _check_at(self, at: str) -> None:
        try:
            if self.kind is WaitKind.UNTIL_TIME:
                read_clock(at)
            elif self.kind is WaitKind.UNTIL_DATE:
                read_moment(at, UTC)
        except ValueError as error:
            raise ValueError(at_field("at", str(error))) from None


class Rule(Fields):
    op: Op
    value: Annotated[str, StringConstraints(max_length=500)] = ""


# What a branch can look at besides attributes.
LOOKS = ("last.outcome", "last.status", "last.reply", "count.attempts", "count.texts")


def _known_look(on: str) -> str:
    if on not in LOOKS and on.partition(".")[0] in {"last", "count"}:
        raise ValueError(Said("should be an attribute or one of %(looks)s", looks=", ".join(LOOKS)))
    return on


class BranchFields(Fields):
    on: Annotated[Attribute, AfterValidator(_known_look)] = Field(
        title="Look at",
        json_schema_extra={"format": "look"},
        description="An attribute, or last.outcome, last.status, last.reply, count.attempts, count.texts.",
    )
    rules: tuple[Rule, ...] = Field(
        min_length=1, max_length=50, title="Rules", description="The first that holds is taken."
    )


class TimeWindowFields(Fields):
    days: Days = Field(
        default=DAYS, min_length=1, max_length=7, title="Days", description="The days on which the window opens."
    )
    start: ClockTime = Field(alias="from", title="From", description="Opens at, such as 09:00.")
    end: ClockTime = Field(alias="to", title="To", description="Closes at, such as 18:00; before `from`: the next day.")
    time_zone: Zone | None = Field(default=None, title="Time zone", description="Empty: the contact's own.")
    kind: WindowKind = Field(
        default=WindowKind.HOLD, title="Outside it", description="Hold the contact until it opens, or branch."
    )

    @model_validator(mode="after")
    def _has_length(self) -> Self:
        if self.start == self.end:
            raise ValueError(at_field("to", Said("must differ from `from`")))
        return self

    @property
    def execution(self) -> ExecutionTime:
        """The window as the domain knows it."""
        return ExecutionTime.read(self.start, self.end, self.days)


class SetAttributeFields(Fields):
    attribute: Attribute = Field(
        title="Attribute",
        description="The attribute to set. `do_not_contact` also puts the contact's addresses on a do-not-contact list: "
        "the campaign's own with the value `campaign`, everybody's with any other but `no`.",
    )
    value: Annotated[Template, StringConstraints(max_length=1000)] = Field(
        default="", title="Value", description="The new value; `{{attribute}}` stands for the contact's value."
    )


class EndFields(Fields):
    result: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] | None = Field(
        default=None,
        title="Result",
        description="What the campaign shows as the contact's result; empty: the last outcome.",
    )


class WebhookFields(Fields):
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(
        default="POST", title="Method", description="The HTTP method."
    )
    url: Url = Field(title="Address", description="Where to send it; values of `{{attribute}}` are percent-encoded.")
    body: Body = Field(
        default="", title="Body", description="What to send; `{{attribute}}` stands for the contact's value."
    )
    save_as: Attribute | None = Field(
        default=None, title="Save as", description="The attribute that keeps the response, up to 4,000 characters."
    )
    timeout_s: Number = Field(default=10, ge=1, le=60, title="Timeout", description="Seconds to wait for the response.")
