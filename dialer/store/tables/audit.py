"""Who changed what."""

from sqlalchemy import Column, Index, String, Table

from dialer.store.tables.base import metadata
from dialer.store.types import Id, Json, Utc

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("who", String(64), nullable=False),  # a user, a token, or who ran a command
    Column("kind", String(16), nullable=False),  # of who: person, token, campaign key, command
    Column("address", String(64), nullable=False),  # from where; empty for a command
    Column("action", String(32), nullable=False),
    Column("thing", String(32), nullable=False),
    Column("thing_id", String(128), nullable=False),
    Column("name", String(255), nullable=False),  # what the thing is called, where that is nothing personal
    Column("before", Json),  # the fields that differ; null for something new
    Column("after", Json),  # null for something removed
    sqlite_autoincrement=True,
)
Index("ix_audit_at", audit.c.at)
Index("ix_audit_who", audit.c.who, audit.c.id)
Index("ix_audit_thing", audit.c.thing, audit.c.thing_id, audit.c.id)
