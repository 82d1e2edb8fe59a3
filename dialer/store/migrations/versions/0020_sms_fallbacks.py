"""SMS gateways that stand in for a campaign's own."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Json

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("sms_fallbacks", Json, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("campaign", "sms_fallbacks")
