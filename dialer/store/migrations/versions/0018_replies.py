"""Replies to texts, and the parts of long ones."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Utc

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OPEN = sa.text("confirmation IN ('pending', 'sending')")


def upgrade() -> None:
    op.create_table(
        "reply",
        sa.Column("id", Id, nullable=False),
        sa.Column("gateway", sa.String(64), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("destination", sa.String(32), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("received_at", Utc, nullable=False),
        sa.Column("stop", sa.Boolean, nullable=False),
        sa.Column("contact_id", Id),
        sa.Column("campaign_id", Id),
        sa.Column("message_id", sa.String(26)),
        sa.Column("confirmation", sa.String(16)),
        sa.Column("confirmation_error", sa.Text),
        sa.Column("dialer_node", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reply"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="fk_reply_contact_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_reply_campaign_id", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_reply_message_id", ondelete="SET NULL"),
    )
    for column in ("contact_id", "campaign_id", "message_id"):
        op.create_index(f"ix_reply_{column}", "reply", [column])
    op.create_index("ix_reply_source", "reply", ["source", "id"])
    op.create_index("ix_reply_confirmation", "reply", ["dialer_node"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_table(
        "reply_part",
        sa.Column("gateway", sa.String(64), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("destination", sa.String(32), nullable=False),
        sa.Column("reference", sa.Integer, nullable=False),
        sa.Column("total", sa.SmallInteger, nullable=False),
        sa.Column("number", sa.SmallInteger, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("data_coding", sa.SmallInteger, nullable=False),
        sa.Column("received_at", Utc, nullable=False),
        sa.PrimaryKeyConstraint(
            "gateway", "source", "destination", "reference", "total", "number", name="pk_reply_part"
        ),
    )


def downgrade() -> None:
    op.drop_table("reply_part")
    op.drop_table("reply")
