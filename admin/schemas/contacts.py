"""Contacts, sources, attempts and messages as the API gives them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Self

from admin.schemas.common import JsonObject, Out
from dialer.domain.contact import Address
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


class PlaceOut(_Place):
    campaign_id: int
    title: str
    created_at: datetime
    modified_at: datetime


class ContactDetailsOut(ContactOut):
    """A contact with its place in every campaign."""

    campaigns: list[PlaceOut]


class TrailEntryOut(Out):
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
    condition: str
    reason: str
    until: datetime | None


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


class AttemptOut(Out):
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
    started_at: datetime
    ringing_at: datetime | None
    answered_at: datetime | None
    connected_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        return cls(**{name: item[name] for name in cls.model_fields})


class MessageOut(Out):
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

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Self:
        return cls(**{name: item[name] for name in cls.model_fields})


def _addresses(held: Iterable[Address]) -> list[AddressOut]:
    return [AddressOut(channel=channel, address=one.address) for one in held for channel in one.channels()]
