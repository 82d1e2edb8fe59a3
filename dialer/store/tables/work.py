"""What is done with contacts: their places in campaigns, requests, calls, and everything that happened."""

from sqlalchemy import Column, ForeignKey, Index, Integer, SmallInteger, String, Table, Text, UniqueConstraint

from dialer.store.tables.base import metadata, partial
from dialer.store.types import Id, Json, Utc

enrollment = Table(
    "enrollment",
    metadata,
    Column("id", Id, primary_key=True),
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("source_id", Id, ForeignKey("source.id", ondelete="SET NULL")),
    Column("state", String(16), nullable=False),
    Column("stop_reason", String(32)),
    Column("result", String(64)),
    Column("strategy_version", Integer),  # null until the contact enters the strategy
    Column("node", String(128)),
    Column("memory", Text),  # the strategy's own, see strategy/memory.py
    Column("request_id", Id),  # the request whose outcome the step waits for
    Column("due_at", Utc),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reached_after", Integer),  # so many calls the first talk with an agent took; null: there was none
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", Utc, nullable=False),
    Column("modified_at", Utc, nullable=False),
    UniqueConstraint("campaign_id", "contact_id"),
    Index("ix_enrollment_state", "campaign_id", "state", "id"),
    partial("ix_enrollment_not_entered", "campaign_id", "id", where="node IS NULL"),
    # Whose wait is over, whose text's time limit: one for each, as a partial index serves no two states. The state is a
    # column too, or SQLite would rather take `ix_enrollment_next_due`, with everybody in it whose call is due.
    partial("ix_enrollment_waiting", "campaign_id", "state", "due_at", where="state = 'waiting'"),
    partial(
        "ix_enrollment_limited", "campaign_id", "state", "due_at", where="state = 'in_progress' AND due_at IS NOT NULL"
    ),
    partial("ix_enrollment_source_id", "source_id", where="source_id IS NOT NULL"),
    # What a campaign's contacts are sorted by; not by `modified_at`, which every stop would have to move.
    Index("ix_enrollment_attempts", "campaign_id", "attempts", "id"),
    Index("ix_enrollment_created_at", "campaign_id", "created_at", "id"),
    partial("ix_enrollment_next_due", "campaign_id", "due_at", "id", where="due_at IS NOT NULL"),
    partial("ix_enrollment_result", "campaign_id", "result", "id", where="result IS NOT NULL"),
    partial("ix_enrollment_node", "campaign_id", "node", "id", where="node IS NOT NULL"),
    partial("ix_enrollment_reached", "campaign_id", "reached_after", where="reached_after IS NOT NULL"),
    partial("ix_enrollment_stop_reason", "campaign_id", "stop_reason", "id", where="stop_reason IS NOT NULL"),
    sqlite_autoincrement=True,
)

