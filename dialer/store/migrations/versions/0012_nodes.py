"""Nodes and their signs of life: what a node leaves under way that never comes back is looked after by another one."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Utc

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "node", sa.Column("name", sa.String(64), primary_key=True), sa.Column("seen_at", Utc, nullable=False)
    )


def downgrade() -> None:
    op.drop_table("node")
