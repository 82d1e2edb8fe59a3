"""Calls by gateway and day: what daily caps count."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gateway_day",
        sa.Column("gateway", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "day", "prefix", name="pk_gateway_day"),
    )


def downgrade() -> None:
    op.drop_table("gateway_day")
