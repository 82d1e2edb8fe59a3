"""Gateways as the API takes and gives them. A password comes in and never goes out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, RootModel

from admin.schemas.common import In, Out, RowOut, Text
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.operations.trials import Cut


class GatewayPatch(In):
    """The settings to change; which are possible, and their ranges, follows from the gateway's kind."""

    kind: Literal["voice", "sms"] | None = None
    name: str | None = None
    dial: str | None = None
    prefixes: list[str] | None = None
    max_calls: int | None = None
    calls_per_second: float | None = None
    strip_plus: bool | None = None
    prefix: str | None = None
    breaker_after: int | None = None
    calls_per_day: int | None = None
    minutes_per_day: int | None = None
    prefix_calls_per_day: list[str] | None = None
    day_zone: str | None = None
    host: str | None = None
    port: int | None = None
    system_id: str | None = None
    password: str | None = None
    system_type: str | None = None
    bind: str | None = None
    binds: int | None = None
    tls: bool | None = None
    window: int | None = None
    messages_per_second: float | None = None
    response_timeout_s: float | None = None
    enquire_link_s: float | None = None
    sender: str | None = None
    alphabet: str | None = None
    long_texts: str | None = None
    transliterate: bool | None = None
    national: str | None = None
    sender_ton: int | None = None
    sender_npi: int | None = None
    number_ton: int | None = None
    number_npi: int | None = None
    number_prefix: str | None = None
    longest_validity_h: float | None = None
    segment_price: float | None = None
    currency: str | None = None

    def given(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class _Stored(Out):
    id: str
    name: str
    created_at: datetime
    modified_at: datetime


class VoiceGatewayOut(_Stored):
    kind: Literal["voice"]
    dial: str
    prefixes: list[str]
    max_calls: int | None
    calls_per_second: float | None
    strip_plus: bool
    prefix: str
    breaker_after: int
    calls_per_day: int | None
    minutes_per_day: int | None
    prefix_calls_per_day: list[str]
    day_zone: str


class SmsGatewayOut(_Stored):
    kind: Literal["sms"]
    host: str
    port: int
    system_id: str
    system_type: str
    bind: str
    binds: int
    tls: bool
    window: int
    messages_per_second: float | None
    response_timeout_s: float
    enquire_link_s: float
    sender: str
    alphabet: str
    long_texts: str
    transliterate: bool
    national: str
    sender_ton: int | None
    sender_npi: int | None
    number_ton: int
    number_npi: int
    number_prefix: str
    longest_validity_h: float
    segment_price: float | None
    currency: str


class BindOut(Out):
    """`in_flight`: segments without an answer, at most `window`."""

    type: str
    bound: bool
    reason: str
    since: datetime
    in_flight: int
    window: int


class SmsCountsOut(Out):
    """Since the gateway was started or edited; `accepted`, `refused`, `throttled` and `unknown` count segments."""

    accepted: int
    refused: int
    throttled: int
    unknown: int
    receipts: int
    replies: int
    unreadable: int
    binds: int


class SmsErrorOut(Out):
    """Refused segments by the status of SMPP; `kind`: permanent, temporary or unknown."""

    code: int
    name: str
    kind: str
    meaning: str
    count: int


class SmsEventOut(Out):
    """`times`: so many alike in a row, the last of them `at`."""

    at: datetime
    kind: str
    detail: str
    times: int


class GatewayStatusOut(Out):
    """How an SMS gateway is now. Rates are accepted segments per second; errors the most frequent first, events the newest."""

    state: str
    reason: str
    since: datetime
    address: str
    binds: list[BindOut]
    rate_10s: float
    rate_60s: float
    messages_per_second: float | None
    counts: SmsCountsOut
    errors: list[SmsErrorOut]
    events: list[SmsEventOut]


class TestIn(In):
    """`number` as E.164, or as written at home."""

    number: str = Field(min_length=1, max_length=60)
    text: Text


class TextIn(In):
    text: Text


class CutOut(Out):
    """A text as a gateway would send it. `changed`: characters that its alphabet lacks were replaced; `cost` is empty without a price."""

    encoding: str
    segments: int
    text: str
    changed: bool
    cost: str

    @classmethod
    def of(cls, cut: Cut) -> Self:
        return cls(encoding=cut.encoding, segments=cut.segments, text=cut.text, changed=cut.changed, cost=cut.cost)


class TestOut(RowOut):
    """A test message. `status` as that of any text, see [States](states.md); `parts`: the submits it takes."""

    id: int
    gateway: str
    address: str
    sender: str
    text: str
    encoding: str
    parts: int
    asked_by: str
    status: str
    error: str | None
    created_at: datetime
    submitted_at: datetime | None
    final_at: datetime | None


class GatewayOut(RootModel[Annotated[VoiceGatewayOut | SmsGatewayOut, Field(discriminator="kind")]]):
    """A voice or an SMS gateway."""


def _defaults(kind: type[VoiceGatewayOut] | type[SmsGatewayOut]) -> dict[str, Any]:
    """Of settings that came with a later version than the row."""
    made = VoiceGateway if kind is VoiceGatewayOut else SmsGateway
    return {name: field.default for name, field in made.model_fields.items() if not field.is_required()}


def shown(row: Mapping[str, Any]) -> GatewayOut:
    """What people see of a row of the gateway table."""
    kind = VoiceGatewayOut if row["kind"] == "voice" else SmsGatewayOut
    known = {
        **_defaults(kind),
        **row["settings"],
        **{name: row[name] for name in ("id", "kind", "name", "created_at", "modified_at")},
    }
    return GatewayOut(kind(**{name: known[name] for name in kind.model_fields}))
