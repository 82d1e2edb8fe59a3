"""Outcomes and statuses counted by campaign, quarter of an hour and step; after how many calls a contact was reached."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Utc

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_REACHED, _FIRST = sa.text("reached_after IS NOT NULL"), sa.text("try_no = 1 AND requeue_no = 0")
_KEY = ("campaign_id", "channel", "quarter", "node", "gateway", "result")
_QUARTER = {
    "sqlite": "substr({0}, 1, 14) || printf('%02d:00.000000', substr({0}, 15, 2) / 15 * 15)",
    "postgresql": "to_timestamp(floor(extract(epoch FROM {0}) / 900) * 900)",
}
_TALKED_MS = {
    "sqlite": "max(0, CAST(round((julianday(ended_at) - julianday(connected_at)) * 86400000) AS INTEGER))",
    "postgresql": "greatest(0, round(extract(epoch FROM ended_at - connected_at) * 1000))",
}


def upgrade() -> None:
    op.create_table(
        "result_count",
        sa.Column(
            "campaign_id",
            Id,
            sa.ForeignKey("campaign.id", ondelete="CASCADE", name="fk_result_count_campaign_id"),
            nullable=False,
        ),
        sa.Column("channel", sa.String(8), nullable=False),
        sa.Column("quarter", Utc, nullable=False),
        sa.Column("node", sa.String(128), nullable=False),
        sa.Column("gateway", sa.String(64), nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("talk_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_result_count"),
    )
    op.add_column("enrollment", sa.Column("reached_after", sa.Integer, nullable=True))
    for statement in backfill(op.get_bind().dialect.name):
        op.execute(statement)
    op.create_index(
        "ix_enrollment_reached", "enrollment", ["campaign_id", "reached_after"],
        sqlite_where=_REACHED, postgresql_where=_REACHED,
    )  # fmt: skip
    op.create_index(
        "ix_contact_request_first",
        "contact_request",
        ["campaign_id", "node"],
        sqlite_where=_FIRST,
        postgresql_where=_FIRST,
    )


def backfill(dialect: str) -> tuple[str, ...]:
    """What the transactions would have counted, had the table been there."""
    talked = f"coalesce(sum(CASE WHEN outcome = 'answered' THEN {_TALKED_MS[dialect]} END), 0)"
    calls, texts = (_QUARTER[dialect].format(column) for column in ("started_at", "created_at"))
    return (
        f"""
        INSERT INTO result_count (campaign_id, channel, quarter, node, gateway, result, number, talk_ms)
        SELECT campaign_id, 'call', {calls}, node, gateway, outcome, count(*), {talked}
        FROM attempt WHERE outcome IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
        """,  # noqa: S608  (words of ours only)
        f"""
        INSERT INTO result_count (campaign_id, channel, quarter, node, gateway, result, number, talk_ms)
        SELECT campaign_id, 'sms', {texts}, node, gateway, status, count(*), 0
        FROM message WHERE status <> 'pending' GROUP BY 1, 2, 3, 4, 5, 6
        """,  # noqa: S608  (words of ours only)
        """
        UPDATE enrollment SET reached_after = found.number
        FROM (
            SELECT enrollment_id, min(number) AS number
            FROM (SELECT enrollment_id, outcome, row_number() OVER (PARTITION BY enrollment_id ORDER BY id) AS number FROM attempt) AS one
            WHERE outcome = 'answered' GROUP BY enrollment_id
        ) AS found
        WHERE found.enrollment_id = enrollment.id
        """,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_contact_request_first", "contact_request")
    op.drop_index("ix_enrollment_reached", "enrollment")
    op.drop_column("enrollment", "reached_after")
    op.drop_table("result_count")
