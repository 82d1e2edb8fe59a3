"""The tables. Migrations make them, and a test proves that both agree. State columns follow `domain.transitions`."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from dialer.store.types import Id, Json, Utc

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


gateway = Table(
    "gateway",
    metadata,
    Column("id", String(64), primary_key=True),  # readable, made from the first name
    Column("kind", String(8), nullable=False),
    Column("name", String(64), nullable=False, unique=True),
    Column("settings", Json, nullable=False),  # the fields of its kind, secrets included
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", Utc, nullable=False),
    Column("modified_at", Utc, nullable=False),
)

# Calls that left by a gateway in a day of its own zone, to each prefix that has a cap ("": to any number).
gateway_day = Table(
    "gateway_day",
    metadata,
    Column("gateway", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("prefix", String(16), primary_key=True),
    Column("calls", Integer, nullable=False),
)

campaign = Table(
    "campaign",
    metadata,
    Column("id", Id, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False, default=""),
    Column("status", String(16), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("execution", Json),
    Column("valid_from", Utc),
    Column("valid_until", Utc),
    Column("dialing_modes", Json, nullable=False),
    Column("queue", String(64)),
    Column("voice_gateway", String(64), ForeignKey("gateway.id")),
    Column("sms_gateway", String(64), ForeignKey("gateway.id")),
    Column("caller_id", String(80)),
    Column("load_order", String(16), nullable=False),
    Column("max_concurrent_calls", Integer),
    Column("calls_per_second", Float),
    Column("abandonment_limit_percent", Float, nullable=False, default=3.0, server_default="3"),
    Column("lines_per_agent", Float, nullable=False, default=3.0, server_default="3"),
    Column("priority", SmallInteger, nullable=False, default=5, server_default="5"),  # of agents that several could use
    Column("weight", SmallInteger, nullable=False, default=1, server_default="1"),
    Column("rule_pack", String(32), nullable=False, server_default="none"),  # one of domain/rules/packs
    Column("queue_wait_s", Integer),
    Column("abandoned_message", String(200)),
    Column("strategy_version", Integer),
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", Utc, nullable=False),
    Column("modified_at", Utc, nullable=False),
    Column("last_activity_at", Utc),
    Column("published_at", Utc),  # the first time
    sqlite_autoincrement=True,
)

strategy_version = Table(
    "strategy_version",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("document", Json, nullable=False),
    Column("drawing", Json),  # the Node-RED flow as it was drawn; null: none was, the document is all there is
    Column("created_at", Utc, nullable=False),
    Column("deployed_by", String(200)),  # who deployed it last, be it only with other positions
    # Enrollments up to this id that have not started are not for it: the rule `keep`.
    Column("applies_after", Id, nullable=False, default=0, server_default="0"),
)

# A drawing that is not deployed, with whatever is wrong with it.
strategy_draft = Table(
    "strategy_draft",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("flow", Text, nullable=False),  # the JSON text: JSONB would reorder it, and has no NUL
    Column("rev", String(32), nullable=False),  # made from the text
    Column("saved_by", String(200), nullable=False),
    Column("saved_at", Utc, nullable=False),
    # What was deployed when the drawing was begun; no version: the default strategy.
    Column("base_version", Integer),
    Column("base_rev", String(32), nullable=False),
)

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
    _partial("ix_contact_source_id", "source_id", "id", where="source_id IS NOT NULL"),
    _partial("ix_contact_erased_at", "erased_at", where="erased_at IS NOT NULL"),
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
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", Utc, nullable=False),
    Column("modified_at", Utc, nullable=False),
    UniqueConstraint("campaign_id", "contact_id"),
    Index("ix_enrollment_state", "campaign_id", "state", "id"),
    _partial("ix_enrollment_not_entered", "campaign_id", "id", where="node IS NULL"),
    # Whose wait is over, whose text's time limit: one for each, as a partial index serves no two states. The state is a
    # column too, or SQLite would rather take `ix_enrollment_next_due`, with everybody in it whose call is due.
    _partial("ix_enrollment_waiting", "campaign_id", "state", "due_at", where="state = 'waiting'"),
    _partial(
        "ix_enrollment_limited", "campaign_id", "state", "due_at", where="state = 'in_progress' AND due_at IS NOT NULL"
    ),
    _partial("ix_enrollment_source_id", "source_id", where="source_id IS NOT NULL"),
    # What a campaign's contacts are sorted by; not by `modified_at`, which every stop would have to move.
    Index("ix_enrollment_attempts", "campaign_id", "attempts", "id"),
    Index("ix_enrollment_created_at", "campaign_id", "created_at", "id"),
    _partial("ix_enrollment_next_due", "campaign_id", "due_at", "id", where="due_at IS NOT NULL"),
    _partial("ix_enrollment_result", "campaign_id", "result", "id", where="result IS NOT NULL"),
    _partial("ix_enrollment_node", "campaign_id", "node", "id", where="node IS NOT NULL"),
    _partial("ix_enrollment_stop_reason", "campaign_id", "stop_reason", "id", where="stop_reason IS NOT NULL"),
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
    _partial(
        "ix_contact_request_queue", "campaign_id", "channel", "priority", "due_at", "id", where="state = 'pending'"
    ),
    _partial(
        "ix_contact_request_zoned",
        "campaign_id",
        "channel",
        "priority",
        "due_at",
        "id",
        where="state = 'pending' AND zone IS NOT NULL",
    ),
    _partial("ix_contact_request_postponed", "campaign_id", where="state = 'pending' AND due_at > wanted_at"),
    _partial("ix_contact_request_lease", "lease_until", where="state = 'claimed'"),
    _partial("ix_contact_request_webhook", "lease_until", where="state = 'dispatched' AND channel = 'webhook'"),
    _partial("ix_contact_request_replaces_id", "replaces_id", where="replaces_id IS NOT NULL"),
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
    _partial("ix_attempt_open", "dialer_node", where="state <> 'ended'"),
    Index("ix_attempt_campaign", "campaign_id", "id"),
    Index("ix_attempt_contact_id", "contact_id"),
    Index("ix_attempt_number", "number", "started_at"),  # how many calls a number had, over all campaigns
)

# How many calls people answered, counted with the outcome of each: the abandonment meter sums up the last 30 days.
live_answers = Table(
    "live_answers",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("hour", Utc, primary_key=True),  # in which it was answered: its beginning
    Column("answered", Integer, nullable=False),  # by a person, the abandoned among them
    Column("abandoned", Integer, nullable=False),
    Column("late", Integer, nullable=False),  # of the answered: an agent came, but not within two seconds
)

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
    _partial("ix_message_open", "dialer_node", where="status = 'pending'"),
    Index("ix_message_campaign", "campaign_id", "id"),
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
    Column("status", String(16), nullable=False),
    Column("error", Text),
    Column("received_at", Utc, nullable=False),
    Index("ix_early_receipt_smsc_id", "gateway", "smsc_id"),
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
    _partial("ix_trail_source_id", "source_id", "id", where="source_id IS NOT NULL"),
    _partial("ix_trail_campaign_id", "campaign_id", where="campaign_id IS NOT NULL"),
    sqlite_autoincrement=True,
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
    _partial("uq_do_not_contact_digest", "digest", where="campaign_id IS NULL", unique=True),
    _partial("uq_do_not_contact_campaign", "campaign_id", "digest", where="campaign_id IS NOT NULL", unique=True),
    _partial("ix_do_not_contact_address", "address", where="address IS NOT NULL"),
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

# Each shows a sign of life: see `operations/nodes.py`.
node = Table(
    "node",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("seen_at", Utc, nullable=False),
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
    _partial("uq_preview_open_request", "request_id", where="state IN ('offered', 'accepted')", unique=True),
    _partial("uq_preview_open_agent", "agent", where="state IN ('offered', 'accepted')", unique=True),
)

user = Table(
    "user_account",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("password_hash", String(200), nullable=False),
    Column("role", String(16), nullable=False),
    Column("agent", String(128)),  # the queue member whose telephone is this person's
    Column("created_at", Utc, nullable=False),
    sqlite_autoincrement=True,
)

session = Table(
    "session",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the cookie: a stolen database opens no session
    Column("user_id", Id, ForeignKey("user_account.id", ondelete="CASCADE"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_at", Utc, nullable=False),
)

api_token = Table(
    "api_token",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the token
    Column("role", String(16), nullable=False),
    Column("created_at", Utc, nullable=False),
    sqlite_autoincrement=True,
)
