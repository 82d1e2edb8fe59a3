"""The lists that people and programs see: which rows, which fields may be sorted and filtered by, what a search looks at."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.store.listing import Listing, Related
from dialer.store.tables import (
    attempt,
    campaign,
    channel_address,
    contact,
    do_not_contact,
    enrollment,
    gateway,
    message,
    source,
)

# A name that can stand in a JSON path of either database.
_ATTRIBUTE = re.compile(r'attributes\.([^"\\\x00-\x1f\ud800-\udfff]{1,100})')


class _ContactFields(Mapping[str, ColumnElement[Any]]):
    """The named fields, and every attribute as `attributes.NAME`."""

    def __init__(self, named: Mapping[str, ColumnElement[Any]]) -> None:
        self._named = named

    def __getitem__(self, name: str) -> ColumnElement[Any]:
        attribute = _ATTRIBUTE.fullmatch(name)
        return contact.c.attributes[attribute[1]].as_string() if attribute else self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter([*self._named, "attributes.NAME"])

    def __len__(self) -> int:
        return len(self._named)


def _columns(table: Table, *names: str) -> dict[str, ColumnElement[Any]]:
    return {name: table.c[name] for name in names}


_contact_count = (
    select(func.count()).where(enrollment.c.campaign_id == campaign.c.id).correlate(campaign).scalar_subquery()
)
CAMPAIGNS = Listing(
    rows=select(campaign),
    fields={
        **_columns(campaign, "id", "title", "status", "created_at", "modified_at", "last_activity_at", "queue"),
        **_columns(campaign, "voice_gateway", "sms_gateway", "time_zone"),
        "contacts": _contact_count,
    },
    key=campaign.c.id,
    default_sort="created_at",
    search=(campaign.c.title,),
)

_contact_columns = _columns(contact, "id", "first_name", "last_name", "time_zone", "external_id", "attributes")
_contact_named = {name: column for name, column in _contact_columns.items() if name != "attributes"}
_contact_search = (contact.c.first_name, contact.c.last_name, contact.c.external_id)
_contact_related = {"address": Related(contact.c.id, channel_address.c.contact_id, channel_address.c.address)}
_here = contact.c.erased_at.is_(None)
CONTACTS = Listing(
    rows=select(*_contact_columns.values(), contact.c.created_at, contact.c.modified_at).where(_here),
    fields=_ContactFields({**_contact_named, **_columns(contact, "created_at", "modified_at")}),
    key=contact.c.id,
    default_sort="id",  # the order in which they came
    search=_contact_search,
    related=_contact_related,
)

_place = {
    "status": enrollment.c.state,
    "stop_reason": enrollment.c.stop_reason,
    "result": enrollment.c.result,
    "step": enrollment.c.node,
    "next_due_at": enrollment.c.due_at,
    "source": enrollment.c.source_id,
    "attempts": enrollment.c.attempts,
    "created_at": enrollment.c.created_at,
    "modified_at": enrollment.c.modified_at,
}


def contacts_of(campaign_id: int) -> Listing:
    """A campaign's contacts with their place in it."""
    rows = select(*_contact_columns.values(), *(column.label(name) for name, column in _place.items()))
    return Listing(
        rows=rows.join_from(enrollment, contact, enrollment.c.contact_id == contact.c.id).where(
            enrollment.c.campaign_id == campaign_id, _here
        ),
        fields=_ContactFields({**_contact_named, **_place, "id": enrollment.c.contact_id}),
        key=enrollment.c.contact_id,
        default_sort="id",
        search=_contact_search,
        related=_contact_related,
    )


def sources_of(campaign_id: int) -> Listing:
    return Listing(
        rows=select(source).where(source.c.campaign_id == campaign_id),
        fields=_columns(
            source, "id", "kind", "name", "state", "rows", "created", "merged", "refused", "created_at", "finished_at"
        ),
        key=source.c.id,
        default_sort="created_at",
        search=(source.c.name,),
    )


GATEWAYS = Listing(
    rows=select(gateway),
    fields=_columns(gateway, "id", "kind", "name", "created_at", "modified_at"),
    key=gateway.c.id,
    default_sort="created_at",
    search=(gateway.c.name, gateway.c.id),
)
ATTEMPTS = Listing(
    rows=select(attempt),
    fields=_columns(
        attempt, "id", "campaign_id", "contact_id", "request_id", "node", "number", "gateway", "queue", "state",
        "outcome", "cause", "agent", "started_at", "ringing_at", "answered_at", "connected_at", "ended_at",
    ),
    key=attempt.c.id,
    default_sort="-started_at",
    search=(attempt.c.number, attempt.c.agent),
)  # fmt: skip
MESSAGES = Listing(
    rows=select(message),
    fields=_columns(
        message, "id", "campaign_id", "contact_id", "request_id", "node", "address", "gateway", "parts", "status",
        "error", "created_at", "submitted_at", "final_at",
    ),
    key=message.c.id,
    default_sort="-created_at",
    search=(message.c.address, message.c.text),
)  # fmt: skip

DO_NOT_CONTACT = Listing(
    rows=select(do_not_contact),
    fields=_columns(do_not_contact, "id", "address", "campaign_id", "reason", "created_at", "digest"),
    key=do_not_contact.c.id,
    default_sort="-id",
    search=(do_not_contact.c.address, do_not_contact.c.reason),
)


async def attempt_counts(tx: AsyncConnection) -> dict[str, int]:
    """Attempts by outcome; those under way are `open`."""
    rows = await tx.execute(select(func.coalesce(attempt.c.outcome, "open"), func.count()).group_by(attempt.c.outcome))
    return {str(outcome): int(number) for outcome, number in rows}


async def message_counts(tx: AsyncConnection) -> dict[str, int]:
    rows = await tx.execute(select(message.c.status, func.count()).group_by(message.c.status))
    return {str(status): int(number) for status, number in rows}


async def places_of(tx: AsyncConnection, contact_id: int) -> list[Mapping[str, Any]]:
    """The campaigns a contact is in, with its place in each."""
    query = (
        select(campaign.c.id.label("campaign_id"), campaign.c.title, *(c.label(name) for name, c in _place.items()))
        .join_from(enrollment, campaign, enrollment.c.campaign_id == campaign.c.id)
        .where(enrollment.c.contact_id == contact_id)
        .order_by(campaign.c.id)
    )
    return [dict(row._mapping) for row in await tx.execute(query)]  # noqa: SLF001  (SQLAlchemy's public name for it)
