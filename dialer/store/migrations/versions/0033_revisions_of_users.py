"""Users have a revision, so that an edit is refused when somebody else was faster."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user_account", sa.Column("revision", sa.Integer, nullable=False, server_default="1"))


def downgrade() -> None:
    op.drop_column("user_account", "revision")
