"""Whom a version of a strategy is not for: contacts that were in the campaign before it came, by the rule `keep`."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("strategy_version", sa.Column("applies_after", Id, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("strategy_version", "applies_after")
