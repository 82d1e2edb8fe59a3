"""The settings form of a campaign: fields to text and back, every fault at its field. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from multidict import MultiMapping

from admin.language import _, said
from dialer.domain.campaign import (
    ABANDONMENT_LIMIT_PERCENT,
    DEFAULT_PRIORITY,
    HIGHEST_PRIORITY,
    LINES_PER_AGENT,
    LONGEST_WAIT_S,
    MOST_LINES_PER_AGENT,
    MOST_WEIGHT,
    UNAVAILABLE_MODES,
    DialingMode,
    LoadOrder,
)
from dialer.domain.errors import Fault, InvalidInput, shown
from dialer.domain.rules.catalogue import NONE
from dialer.domain.sound import SOUND_FILE, SOUND_FILE_WORDS
from dialer.domain.windows import WEEK, ExecutionTime, Validity, zone

LONGEST_TITLE, LONGEST_CALLER_ID, LONGEST_DESCRIPTION = 200, 80, 10_000
MOST_CALLS, MOST_PER_SECOND = 100_000, 1000.0
FIRST_YEAR, LAST_YEAR = 1970, 9000
LONGEST_REVISION = 18

FIELDS = (
    "title", "description", "time_zone", "execution.start", "execution.end", "execution.days", "validity.from",
    "validity.until", "dialing_modes", "queue", "voice_gateway", "sms_gateway", "caller_id", "load_order",
    "max_concurrent_calls", "calls_per_second", "abandonment_limit_percent", "lines_per_agent", "priority", "weight",
    "rule_pack", "queue_wait_s", "abandoned_message", "sms_fallbacks",
)  # fmt: skip


#: What aiohttp makes of a posted form.
Form = MultiMapping[Any]


@dataclass
class _Reading:
    """Fields that could be read, and faults of those that could not."""

    form: Form
    fields: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def text(self, name: str) -> str:
        value = self.form.get(name, "")
        return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""

    def refuse(self, name: str, reason: str) -> None:
        self.faults.append(Fault(name, reason))

    def attempt(self, name: str, make: Callable[[], Any]) -> None:
        """Set `name` to what `make` returns, or note why it could not."""
        try:
            self.fields[name] = make()
        except InvalidInput as error:
            self.faults += error.faults


def read(form: Form) -> tuple[dict[str, Any], list[Fault]]:
    """The fields as `operations.campaigns` takes them, and the faults of those that can't be read."""
    reading = _Reading(form)
    _read_texts(reading)
    reading.attempt("time_zone", lambda: zone(reading.text("time_zone")).key)
    reading.attempt("execution", lambda: _execution(reading))
    reading.attempt("validity", lambda: _validity(reading))
    reading.fields["dialing_modes"] = tuple(str(mode) for mode in form.getall("dialing_modes", ()))
    order = reading.text("load_order") or LoadOrder.OLDEST_FIRST
    if order in set(LoadOrder):
        reading.fields["load_order"] = LoadOrder(order)
    else:
        reading.refuse(
            "load_order",
            _("%(order)s is not an order: take %(orders)s", order=shown(order), orders=" / ".join(LoadOrder)),
        )
    if "rule_pack" in form:
        reading.fields["rule_pack"] = reading.text("rule_pack") or NONE
    reading.attempt("max_concurrent_calls", lambda: _number(reading, "max_concurrent_calls", int, MOST_CALLS))
    reading.attempt("calls_per_second", lambda: _number(reading, "calls_per_second", float, MOST_PER_SECOND))
    reading.attempt("abandonment_limit_percent", lambda: _percent(reading, "abandonment_limit_percent"))
    reading.attempt("queue_wait_s", lambda: _number(reading, "queue_wait_s", int, LONGEST_WAIT_S))
    reading.attempt("lines_per_agent", lambda: _lines(reading, "lines_per_agent"))
    reading.attempt("priority", lambda: _number(reading, "priority", int, HIGHEST_PRIORITY) or DEFAULT_PRIORITY)
    reading.attempt("weight", lambda: _number(reading, "weight", int, MOST_WEIGHT) or 1)
    return reading.fields, reading.faults


def _read_texts(reading: _Reading) -> None:
    for name, longest in (
        ("title", LONGEST_TITLE),
        ("description", LONGEST_DESCRIPTION),
        ("caller_id", LONGEST_CALLER_ID),
    ):
        value = reading.text(name)
        reading.fields[name] = value
        if len(value) > longest:
            reading.refuse(
                name, _("has %(number)s characters; at most %(most)s are possible", number=len(value), most=longest)
            )
        elif name != "description" and not value.isprintable():
            reading.refuse(name, _("has characters that can't be shown"))
    if not reading.fields["title"]:
        reading.refuse("title", _("is needed"))
    for name in ("queue", "voice_gateway", "sms_gateway", "caller_id", "abandoned_message"):
        reading.fields[name] = reading.text(name) or None
    named = reading.text("sms_fallbacks").split(",")
    reading.fields["sms_fallbacks"] = tuple(name.strip() for name in named if name.strip())
    sound = reading.fields["abandoned_message"]
    if sound and not re.fullmatch(SOUND_FILE, sound):
        reading.refuse("abandoned_message", SOUND_FILE_WORDS)


