"""How campaigns share agents: a priority and a weight."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("campaign", sa.Column("priority", sa.SmallInteger(), nullable=False, server_default="5"))
    op.add_column("campaign", sa.Column("weight", sa.SmallInteger(), nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("campaign", "weight")
    op.drop_column("campaign", "priority")
