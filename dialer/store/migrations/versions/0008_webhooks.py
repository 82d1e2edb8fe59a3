"""Webhooks under way, which few are, are found without looking at all requests."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INDEX = "ix_contact_request_webhook"
WHERE = sa.text("state = 'dispatched' AND channel = 'webhook'")


def upgrade() -> None:
    op.create_index(INDEX, "contact_request", ["lease_until"], sqlite_where=WHERE, postgresql_where=WHERE)


def downgrade() -> None:
    op.drop_index(INDEX, table_name="contact_request")
