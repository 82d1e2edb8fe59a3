"""Lists of calls by outcome, of texts by status, and of replies: each in the order of an index."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

ENDED = sa.text("outcome IS NOT NULL")


def upgrade() -> None:
    for name, columns in (
        ("ix_attempt_outcome", ["campaign_id", "outcome", "id"]),
        ("ix_attempt_of_outcome", ["outcome", "id"]),
    ):
        op.create_index(name, "attempt", columns, sqlite_where=ENDED, postgresql_where=ENDED)
    op.create_index("ix_message_status", "message", ["campaign_id", "status", "id"])
    op.create_index("ix_message_of_status", "message", ["status", "id"])
    op.create_index("ix_reply_campaign", "reply", ["campaign_id", "id"])
    op.create_index("ix_reply_received", "reply", ["campaign_id", "received_at", "id"])
    op.create_index("ix_reply_stop", "reply", ["campaign_id", "stop", "received_at", "id"])
    op.create_index("ix_reply_of_stop", "reply", ["stop", "id"])
    op.drop_index("ix_reply_campaign_id", "reply")


def downgrade() -> None:
    op.create_index("ix_reply_campaign_id", "reply", ["campaign_id"])
    for name, table in (
        ("ix_reply_of_stop", "reply"), ("ix_reply_stop", "reply"), ("ix_reply_received", "reply"), ("ix_reply_campaign", "reply"),
        ("ix_message_of_status", "message"), ("ix_message_status", "message"),
        ("ix_attempt_of_outcome", "attempt"), ("ix_attempt_outcome", "attempt"),
    ):  # fmt: skip
        op.drop_index(name, table)
