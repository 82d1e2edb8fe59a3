"""Indexes for what a deleted row is referenced by: without them each one costs a scan of the whole table."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_contact_request_contact_id", "contact_request", "contact_id", None),
    ("ix_contact_request_replaces_id", "contact_request", "replaces_id", "replaces_id IS NOT NULL"),
    ("ix_attempt_contact_id", "attempt", "contact_id", None),
    ("ix_message_contact_id", "message", "contact_id", None),
    ("ix_enrollment_source_id", "enrollment", "source_id", "source_id IS NOT NULL"),
    ("ix_trail_campaign_id", "trail", "campaign_id", "campaign_id IS NOT NULL"),
)


def upgrade() -> None:
    for name, table, column, condition in INDEXES:
        where = sa.text(condition) if condition else None
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table)
