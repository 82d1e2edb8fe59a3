"""Campaigns whose rows are being deleted, which a restart goes on with."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Utc

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("deleting_since", Utc, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("campaign") as table:
        table.drop_column("deleting_since")
