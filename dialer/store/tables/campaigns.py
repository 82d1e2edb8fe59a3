"""Campaigns with their strategies, the gateways they call and text by, and what is counted for them."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, SmallInteger, String, Table, Text

from dialer.store.tables.base import metadata
from dialer.store.types import Id, Json, Utc

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

# Calls that left by a gateway in a day of its own zone, to each prefix that has a cap ("": to any number); and how long those
# lasted that ended on the day, from their answers on, under "".
gateway_day = Table(
    "gateway_day",
    metadata,
    Column("gateway", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("prefix", String(16), primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("seconds", Integer, nullable=False, server_default="0"),
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
    Column("sms_fallbacks", Json, nullable=False, server_default="[]"),
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
    Column("deleting_since", Utc),  # an ended one whose rows are going, piece by piece
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

# What happened in each minute, added up by every node; kept for the rates of two days.
minute_count = Table(
    "minute_count",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("minute", Utc, primary_key=True),  # its beginning
    Column("calls", Integer, nullable=False),  # sent
    Column("ended", Integer, nullable=False),
    Column("answered", Integer, nullable=False),  # of those that ended, by a person
    Column("abandoned", Integer, nullable=False),  # of the answered
    Column("texts", Integer, nullable=False),  # accepted
    Index(None, "minute"),
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

# Calls by outcome and texts by status, counted with each: what reports and metrics sum up. Those under way are not in it.
result_count = Table(
    "result_count",
    metadata,
    Column("campaign_id", Id, ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String(8), primary_key=True),  # call | sms
    Column("quarter", Utc, primary_key=True),  # of an hour, in which it was begun: its beginning
    Column("node", String(128), primary_key=True),
    Column("gateway", String(64), primary_key=True),
    Column("result", String(16), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("talk_ms", BigInteger, nullable=False),  # of answered calls, with an agent
)