def _execution(reading: _Reading) -> ExecutionTime | None:
    start, end = reading.text("execution.start"), reading.text("execution.end")
    if not start and not end:
        return None
    missing = [
        Fault(f"execution.{name}", _("is needed too, or leave both empty"))
        for name, value in (("start", start), ("end", end))
        if not value
    ]
    if missing:
        raise InvalidInput(missing)
    return ExecutionTime.read(start, end, [str(day) for day in reading.form.getall("execution.days", ())])


def _validity(reading: _Reading) -> Validity:
    """The two moments on the wall clock of the zone that the form names; without a known zone in UTC, to be judged at all."""
    try:
        tz = zone(reading.text("time_zone"))
    except InvalidInput:
        tz = zone("UTC")
    moments = {}
    for name in ("from", "until"):
        text = reading.text(f"validity.{name}")
        try:
            moment = datetime.fromisoformat(text) if text else None
        except ValueError:
            raise InvalidInput.single(
                f"validity.{name}", _("%(text)s is not a date with a time", text=shown(text))
            ) from None
        if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise InvalidInput.single(
                f"validity.{name}", _("should be a year from %(first)s to %(last)s", first=FIRST_YEAR, last=LAST_YEAR)
            )
        moments[name] = moment.replace(tzinfo=tz).astimezone(UTC) if moment else None
    if moments["from"] and moments["until"] and moments["until"] <= moments["from"]:
        raise InvalidInput.single("validity.until", _("is not after the start: choose a later end"))
    return Validity(moments["from"], moments["until"])


def _number(reading: _Reading, name: str, kind: type[int] | type[float], most: float) -> float | None:
    text = reading.text(name)
    if not text:
        return None
    try:
        value = kind(text)
    except ValueError:
        whole = kind is int
        told = (
            _("%(text)s is not a whole number", text=shown(text))
            if whole
            else _("%(text)s is not a number", text=shown(text))
        )
        raise InvalidInput.single(name, told) from None
    if not 0 < value <= most:
        raise InvalidInput.single(name, _("should be above 0 and at most %(most)s", most=format(most, "g")))
    return value


def _lines(reading: _Reading, name: str) -> float:
    value = _number(reading, name, float, MOST_LINES_PER_AGENT) or LINES_PER_AGENT
    if value < 1:
        raise InvalidInput.single(name, _("should be from 1 to %(most)s", most=format(MOST_LINES_PER_AGENT, "g")))
    return value


def _percent(reading: _Reading, name: str) -> float:
    text = reading.text(name).removesuffix("%").strip()
    try:
        value = float(text) if text else ABANDONMENT_LIMIT_PERCENT
    except ValueError:
        raise InvalidInput.single(name, _("%(text)s is not a number", text=shown(text))) from None
    if not 0 <= value <= 100:  # noqa: PLR2004 (percent)
        raise InvalidInput.single(name, _("should be from 0 to 100"))
    return value


def shown_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A campaign's fields as the form shows them; times of the validity on the wall clock of its zone."""
    execution, validity, tz = fields["execution"], fields["validity"], zone(fields["time_zone"])

    def wall(moment: datetime | None) -> str:
        return moment.astimezone(tz).strftime("%Y-%m-%dT%H:%M") if moment else ""

    plain = (
        "title", "description", "time_zone", "queue", "voice_gateway", "sms_gateway", "caller_id", "load_order",
        "rule_pack",
    )  # fmt: skip
    return {
        **{name: fields[name] for name in plain},
        "execution.start": f"{execution.start:%H:%M}" if execution else "",
        "execution.end": f"{execution.end:%H:%M}" if execution else "",
        "execution.days": execution.days if execution else WEEK,
        "validity.from": wall(validity.from_),
        "validity.until": wall(validity.until),
        "dialing_modes": fields["dialing_modes"],
        "sms_fallbacks": ", ".join(fields["sms_fallbacks"]),
        "max_concurrent_calls": fields["max_concurrent_calls"],
        "abandonment_limit_percent": f"{fields['abandonment_limit_percent']:g}",
        "lines_per_agent": f"{fields['lines_per_agent']:g}",
        **{
            name: fields[name]
            for name in ("calls_per_second", "priority", "weight", "queue_wait_s", "abandoned_message")
        },
    }


def read_from(form: Form) -> str:
    """What was read before the form was filled in; that which it is to be saved over, where somebody has decided so."""
    return str(form.get("over") or form.get("revision", ""))


def revision(form: Form) -> int | None:
    """The revision that the form was made from; None if it says none that can be."""
    text = read_from(form)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_REVISION else None


def typed_in(form: Form) -> dict[str, Any]:
    """The form as it was filled in, to be shown again with its faults."""
    several = {name: tuple(form.getall(name, ())) for name in ("execution.days", "dialing_modes")}
    return {name: form.get(name, "") for name in FIELDS} | several | {"revision": read_from(form)}


def modes() -> list[dict[str, str]]:
    """All dialing modes, those that can't be ticked with the reason."""
    return [{"name": mode.value, "why": said(UNAVAILABLE_MODES.get(mode, ""))} for mode in DialingMode]
