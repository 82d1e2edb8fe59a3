"""Preview dialing: contacts offered to agents, and which queue member a user is."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Utc

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('offered', 'accepted')")


def upgrade() -> None:
    op.add_column("user_account", sa.Column("agent", sa.String(128)))
    op.create_table(
        "preview",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("agent", sa.String(128), nullable=False),
        sa.Column("user_name", sa.String(80), nullable=False),
        sa.Column("node", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("offered_at", Utc, nullable=False),
        sa.Column("until", Utc, nullable=False),
        sa.Column("ended_at", Utc),
        sa.PrimaryKeyConstraint("id", name="pk_preview"),
        sa.ForeignKeyConstraint(
            ["request_id"], ["contact_request.id"], name="fk_preview_request_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_preview_request_id", "preview", ["request_id"])
    for name, column in (("uq_preview_open_request", "request_id"), ("uq_preview_open_agent", "agent")):
        op.create_index(name, "preview", [column], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_table("preview")
    op.drop_column("user_account", "agent")
