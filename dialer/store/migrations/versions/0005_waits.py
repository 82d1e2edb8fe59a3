"""Waits that are over are sought by the state too: SQLite preferred the index of everybody whose call is due."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WHERE = {"waiting": "state = 'waiting'", "limited": "state = 'in_progress' AND due_at IS NOT NULL"}


def upgrade() -> None:
    _make_anew(["campaign_id", "state", "due_at"])


def downgrade() -> None:
    _make_anew(["campaign_id", "due_at"])


def _make_anew(columns: list[str]) -> None:
    for name, where in _WHERE.items():
        op.drop_index(f"ix_enrollment_{name}", "enrollment")
        only = sa.text(where)
        op.create_index(f"ix_enrollment_{name}", "enrollment", columns, sqlite_where=only, postgresql_where=only)
