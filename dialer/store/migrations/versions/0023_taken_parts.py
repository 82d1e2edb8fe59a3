"""Parts of a reply that was taken stay for a while: the SMSC may send one of them again."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Utc

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reply_part", sa.Column("taken_at", Utc, nullable=True))


def downgrade() -> None:
    op.drop_column("reply_part", "taken_at")
