"""The abandonment meter: calls that people answered, by campaign and hour; filled from the attempts that are there."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Utc

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_HOUR = {
    "sqlite": "substr(at, 1, 14) || '00:00.000000'",
    "postgresql": "date_trunc('hour', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'",
}
_LATE = {
    "sqlite": "(julianday(connected_at) - julianday(answered_at)) * 86400 > 2",
    "postgresql": "connected_at - answered_at > interval '2 seconds'",
}


def upgrade() -> None:
    limit = sa.Column("abandonment_limit_percent", sa.Float, nullable=False, server_default="3")
    op.add_column("campaign", limit)
    op.create_table(
        "live_answers",
        sa.Column(
            "campaign_id",
            Id,
            sa.ForeignKey("campaign.id", ondelete="CASCADE", name="fk_live_answers_campaign_id"),
            nullable=False,
        ),
        sa.Column("hour", Utc, nullable=False),
        sa.Column("answered", sa.Integer, nullable=False),
        sa.Column("abandoned", sa.Integer, nullable=False),
        sa.Column("late", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "hour", name="pk_live_answers"),
    )
    op.execute(backfill(op.get_bind().dialect.name))


def backfill(dialect: str) -> str:
    return f"""
        INSERT INTO live_answers (campaign_id, hour, answered, abandoned, late)
        SELECT campaign_id, {_HOUR[dialect]}, count(*),
               sum(CASE WHEN outcome = 'abandoned' THEN 1 ELSE 0 END),
               sum(CASE WHEN outcome = 'answered' AND {_LATE[dialect]} THEN 1 ELSE 0 END)
        FROM (SELECT *, coalesce(answered_at, ended_at) AS at FROM attempt WHERE outcome IN ('answered', 'abandoned')) AS one
        GROUP BY 1, 2
    """  # noqa: S608  (words of ours only)


def downgrade() -> None:
    op.drop_table("live_answers")
    op.drop_column("campaign", "abandonment_limit_percent")
