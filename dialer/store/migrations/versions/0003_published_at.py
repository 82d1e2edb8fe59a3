"""When a campaign was first published: what waits in one that never was is not stopped work."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Utc

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("published_at", Utc(), nullable=True))
    op.execute(
        "UPDATE campaign SET published_at = modified_at WHERE status <> 'unpublished' OR last_activity_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("campaign", "published_at")
