"""Event webhooks: who is told, and the outbox of what is to be told."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from dialer.store.tables.base import metadata, partial
from dialer.store.types import Id, Json, Utc

# `lease_*`: the node that sends to it now, one at a time, so that what it is told comes in order.
webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", String(128), nullable=False),
    Column("events", Json, nullable=False),
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), index=True),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_reason", Text),
    Column("dropped", Integer, nullable=False),  # events that were not kept, since too many waited
    Column("lease_node", String(64)),
    Column("lease_until", Utc),
    Column("revision", Integer, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("modified_at", Utc, nullable=False),
)

# `queued_at`: when it was written, or sent again by hand; its tries count from there.
webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("endpoint_id", Id, ForeignKey("webhook_endpoint.id", ondelete="CASCADE"), nullable=False),
    Column("event_id", String(26), nullable=False),  # ULID; the same for each endpoint that is told
    Column("kind", String(32), nullable=False),
    Column("contact_id", Id),
    Column("payload", Json, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("queued_at", Utc, nullable=False),
    Column("next_due_at", Utc, nullable=False),
    Column("last_status", Integer),
    Column("last_error", Text),
    Column("created_at", Utc, nullable=False),
    Column("delivered_at", Utc),
    Index("ix_webhook_delivery_endpoint", "endpoint_id", "id"),
    partial("ix_webhook_delivery_due", "endpoint_id", "next_due_at", "id", where="state IN ('pending', 'failed')"),
    partial("ix_webhook_delivery_over", "queued_at", where="state IN ('delivered', 'given_up')"),
    partial("ix_webhook_delivery_contact", "contact_id", where="contact_id IS NOT NULL"),
)
