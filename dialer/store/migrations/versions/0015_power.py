"""Power mode: how many calls on their way an agent at work may have."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("lines_per_agent", sa.Float, nullable=False, server_default="3"))


def downgrade() -> None:
    op.drop_column("campaign", "lines_per_agent")
