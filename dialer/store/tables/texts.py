"""Texts, their parts, the ids by which an SMSC speaks of them, the replies, and test messages."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String, Table, Text

from dialer.store.tables.base import metadata, partial
from dialer.store.types import Id, Utc

message = Table(
    "message",
    metadata,
    Column("id", String(26), primary_key=True),  # ULID
    Column("request_id", Id, ForeignKey("contact_request.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("enrollment_id", Id, ForeignKey("enrollment.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=False),
    Column("node", String(128), nullable=False),
    Column("address", String(32), nullable=False),
    Column("gateway", String(64), nullable=False),
    Column("sender", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("encoding", String(8), nullable=False),
    Column("parts", Integer, nullable=False),
    Column("dialer_node", String(64), nullable=False),
    Column("rule_pack", String(32)),
    Column("rule_version", String(16)),
    Column("status", String(16), nullable=False),
    Column("error", Text),
    Column("created_at", Utc, nullable=False),
    Column("submitted_at", Utc),
    Column("final_at", Utc),
    partial("ix_message_open", "dialer_node", where="status = 'pending'"),
    Index("ix_message_campaign", "campaign_id", "id"),
    Index("ix_message_status", "campaign_id", "status", "id"),
    Index("ix_message_of_status", "status", "id"),
    Index("ix_message_contact_id", "contact_id"),
    Index("ix_message_address", "address", "id"),
)

message_part = Table(
    "message_part",
    metadata,
    Column("message_id", String(26), ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
    Column("part", SmallInteger, primary_key=True),
    Column("status", String(16), nullable=False),
    Column("gateway", String(64), nullable=False),
    Column("error", Text),
    Column("submitted_at", Utc),
    Column("final_at", Utc),
)

# What an SMSC called a part in its response, in one form (sms/receipt.py, `keys`): receipts are matched by it.
smsc_id = Table(
    "smsc_id",
    metadata,
    Column("gateway", String(64), primary_key=True),
    Column("id", String(80), primary_key=True),
    Column("message_id", String(26), ForeignKey("message.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("part", SmallInteger, nullable=False),
)

# Receipts that came before the response that names their message.
early_receipt = Table(
    "early_receipt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("gateway", String(64), nullable=False),
    Column("smsc_id", String(80), nullable=False),
    Column("destination", String(32)),
    Column("status", String(16), nullable=False),
    Column("error", Text),
    Column("received_at", Utc, nullable=False),
    Index("ix_early_receipt_smsc_id", "gateway", "smsc_id"),
)

# What handsets sent, taken for an answer to the last text that they got from `destination`. `confirmation`: of a STOP.
reply = Table(
    "reply",
    metadata,
    Column("id", Id, primary_key=True),
    Column("gateway", String(64), nullable=False),
    Column("source", String(32), nullable=False),  # E.164 where it is such a number
    Column("destination", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("received_at", Utc, nullable=False),
    Column("stop", Boolean, nullable=False),
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), index=True),
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="SET NULL")),
    Column("message_id", String(26), ForeignKey("message.id", ondelete="SET NULL"), index=True),
    Column("confirmation", String(16)),
    Column("confirmation_error", Text),
    Column("dialer_node", String(64), nullable=False),
    Index("ix_reply_source", "source", "id"),
    Index("ix_reply_campaign", "campaign_id", "id"),
    Index("ix_reply_received", "campaign_id", "received_at", "id"),
    Index("ix_reply_stop", "campaign_id", "stop", "received_at", "id"),
    Index("ix_reply_of_stop", "stop", "id"),
    partial("ix_reply_confirmation", "dialer_node", where="confirmation IN ('pending', 'sending')"),
)

# Parts of long replies.
reply_part = Table(
    "reply_part",
    metadata,
    Column("gateway", String(64), primary_key=True),
    Column("source", String(32), primary_key=True),
    Column("destination", String(32), primary_key=True),
    Column("reference", Integer, primary_key=True),
    Column("total", SmallInteger, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("data_coding", SmallInteger, nullable=False),
    Column("received_at", Utc, nullable=False),
    Column("taken_at", Utc),  # when the whole was; it is kept for a while, because the SMSC may send a part again
)

# A test message that somebody has sent by a gateway: of no campaign, and to nobody's strategy.
trial = Table(
    "trial",
    metadata,
    Column("id", Id, primary_key=True),
    Column("gateway", String(64), nullable=False),
    Column("sender", String(32), nullable=False),
    Column("address", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("encoding", String(8), nullable=False),
    Column("parts", Integer, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("dialer_node", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("error", Text),
    Column("created_at", Utc, nullable=False),
    Column("submitted_at", Utc),
    Column("final_at", Utc),
    Index("ix_trial_gateway", "gateway", "id"),
    Index("ix_trial_address", "address", "id"),
    partial("ix_trial_open", "dialer_node", where="status = 'pending'"),
)

# `begun`: committed for its submit, so that it is never submitted again unless the SMSC has certainly not taken it.
trial_part = Table(
    "trial_part",
    metadata,
    Column("trial_id", Id, ForeignKey("trial.id", ondelete="CASCADE"), primary_key=True),
    Column("part", SmallInteger, primary_key=True),
    Column("gateway", String(64), nullable=False),
    Column("status", String(16), nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("error", Text),
    Column("smsc_id", String(80)),
    Index("ix_trial_part_smsc_id", "gateway", "smsc_id"),
)
