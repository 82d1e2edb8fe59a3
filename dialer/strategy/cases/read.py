"""Unit tests of a strategy, written beside it in YAML: what happens to a contact, and what the strategy does about it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from dialer.domain.errors import Fault, InvalidInput
from dialer.domain.outcome import Outcome
from dialer.strategy.events import ContactFacts
from dialer.strategy.local_time import find_zone, read_moment
from dialer.strategy.read import faults_of
from dialer.strategy.text.yaml_form import read_yaml
from dialer.strategy.values import Duration

SOMEBODY = "+12025550100"
_CHANNELS = {"phone": ("voice", "sms"), "mobile": ("voice", "sms"), "sms": ("sms",), "email": ("email",)}
_NAMES = ("first_name", "last_name", "name")
Status = Literal["submitted", "delivered", "undelivered", "expired", "rejected", "failed", "lost"]


_FITTING = {
    "call": frozenset({"number", "outcome", "after"}),
    "text": frozenset({"number", "says", "status", "reply", "after"}),
    "webhook": frozenset({"url", "says", "answer", "fails", "after"}),
}
_KINDS = ("call", "text", "webhook", "wait", "end")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Model):
    """One thing the strategy does, exactly one of `call`, `text`, `webhook`, `wait` (the step's id) or `end` (the result).

    The other members say what it is like, and what comes of it.
    """

    call: str | None = None
    text: str | None = None
    webhook: str | None = None
    wait: str | None = None
    end: str | None = None
    at: str | None = None
    number: str | None = None
    says: str | None = None
    attributes: dict[str, str] = Field(default_factory=dict)
    outcome: Outcome | None = None
    status: Status | None = None
    reply: str | None = None
    url: str | None = None
    answer: str = ""
    fails: str | None = None
    after: Duration = timedelta(0)

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        kinds = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError("should have exactly one of call, text, webhook, wait and end")
        fitting = _FITTING.get(kinds[0], frozenset())
        for member in frozenset().union(*_FITTING.values()) & self.model_fields_set:
            if member not in fitting:
                raise ValueError(f"{member}: does not go with {kinds[0]}")
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def named(self) -> str:
        """The step's id, or the result."""
        return str(getattr(self, self.kind))

    @field_validator("at")
    @classmethod
    def _is_a_time(cls, at: str | None) -> str | None:
        if at is not None and not any(_fits(at, form) for form in ("%H:%M", "%H:%M:%S")):
            read_moment(at, UTC)
        return at


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)  # noqa: DTZ007 - a time of day
    except ValueError:
        return False
    return True


class Case(_Model):
    """A contact, when it enters, and its story."""

    name: str
    contact: dict[str, Annotated[str, BeforeValidator(lambda value: value or "")]] = Field(default_factory=dict)
    start: str
    story: tuple[Entry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _starts_somewhere(self) -> Self:
        if find_zone(self.contact.get("time_zone", "UTC")) is None:
            raise ValueError("contact: has a time_zone that is not known; write one such as Europe/Berlin")
        try:
            read_moment(self.start, self.zone)
        except ValueError as error:
            raise ValueError(f"start: {error}") from None
        return self

    @cached_property
    def zone(self) -> tzinfo:
        return find_zone(self.contact.get("time_zone", "UTC")) or UTC

    @property
    def starts_at(self) -> datetime:
        return read_moment(self.start, self.zone)

    @property
    def facts(self) -> ContactFacts:
        """The contact; one without any address in the case has a telephone."""
        contact = self.contact if _CHANNELS.keys() & self.contact.keys() else {**self.contact, "phone": SOMEBODY}
        known = {"time_zone", *_NAMES, *_CHANNELS}
        return ContactFacts(
            addresses=tuple(
                (channel, address.strip())
                for column, channels in _CHANNELS.items()
                for address in contact.get(column, "").split(",")
                if address.strip()
                for channel in channels
            ),
            attributes={name: value for name, value in contact.items() if name not in known},
            names={name: value for name, value in contact.items() if name in _NAMES},
            time_zone=contact.get("time_zone", "UTC"),
        )


class _File(_Model):
    strategy: str
    cases: tuple[Case, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Cases:
    """`strategy` is the path of the strategy's file, from the folder of the cases."""

    strategy: str
    cases: tuple[Case, ...]


def read_cases(text: str) -> Cases:
    """Raises `InvalidInput` with every fault as `cases.2.story.0.outcome`."""
    try:
        file = _File.model_validate(read_yaml(text))
    except ValidationError as error:
        raise InvalidInput(Fault(fault.field, fault.reason) for fault in faults_of("", error, "a case")) from None
    except ValueError as error:
        raise InvalidInput.single("text", str(error)) from None
    return Cases(file.strategy, file.cases)
