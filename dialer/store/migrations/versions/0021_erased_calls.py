"""Calls to numbers whose contact was erased are recognised by a keyed hash, and count on."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KEPT = sa.text("digest IS NOT NULL")


def upgrade() -> None:
    op.add_column("attempt", sa.Column("digest", sa.String(64), nullable=True))
    op.create_index("ix_attempt_digest", "attempt", ["digest", "started_at"], sqlite_where=KEPT, postgresql_where=KEPT)


def downgrade() -> None:
    op.drop_index("ix_attempt_digest", "attempt")
    op.drop_column("attempt", "digest")
