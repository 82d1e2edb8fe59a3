"""People and programs that may ask."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from dialer.store.tables.base import metadata
from dialer.store.types import Id, Json, Utc

user = Table(
    "user_account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("agent", String(128)),  # the queue member whose telephone is this person's
    Column("created_at", Utc, nullable=False),
    Column("time_zone", String(64)),  # the one the person reads times in; null: none was chosen
    Column("disabled_at", Utc),  # nobody logs in as this user since then
    Column("folded_name", String(200)),  # without case; null where an older user has the same
    Column("revision", Integer, nullable=False, server_default="1"),  # of what an edit may lose
    sqlite_autoincrement=True,
)

Index("ix_user_account_folded_name", user.c.folded_name, unique=True)

session = Table(
    "session",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the cookie: a stolen database opens no session
    Column("user_id", Id, ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("created_at", Utc),
    Column("used_at", Utc),  # to the minute
    Column("address", String(64)),  # where the login came from
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the token
    Column("role", String(16), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("rights", Json),  # of those that the role has; null: all of them
    Column("campaign_id", Id),  # of the one campaign that it may see; no reference: it opens nothing when that is gone
    Column("expires_at", Utc),
    Column("used_at", Utc),  # to the minute
    sqlite_autoincrement=True,
)

# What a call that created something was answered, by who asked, what for, and the key that the caller gave it.
idempotent_answer = Table(
    "idempotent_answer",
    metadata,
    Column("who", String(64), primary_key=True),
    Column("what", String(64), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("digest", String(64), nullable=False),  # of the body
    Column("status", Integer, nullable=False),
    Column("headers", Json, nullable=False),
    Column("answer", Json, nullable=False),
    Column("created_at", Utc, nullable=False),
    Index("ix_idempotent_answer_created_at", "created_at"),
)
