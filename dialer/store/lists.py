"""The lists that people and programs see: which rows, which fields may be sorted and filtered by, what a search looks at."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, Table, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import CampaignStatus, DeliveryState
from dialer.store import searching
from dialer.store.browsing import MOST, ContactSearch
from dialer.store.contact_columns import PLACE, WORDS, Columns
from dialer.store.database import Database
from dialer.store.listing import Listing, Page, Query, Related
from dialer.store.prepared import Prepared
from dialer.store.tables import (
    attempt,
    audit,
    campaign,
    channel_address,
    contact,
    contact_field,
    do_not_contact,
    enrollment,
    gateway,
    message,
    reply,
    source,
    trail,
    trial,
    webhook_delivery,
    webhook_endpoint,
)


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
    words={"status": tuple(status.value for status in CampaignStatus)},
)

_contact_columns = [
    contact.c[name] for name in ("id", "first_name", "last_name", "time_zone", "external_id", "attributes")
]
_here = contact.c.erased_at.is_(None)


async def contacts(
    db: Database, tx: AsyncConnection, query: Query, campaign_id: int | None = None, known: int | None = None
) -> Page:
    """A page of all contacts, or of a campaign's with their places in it; `known` is the total, where the caller has it."""
    types = await field_types(tx)
    if not db.is_sqlite:
        return await _contacts_on_postgresql(campaign_id, types).page(tx, query, known)
    found = await ContactSearch(tx, campaign_id, types, query).page(known)
    given: dict[str, Any] = (
        {"_ids": found.ids} if campaign_id is None else {"_ids": found.ids, "_campaign": campaign_id}
    )
    rows = {row.id: row._asdict() for row in await _LISTED[campaign_id is not None].rows(tx, given)}
    items: list[Mapping[str, Any]] = [rows[contact_id] for contact_id in found.ids if contact_id in rows]
    return Page(items, found.total, found.next_cursor, total_is_exact=found.exact)


async def one_contact(tx: AsyncConnection, contact_id: int, campaign_id: int | None = None) -> Mapping[str, Any] | None:
    row = (await tx.execute(_rows(campaign_id).where(contact.c.id == contact_id))).one_or_none()
    return dict(row._mapping) if row else None  # noqa: SLF001


async def field_types(tx: AsyncConnection) -> dict[str, str]:
    """`{name: type}` of the custom fields."""
    return {row.name: row.type for row in await _TYPES.rows(tx, {})}


_TYPES = Prepared(select(contact_field.c.name, contact_field.c.type))


def _rows(campaign_id: int | BindParameter[int] | None) -> Select[Any]:
    if campaign_id is None:
        return select(*_contact_columns, contact.c.created_at, contact.c.modified_at).where(_here)
    places = (column.label(name) for name, column in PLACE.items())
    rows = select(*_contact_columns, *places).join_from(enrollment, contact, enrollment.c.contact_id == contact.c.id)
    return rows.where(enrollment.c.campaign_id == campaign_id, _here)


# Of a page on SQLite, by whether it is one of a campaign.
_LISTED = {
    in_campaign: Prepared(
        _rows(bindparam("_campaign") if in_campaign else None).where(
            contact.c.id.in_(bindparam("_ids", expanding=True))
        )
    )
    for in_campaign in (False, True)
}


