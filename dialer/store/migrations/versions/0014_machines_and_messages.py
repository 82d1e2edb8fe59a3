"""What a callee without an agent hears and how long it waits; what AMD() said of who answered."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("campaign", sa.Column("queue_wait_s", sa.Integer)),
    ("campaign", sa.Column("abandoned_message", sa.String(200))),
    ("attempt", sa.Column("amd_status", sa.String(16))),
    ("attempt", sa.Column("amd_cause", sa.String(64))),
    ("attempt", sa.Column("message", sa.String(16))),
)


def upgrade() -> None:
    for table, column in _COLUMNS:
        op.add_column(table, column)


def downgrade() -> None:
    for table, column in reversed(_COLUMNS):
        op.drop_column(table, str(column.name))
