"""Rule packs: a campaign's, those in force when somebody was called or texted, and the calls that a number had."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COLUMNS = (
    ("attempt", "caller_id", 80),
    ("attempt", "rule_pack", 32),
    ("attempt", "rule_version", 16),
    ("message", "rule_pack", 32),
    ("message", "rule_version", 16),
)


def upgrade() -> None:
    op.add_column("campaign", sa.Column("rule_pack", sa.String(32), nullable=False, server_default="none"))
    for table, name, length in COLUMNS:
        op.add_column(table, sa.Column(name, sa.String(length)))
    op.create_index("ix_attempt_number", "attempt", ["number", "started_at"])
    op.create_index("ix_message_address", "message", ["address", "id"])


def downgrade() -> None:
    op.drop_index("ix_message_address", table_name="message")
    op.drop_index("ix_attempt_number", table_name="attempt")
    for table, name, _ in reversed(COLUMNS):
        op.drop_column(table, name)
    op.drop_column("campaign", "rule_pack")
