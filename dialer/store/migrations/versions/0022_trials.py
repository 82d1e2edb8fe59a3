"""Test messages of SMS gateways."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Utc

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

OPEN = sa.text("status = 'pending'")


def upgrade() -> None:
    op.create_table(
        "trial",
        sa.Column("id", Id, nullable=False),
        sa.Column("gateway", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(32), nullable=False),
        sa.Column("address", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("encoding", sa.String(8), nullable=False),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("dialer_node", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("submitted_at", Utc),
        sa.Column("final_at", Utc),
        sa.PrimaryKeyConstraint("id", name="pk_trial"),
    )
    op.create_index("ix_trial_gateway", "trial", ["gateway", "id"])
    op.create_index("ix_trial_address", "trial", ["address", "id"])
    op.create_index("ix_trial_open", "trial", ["dialer_node"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "trial_part",
        sa.Column("trial_id", Id, nullable=False),
        sa.Column("part", sa.SmallInteger, nullable=False),
        sa.Column("gateway", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("begun", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("smsc_id", sa.String(80)),
        sa.PrimaryKeyConstraint("trial_id", "part", name="pk_trial_part"),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name="fk_trial_part_trial_id", ondelete="CASCADE"),
    )
    op.create_index("ix_trial_part_smsc_id", "trial_part", ["gateway", "smsc_id"])


def downgrade() -> None:
    op.drop_table("trial_part")
    op.drop_table("trial")
