"""Event webhooks: endpoints, and the outbox of their deliveries."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Json, Utc

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('pending', 'failed')")
OVER = sa.text("state IN ('delivered', 'given_up')")
OF_SOMEBODY = sa.text("contact_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.String(128), nullable=False),
        sa.Column("events", Json, nullable=False),
        sa.Column("campaign_id", Id),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("disabled_reason", sa.Text),
        sa.Column("dropped", sa.Integer, nullable=False),
        sa.Column("lease_node", sa.String(64)),
        sa.Column("lease_until", Utc),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("modified_at", Utc, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoint"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_webhook_endpoint_campaign_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_webhook_endpoint_campaign_id", "webhook_endpoint", ["campaign_id"])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", Id, nullable=False),
        sa.Column("endpoint_id", Id, nullable=False),
        sa.Column("event_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("contact_id", Id),
        sa.Column("payload", Json, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("queued_at", Utc, nullable=False),
        sa.Column("next_due_at", Utc, nullable=False),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("delivered_at", Utc),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_delivery"),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name="fk_webhook_delivery_endpoint_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_webhook_delivery_endpoint", "webhook_delivery", ["endpoint_id", "id"])
    _partial("ix_webhook_delivery_due", ["endpoint_id", "next_due_at", "id"], OPEN)
    _partial("ix_webhook_delivery_over", ["queued_at"], OVER)
    _partial("ix_webhook_delivery_contact", ["contact_id"], OF_SOMEBODY)


def _partial(name: str, columns: list[str], where: sa.TextClause) -> None:
    op.create_index(name, "webhook_delivery", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_table("webhook_delivery")
    op.drop_table("webhook_endpoint")
