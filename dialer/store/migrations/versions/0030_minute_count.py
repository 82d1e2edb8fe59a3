"""What happened by campaign and minute, for the rates of the live pages."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Utc

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "minute_count",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("minute", Utc, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("ended", sa.Integer, nullable=False),
        sa.Column("answered", sa.Integer, nullable=False),
        sa.Column("abandoned", sa.Integer, nullable=False),
        sa.Column("texts", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_minute_count_campaign_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "minute", name="pk_minute_count"),
    )
    op.create_index("ix_minute_count_minute", "minute_count", ["minute"])


def downgrade() -> None:
    op.drop_table("minute_count")