def _contacts_on_postgresql(campaign_id: int | None, types: Mapping[str, str]) -> Listing:
    in_campaign = campaign_id is not None
    return Listing(
        rows=_rows(campaign_id),
        fields=Columns(types, in_campaign=in_campaign),
        order=Columns(types, in_campaign=in_campaign, folded=True),
        key=enrollment.c.contact_id if in_campaign else contact.c.id,
        default_sort="id",  # the order in which they came
        related={"address": Related(contact.c.id, channel_address.c.contact_id, channel_address.c.address)},
        words=WORDS if in_campaign else {},
        found=searching.on_postgresql,
        most=MOST,
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


def _of_whom(rows: Select[Any], table: Table) -> Select[Any]:
    """Calls or texts with the names of their contact, and their campaign's title."""
    named = rows.add_columns(contact.c.first_name, contact.c.last_name, campaign.c.title.label("campaign"))
    joined = named.select_from(table).outerjoin(contact, contact.c.id == table.c.contact_id)
    return joined.outerjoin(campaign, campaign.c.id == table.c.campaign_id)


ATTEMPTS = Listing(
    rows=_of_whom(select(*(column for column in attempt.c if column is not attempt.c.digest)), attempt),
    fields=_columns(
        attempt, "id", "campaign_id", "contact_id", "request_id", "node", "number", "gateway", "queue", "state",
        "outcome", "cause", "agent", "started_at", "ringing_at", "answered_at", "connected_at", "ended_at",
        "amd_status", "amd_cause", "message",
    ),
    key=attempt.c.id,
    default_sort="-id",
    search=(attempt.c.number, attempt.c.agent),
)  # fmt: skip
MESSAGES = Listing(
    rows=_of_whom(select(message), message),
    fields=_columns(
        message, "id", "campaign_id", "contact_id", "request_id", "node", "address", "gateway", "parts", "status",
        "error", "created_at", "submitted_at", "final_at",
    ),
    key=message.c.id,
    default_sort="-id",
    search=(message.c.address, message.c.text),
)  # fmt: skip
REPLIES = Listing(
    rows=select(reply, message.c.text.label("answered"), contact.c.first_name, contact.c.last_name)
    .outerjoin(message, message.c.id == reply.c.message_id)
    .outerjoin(contact, contact.c.id == reply.c.contact_id),
    fields=_columns(
        reply,
        "id",
        "campaign_id",
        "contact_id",
        "message_id",
        "source",
        "destination",
        "gateway",
        "stop",
        "received_at",
    ),
    key=reply.c.id,
    default_sort="-id",
    search=(reply.c.source, reply.c.text),
)


def of_campaign(listing: Listing, table: Table, campaign_id: int) -> Listing:
    """Its rows of one campaign: calls, texts, or the replies to its texts."""
    return replace(listing, rows=listing.rows.where(table.c.campaign_id == campaign_id))


def attempts_of(campaign_id: int) -> Listing:
    return of_campaign(ATTEMPTS, attempt, campaign_id)


def messages_of(campaign_id: int) -> Listing:
    return of_campaign(MESSAGES, message, campaign_id)


def replies_of(campaign_id: int) -> Listing:
    """To the texts of one campaign."""
    return of_campaign(REPLIES, reply, campaign_id)


def trail_of(campaign_id: int) -> Listing:
    """What happened in a campaign, each with the contact's names."""
    columns = (trail.c[name] for name in ("id", "at", "contact_id", "kind", "data"))
    rows = select(*columns, contact.c.first_name, contact.c.last_name).select_from(trail)
    return Listing(
        rows=rows.outerjoin(contact, contact.c.id == trail.c.contact_id).where(trail.c.campaign_id == campaign_id),
        fields=_columns(trail, "id", "at", "contact_id", "kind"),
        key=trail.c.id,
        default_sort="id",
    )


def trials_of(gateway_id: str) -> Listing:
    """Test messages of one gateway."""
    return Listing(
        rows=select(trial).where(trial.c.gateway == gateway_id),
        fields=_columns(
            trial, "id", "address", "status", "asked_by", "parts", "created_at", "submitted_at", "final_at"
        ),
        key=trial.c.id,
        default_sort="-id",
        search=(trial.c.address, trial.c.text),
    )


AUDIT = Listing(
    rows=select(audit),
    fields=_columns(audit, "id", "at", "who", "kind", "address", "action", "thing", "thing_id", "name"),
    key=audit.c.id,
    default_sort="-id",
    search=(audit.c.who, audit.c.name, audit.c.thing_id),
    most=10_000,
)

WEBHOOKS = Listing(
    rows=select(webhook_endpoint),
    fields=_columns(
        webhook_endpoint, "id", "name", "url", "campaign_id", "enabled", "dropped", "created_at", "modified_at"
    ),
    key=webhook_endpoint.c.id,
    default_sort="name",
    search=(webhook_endpoint.c.name, webhook_endpoint.c.url),
)


def deliveries_of(endpoint_id: int) -> Listing:
    """What one endpoint was told, or is to be."""
    names = ("id", "event_id", "kind", "state", "tries", "next_due_at", "last_status", "created_at", "delivered_at")
    return Listing(
        rows=select(webhook_delivery).where(webhook_delivery.c.endpoint_id == endpoint_id),
        fields=_columns(webhook_delivery, *names),
        key=webhook_delivery.c.id,
        default_sort="-id",
        search=(webhook_delivery.c.event_id, webhook_delivery.c.last_error),
        words={"state": tuple(state.value for state in DeliveryState)},
    )


DO_NOT_CONTACT = Listing(
    rows=select(do_not_contact),
    fields=_columns(do_not_contact, "id", "address", "campaign_id", "reason", "created_at", "digest"),
    key=do_not_contact.c.id,
    default_sort="-id",
    search=(do_not_contact.c.address, do_not_contact.c.reason),
)


async def reply_counts(tx: AsyncConnection) -> dict[str, int]:
    """`{stop: n, other: n}`."""
    rows = await tx.execute(select(reply.c.stop, func.count()).group_by(reply.c.stop))
    return {"stop" if stop else "other": int(number) for stop, number in rows}


async def places_of(tx: AsyncConnection, contact_id: int) -> list[Mapping[str, Any]]:
    """The campaigns a contact is in, with its place in each."""
    query = (
        select(campaign.c.id.label("campaign_id"), campaign.c.title, *(c.label(name) for name, c in PLACE.items()))
        .join_from(enrollment, campaign, enrollment.c.campaign_id == campaign.c.id)
        .where(enrollment.c.contact_id == contact_id)
        .order_by(campaign.c.id)
    )
    return [dict(row._mapping) for row in await tx.execute(query)]  # noqa: SLF001  (SQLAlchemy's public name for it)
