"""What is drawn of a strategy and not deployed yet is kept: one draft for each campaign."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Utc

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "strategy_draft",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.Column("rev", sa.String(32), nullable=False),
        sa.Column("saved_by", sa.String(200), nullable=False),
        sa.Column("saved_at", Utc, nullable=False),
        sa.Column("base_version", sa.Integer),
        sa.Column("base_rev", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_strategy_draft_campaign_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_strategy_draft"),
    )


def downgrade() -> None:
    op.drop_table("strategy_draft")