contact_request = Table(
    "contact_request",
    metadata,
    Column("id", Id, primary_key=True),
    Column("enrollment_id", Id, ForeignKey("enrollment.id", ondelete="CASCADE"), nullable=False),
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(8), nullable=False),  # call | sms | webhook
    Column("node", String(128), nullable=False),
    Column("visit", Integer, nullable=False),
    Column("try_no", Integer, nullable=False),
    Column("requeue_no", Integer, nullable=False, default=0),  # which time it was queued again
    Column("replaces_id", Id, ForeignKey("contact_request.id")),  # the stopped request in whose place it stands
    Column("address", String(320), nullable=False),  # of a webhook: the host
    Column("payload", Json, nullable=False),  # what the step asks for: ring time, text, sender, …
    Column("zone", String(64)),  # the contact's own time zone, where known
    Column("priority", SmallInteger, nullable=False, default=0),
    Column("wanted_at", Utc, nullable=False),  # when the step wants it
    Column("due_at", Utc, nullable=False),  # the same, or the next opening of the contact's window
    Column("state", String(16), nullable=False),
    Column("stop_reason", String(32)),
    Column("lease_node", String(64)),
    Column("lease_until", Utc),
    Column("created_at", Utc, nullable=False),
    # A step's effect is written once, however often it is asked for.
    UniqueConstraint("enrollment_id", "node", "visit", "try_no", "requeue_no", name="uq_contact_request_effect"),
    partial(
        "ix_contact_request_queue", "campaign_id", "channel", "priority", "due_at", "id", where="state = 'pending'"
    ),
    partial(
        "ix_contact_request_zoned",
        "campaign_id",
        "channel",
        "priority",
        "due_at",
        "id",
        where="state = 'pending' AND zone IS NOT NULL",
    ),
    partial("ix_contact_request_first", "campaign_id", "node", where="try_no = 1 AND requeue_no = 0"),
    partial("ix_contact_request_postponed", "campaign_id", where="state = 'pending' AND due_at > wanted_at"),
    partial("ix_contact_request_lease", "lease_until", where="state = 'claimed'"),
    partial("ix_contact_request_webhook", "lease_until", where="state = 'dispatched' AND channel = 'webhook'"),
    partial("ix_contact_request_replaces_id", "replaces_id", where="replaces_id IS NOT NULL"),
    Index("ix_contact_request_campaign_id", "campaign_id"),
    Index("ix_contact_request_contact_id", "contact_id"),
    sqlite_autoincrement=True,
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", String(26), primary_key=True),  # ULID: never used twice, on any node or after a restore
    Column("request_id", Id, ForeignKey("contact_request.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("enrollment_id", Id, ForeignKey("enrollment.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), nullable=False),
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=False),
    Column("node", String(128), nullable=False),
    Column("number", String(32), nullable=False),
    Column("digest", String(64)),  # keyed hash of a number whose contact was erased: calls to it count on
    Column("gateway", String(64), nullable=False),
    Column("queue", String(64), nullable=False),
    Column("dialer_node", String(64), nullable=False),
    Column("caller_id", String(80)),  # what was shown to the called party; null: the trunk's own
    Column("rule_pack", String(32)),  # in force when it was made, with its version
    Column("rule_version", String(16)),
    Column("state", String(16), nullable=False),
    Column("outcome", String(16)),
    Column("reason", Text),
    Column("cause", Integer),
    Column("tech_cause", String(64)),
    Column("amd_status", String(16)),  # MACHINE, HUMAN, NOTSURE, or UNAVAILABLE where Asterisk has no app_amd
    Column("amd_cause", String(64)),
    Column("message", String(16)),  # to a callee without an agent, or to a machine: played | cut_short | failed
    Column("agent", String(128)),
    Column("started_at", Utc, nullable=False),
    Column("ringing_at", Utc),
    Column("answered_at", Utc),
    Column("connected_at", Utc),
    Column("ended_at", Utc),
    partial("ix_attempt_open", "dialer_node", where="state <> 'ended'"),
    Index("ix_attempt_campaign", "campaign_id", "id"),
    partial("ix_attempt_outcome", "campaign_id", "outcome", "id", where="outcome IS NOT NULL"),
    partial("ix_attempt_of_outcome", "outcome", "id", where="outcome IS NOT NULL"),
    Index("ix_attempt_contact_id", "contact_id"),
    partial("ix_attempt_digest", "digest", "started_at", where="digest IS NOT NULL"),
    Index("ix_attempt_number", "number", "started_at"),  # how many calls a number had, over all campaigns
)

# A contact offered to an agent: of a request, and to an agent, there is one at a time.
preview = Table(
    "preview",
    metadata,
    Column("id", String(26), primary_key=True),  # a ULID: the id of the attempt, if it comes to one
    Column("request_id", Id, ForeignKey("contact_request.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("agent", String(128), nullable=False),  # the queue member's interface
    Column("user_name", String(80), nullable=False),
    Column("node", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("offered_at", Utc, nullable=False),
    Column("until", Utc, nullable=False),
    Column("ended_at", Utc),
    partial("uq_preview_open_request", "request_id", where="state IN ('offered', 'accepted')", unique=True),
    partial("uq_preview_open_agent", "agent", where="state IN ('offered', 'accepted')", unique=True),
)

# What happened, in order. Also the outbox of the live page.
trail = Table(
    "trail",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE")),
    Column("contact_id", Id, ForeignKey("contact.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("data", Json, nullable=False),
    Column("source_id", Id),  # whose rows changed an older contact (merged, joined): what its removal undoes
    Index("ix_trail_contact", "contact_id", "id"),
    partial("ix_trail_source_id", "source_id", "id", where="source_id IS NOT NULL"),
    partial("ix_trail_campaign_id", "campaign_id", where="campaign_id IS NOT NULL"),
    sqlite_autoincrement=True,
)

# Each shows a sign of life: see `operations/nodes.py`.
node = Table(
    "node",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("seen_at", Utc, nullable=False),
)
