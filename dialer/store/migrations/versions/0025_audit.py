"""Who changed what, with before and after."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Json, Utc

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("thing", sa.String(32), nullable=False),
        sa.Column("thing_id", sa.String(128), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("before", Json),
        sa.Column("after", Json),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_who", "audit", ["who", "id"])
    op.create_index("ix_audit_thing", "audit", ["thing", "thing_id", "id"])


def downgrade() -> None:
    op.drop_table("audit")
