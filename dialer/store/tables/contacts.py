"""Contacts with their addresses, where they came from, and who must not be contacted."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from dialer.store.tables.base import metadata, partial
from dialer.store.types import Id, Json, Utc

contact = Table(
    "contact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("first_name", String(200), nullable=False, default=""),
    Column("last_name", String(200), nullable=False, default=""),
    Column("time_zone", String(64)),
    Column("external_id", String(200)),
    Column("attributes", Json, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", Utc, nullable=False),
    Column("modified_at", Utc, nullable=False),
    Column("source_id", Id),  # which created it; sources are numbered once, so one that is gone is never mistaken
    Column("erased_at", Utc),  # nothing personal is left: the row stays so that what was tried still counts
    partial("ix_contact_source_id", "source_id", "id", where="source_id IS NOT NULL"),
    partial("ix_contact_erased_at", "erased_at", where="erased_at IS NOT NULL"),
    sqlite_autoincrement=True,
)

# On SQLite triggers note here which contacts were changed or deleted: what lists of contacts need stands in a file of its
# own, which is kept up by it (projection.py). Whoever changes a contact's addresses changes its row (`modified_at`) too.
contact_change = Table(
    "contact_change",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, nullable=False),
    sqlite_autoincrement=True,
)

# One row for each number or e-mail address in the system: what contacts are merged by (K2).
channel_address = Table(
    "channel_address",
    metadata,
    Column("id", Id, primary_key=True),
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("address", String(320), nullable=False, unique=True),
    Column("voice", Boolean, nullable=False),
    Column("sms", Boolean, nullable=False),
    Column("email", Boolean, nullable=False),
    Column("position", Integer, nullable=False),
)

source = Table(
    "source",
    metadata,
    Column("id", Id, primary_key=True),
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("name", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("file", String(255)),  # in the data folder, until imported
    Column("mapping", Json),
    Column("rows", Integer, nullable=False, default=0),
    Column("created", Integer, nullable=False, default=0),
    Column("merged", Integer, nullable=False, default=0),
    Column("refused", Integer, nullable=False, default=0),
    Column("rows_total", Integer, nullable=False, default=0),
    Column("last_row", Integer, nullable=False, default=0),  # where a restart goes on
    Column("error", Text),
    Column("created_at", Utc, nullable=False),
    Column("finished_at", Utc),
    Column("started_at", Utc),
    Column("landing", Json),  # the ids of contacts that are half in, {first, end}: store/bulk.py
    Column("kept", Json),  # after a removal: what stays, {why: how many contacts}
    sqlite_autoincrement=True,
)

refused_row = Table(
    "refused_row",
    metadata,
    Column("source_id", Id, ForeignKey("source.id", ondelete="CASCADE"), primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("cells", Json, nullable=False),
    Column("reason", Text, nullable=False),
)

# Custom fields (C14): attributes that are known to the system, with a type.
contact_field = Table(
    "contact_field",
    metadata,
    Column("name", String(100), primary_key=True),  # the attribute's, in its one form
    Column("label", String(100), nullable=False),
    Column("type", String(8), nullable=False),  # text | number | date | choice
    Column("choices", Json, nullable=False),
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", Utc, nullable=False),
    Column("modified_at", Utc, nullable=False),
)

# How the columns of files of one shape were mapped by hand the last time.
remembered_mapping = Table(
    "remembered_mapping",
    metadata,
    Column("shape", String(64), primary_key=True),
    Column("mapping", Json, nullable=False),
    Column("used_at", Utc, nullable=False),
)

# Nobody is called or texted there; without a campaign, by none. Of a contact that was erased only the keyed hash stays.
do_not_contact = Table(
    "do_not_contact",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("address", String(320)),
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE")),
    Column("reason", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    partial("uq_do_not_contact_digest", "digest", where="campaign_id IS NULL", unique=True),
    partial("uq_do_not_contact_campaign", "campaign_id", "digest", where="campaign_id IS NOT NULL", unique=True),
    partial("ix_do_not_contact_address", "address", where="address IS NOT NULL"),
    sqlite_autoincrement=True,
)

# Which of its keys a campaign's REST source takes now: they are counted, and made from the secret key.
rest_key = Table(
    "rest_key",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, nullable=False),
)

# REST calls with an Idempotency-Key: the same call again does nothing and is answered the same.
idempotent_request = Table(
    "idempotent_request",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("digest", String(64), nullable=False),  # of the body
    Column("items", Integer),  # how many it has, once any of them was done
    Column("lease_until", Utc),  # who works on it shows a sign of life before
    Column("created_at", Utc, nullable=False),
    Index("ix_idempotent_request_created_at", "created_at"),
)

# The answer, in pieces that are written with what they tell.
idempotent_piece = Table(
    "idempotent_piece",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("start", Integer, primary_key=True),  # its first item
    Column("answer", Json, nullable=False),
)
