"""The kinds of values that step fields hold, read as editors send them: numbers as text (`"25"`), lists with commas."""

from datetime import timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from dialer.domain import template
from dialer.domain.columns import MAX_ATTRIBUTE_NAME, attribute_name
from dialer.domain.said import Said, joined
from dialer.domain.sound import SOUND_FILE
from dialer.strategy.duration import format_duration, parse_duration
from dialer.strategy.local_time import find_zone, read_clock
from dialer.strategy.web import MAX_BODY, check_url


def _read_duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError(Said("write a duration as a number and s, m, h or d, such as 90s, 15m, 2h or 3d"))  # noqa: TRY004 - pydantic
    return parse_duration(value)


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError(Said("must be longer than 0s"))
    return value


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(Said("must be a number"))  # noqa: TRY004 - pydantic turns only a ValueError into a fault
    return value.strip() if isinstance(value, str) else value


def listed(value: object) -> object:
    """One word, or words with commas, as a text field of an editor gives them."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return [value] if isinstance(value, timedelta) else value


def _zone(value: str) -> str:
    if find_zone(value) is None:
        raise ValueError(Said("is not a known time zone; write one such as Europe/Berlin"))
    return value


def _attribute(value: str) -> str:
    name = attribute_name(value)
    if not name or not name.isprintable() or "{" in name or "}" in name:
        raise ValueError(Said("is not an attribute's name"))
    return name


def _template(value: str) -> str:
    if faults := template.check(value):
        raise ValueError(joined([fault.reason for fault in faults], len(faults), "; "))
    return value


def _body(value: str) -> str:
    if faults := template.check(value, most=MAX_BODY):
        raise ValueError(joined([fault.reason for fault in faults], len(faults), "; "))
    return value


def _url(value: str) -> str:
    check_url(_template(value))
    return value


def _clock(value: str) -> str:
    read_clock(value)
    return value


def _format(name: str) -> Any:
    """What kind of text it is, for whoever makes forms from the JSON schema."""
    return Field(json_schema_extra={"format": name})


_DURATION_SCHEMA = WithJsonSchema(
    {"type": "string", "format": "duration", "pattern": "^[0-9]{1,9}[smhd]$", "examples": ["15m"]}
)
Duration = Annotated[timedelta, BeforeValidator(_read_duration), PlainSerializer(format_duration), _DURATION_SCHEMA]
PositiveDuration = Annotated[Duration, AfterValidator(_positive)]
Number = Annotated[int, BeforeValidator(_number)]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
SoundFile = Annotated[str, StringConstraints(strip_whitespace=True, pattern=SOUND_FILE)]
Queue = Annotated[Reference, _format("queue")]
VoiceGateway = Annotated[Reference, _format("voice-gateway")]
SmsGateway = Annotated[Reference, _format("sms-gateway")]
Attribute = Annotated[
    str, StringConstraints(max_length=MAX_ATTRIBUTE_NAME), AfterValidator(_attribute), _format("attribute")
]
Template = Annotated[str, AfterValidator(_template), _format("template")]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), AfterValidator(_url)]
Body = Annotated[str, StringConstraints(max_length=MAX_BODY), AfterValidator(_body), _format("template")]
ClockTime = Annotated[str, AfterValidator(_clock), _format("clock")]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone), _format("zone")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

Listed = BeforeValidator(listed)
DAYS: tuple[Day, ...] = get_args(Day)


def _week_order(days: tuple[Day, ...]) -> tuple[Day, ...]:
    return tuple(day for day in DAYS if day in days)


Days = Annotated[tuple[Day, ...], Listed, AfterValidator(_week_order)]
