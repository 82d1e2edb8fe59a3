"""Contacts, sources, attempts and messages as the API gives them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import Field

from admin.schemas.common import CitationOut, JsonObject, Out, RowOut
from dialer.domain.contact import Address
from dialer.domain.delivery import Delivery
from dialer.operations import sources


class AddressOut(Out):
    channel: str
    address: str


class _Person(Out):
    id: int
    first_name: str
    last_name: str
    time_zone: str | None
    external_id: str | None
    addresses: list[AddressOut]
    attributes: JsonObject
    created_at: datetime
    modified_at: datetime

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        return cls.model_validate({**item, "addresses": _addresses(item["addresses"])})


class _Place(Out):
    status: str
    stop_reason: str | None
    result: str | None
    step: str | None
    next_due_at: datetime | None
    source: int | None
    attempts: int


class CampaignContactOut(_Person, _Place):
    """A contact with its place in a campaign."""


class ContactOut(_Person):
    """A contact."""


class LastAttemptOut(RowOut):
    """A call: `outcome` is null while it goes on."""

    id: str
    campaign_id: int
    gateway: str
    state: str
    outcome: str | None
    reason: str | None
    cause: int | None
    agent: str | None
    started_at: datetime
    ended_at: datetime | None


class LastTextOut(RowOut):
    """A text; `final_at` is when its receipt came, or when it failed."""

    id: str
    campaign_id: int
    gateway: str
    status: str
    error: str | None
    text: str
    parts: int
    created_at: datetime
    submitted_at: datetime | None
    final_at: datetime | None


class DeliveryOut(Out):
    """An address on one channel with its last call or text; `current` is false for one the contact has no more."""

    channel: str
    address: str
    current: bool
    tries: int
    last_attempt: LastAttemptOut | None
    last_text: LastTextOut | None

    @classmethod
    def of(cls, one: Delivery) -> Self:
        named = {name: getattr(one, name) for name in ("channel", "address", "current", "tries")}
        call = LastAttemptOut.of(one.last) if one.last and one.channel == "voice" else None
        text = LastTextOut.of(one.last) if one.last and one.channel == "sms" else None
        return cls(**named, last_attempt=call, last_text=text)


class _Reached(Out):
    delivery: list[DeliveryOut]


class CampaignContactDetailsOut(CampaignContactOut, _Reached):
    """A contact with its place in a campaign, and how that reached it last on each address."""

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        return super().of({**item, "delivery": [DeliveryOut.of(one) for one in item["delivery"]]})


class PlaceOut(_Place):
    campaign_id: int
    title: str
    created_at: datetime
    modified_at: datetime


class ContactDetailsOut(ContactOut, _Reached):
    """A contact with its place in every campaign, and how it was reached last on each address."""

    campaigns: list[PlaceOut]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        return super().of({**item, "delivery": [DeliveryOut.of(one) for one in item["delivery"]]})


class TrailEntryOut(Out):
    """`kind` and `data` as in docs/reference/trail.md. `id` is 0 for what an attempt or a text tells of itself."""

    id: int
    at: datetime
    campaign_id: int | None
    contact_id: int
    kind: str
    data: JsonObject


class TrailOut(Out):
    """Everything that happened, oldest first."""

    items: list[TrailEntryOut]
    total: int


class WhyNotReasonOut(Out):
    """`rule` is the one of the campaign's rule pack that says so, if it is one."""

    condition: str
    reason: str
    until: datetime | None
    rule: CitationOut | None


class WhyNotOut(Out):
    """Every condition that holds a contact back now; none means that it is started at this moment.

    `changes_at` is when the conditions are others, if nothing but time passes.
    """

    due_at: datetime | None
    reasons: list[WhyNotReasonOut]
    changes_at: datetime | None


class SourceOut(Out):
    id: int
    kind: str
    name: str
    state: str
    rows: int
    created: int
    merged: int
    refused: int
    progress: float
    rows_per_second: float | None
    seconds_left: float | None
    error: str | None
    kept: dict[str, int] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Any, now: datetime) -> Self:
        computed: dict[str, Any] = {"progress": sources.progress(row), **sources.pace(row, now)}
        return cls(**computed, **{name: getattr(row, name) for name in cls.model_fields if name not in computed})


class RemovalOut(Out):
    """Contacts that would leave the campaign, be deleted, get former values back, and stay, by reason."""

    leave: int
    deleted: int
    changed: int
    kept: dict[str, int]


class AttemptOut(RowOut):
    id: str
    campaign_id: int
    contact_id: int
    request_id: int
    node: str
    number: str
    gateway: str
    queue: str
    state: str
    outcome: str | None
    reason: str | None
    cause: int | None
    tech_cause: str | None
    agent: str | None
    amd_status: str | None = Field(description="`MACHINE`, `HUMAN`, `NOTSURE`; null: machines were not looked for.")
    amd_cause: str | None
    message: str | None = Field(
        description="To a callee without an agent, or left on a machine: `played`, `cut_short`, `failed`, or null."
    )
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None


class MessageOut(RowOut):
    id: str
    campaign_id: int
    contact_id: int
    request_id: int
    node: str
    address: str
    gateway: str
    sender: str
    text: str
    encoding: str
    parts: int
    status: str
    error: str | None
    created_at: datetime
    submitted_at: datetime | None
    final_at: datetime | None


class ReplyOut(RowOut):
    """What a handset sent. `stop`: it asked not to be contacted; `confirmation`: what became of the answer to that.

    `answered` is the text of the message that it was taken to answer.
    """

    id: int
    campaign_id: int | None
    contact_id: int | None
    message_id: str | None
    source: str
    destination: str
    gateway: str
    text: str
    stop: bool
    confirmation: str | None
    answered: str | None
    received_at: datetime


def _addresses(held: Iterable[Address]) -> list[dict[str, str]]:
    """As `AddressOut`, to be validated with what they are a part of."""
    return [{"channel": channel, "address": one.address} for one in held for channel in one.channels()]
