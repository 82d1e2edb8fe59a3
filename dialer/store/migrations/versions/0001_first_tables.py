"""The first tables."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Json, Utc

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_token_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_api_token_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contact",
        sa.Column("id", Id, nullable=False),
        sa.Column("first_name", sa.String(length=200), nullable=False),
        sa.Column("last_name", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("attributes", Json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("modified_at", Utc, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "early_receipt",
        sa.Column("id", Id, nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("smsc_id", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("received_at", Utc, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_receipt")),
    )
    with op.batch_alter_table("early_receipt", schema=None) as batch_op:
        batch_op.create_index("ix_early_receipt_smsc_id", ["gateway", "smsc_id"], unique=False)

    op.create_table(
        "gateway",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("settings", Json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("modified_at", Utc, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway")),
        sa.UniqueConstraint("name", name=op.f("uq_gateway_name")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("name", name=op.f("uq_user_account_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "campaign",
        sa.Column("id", Id, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("execution", Json, nullable=True),
        sa.Column("valid_from", Utc, nullable=True),
        sa.Column("valid_until", Utc, nullable=True),
        sa.Column("dialing_modes", Json, nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=True),
        sa.Column("voice_gateway", sa.String(length=64), nullable=True),
        sa.Column("sms_gateway", sa.String(length=64), nullable=True),
        sa.Column("caller_id", sa.String(length=80), nullable=True),
        sa.Column("load_order", sa.String(length=16), nullable=False),
        sa.Column("max_concurrent_calls", sa.Integer(), nullable=True),
        sa.Column("calls_per_second", sa.Float(), nullable=True),
        sa.Column("strategy_version", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("modified_at", Utc, nullable=False),
        sa.Column("last_activity_at", Utc, nullable=True),
        sa.ForeignKeyConstraint(["sms_gateway"], ["gateway.id"], name=op.f("fk_campaign_sms_gateway")),
        sa.ForeignKeyConstraint(["voice_gateway"], ["gateway.id"], name=op.f("fk_campaign_voice_gateway")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "channel_address",
        sa.Column("id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("voice", sa.Boolean(), nullable=False),
        sa.Column("sms", sa.Boolean(), nullable=False),
        sa.Column("email", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_channel_address_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_address")),
        sa.UniqueConstraint("address", name=op.f("uq_channel_address_address")),
    )
    with op.batch_alter_table("channel_address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_channel_address_contact_id"), ["contact_id"], unique=False)

    op.create_table(
        "session",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("expires_at", Utc, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_session_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_session")),
    )
    op.create_table(
        "source",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=True),
        sa.Column("mapping", Json, nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("merged", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("last_row", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("finished_at", Utc, nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_source_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "strategy_version",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", Json, nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_strategy_version_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "version", name=op.f("pk_strategy_version")),
    )
    op.create_table(
        "trail",
        sa.Column("id", Id, nullable=False),
        sa.Column("at", Utc, nullable=False),
        sa.Column("campaign_id", Id, nullable=True),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("data", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_trail_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_trail_contact_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("trail", schema=None) as batch_op:
        batch_op.create_index("ix_trail_contact", ["contact_id", "id"], unique=False)

    op.create_table(
        "enrollment",
        sa.Column("id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("source_id", Id, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stop_reason", sa.String(length=32), nullable=True),
        sa.Column("result", sa.String(length=64), nullable=True),
        sa.Column("strategy_version", sa.Integer(), nullable=True),
        sa.Column("node", sa.String(length=128), nullable=True),
        sa.Column("memory", sa.Text(), nullable=True),
        sa.Column("request_id", Id, nullable=True),
        sa.Column("due_at", Utc, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("modified_at", Utc, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_enrollment_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_enrollment_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_enrollment_source_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrollment")),
        sa.UniqueConstraint("campaign_id", "contact_id", name=op.f("uq_enrollment_campaign_id_contact_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enrollment_contact_id"), ["contact_id"], unique=False)
        batch_op.create_index(
            "ix_enrollment_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_enrollment_not_entered",
            ["campaign_id", "id"],
            unique=False,
            sqlite_where=sa.text("node IS NULL"),
            postgresql_where=sa.text("node IS NULL"),
        )
        batch_op.create_index("ix_enrollment_state", ["campaign_id", "state", "id"], unique=False)

    op.create_table(
        "refused_row",
        sa.Column("source_id", Id, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("cells", Json, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_refused_row_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "row", name=op.f("pk_refused_row")),
    )
    op.create_table(
        "contact_request",
        sa.Column("id", Id, nullable=False),
        sa.Column("enrollment_id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("node", sa.String(length=128), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("try_no", sa.Integer(), nullable=False),
        sa.Column("requeue_no", sa.Integer(), nullable=False),
        sa.Column("replaces_id", Id, nullable=True),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("wanted_at", Utc, nullable=False),
        sa.Column("due_at", Utc, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stop_reason", sa.String(length=32), nullable=True),
        sa.Column("lease_node", sa.String(length=64), nullable=True),
        sa.Column("lease_until", Utc, nullable=True),
        sa.Column("created_at", Utc, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_contact_request_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_contact_request_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_contact_request_enrollment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["replaces_id"], ["contact_request.id"], name=op.f("fk_contact_request_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_request")),
        sa.UniqueConstraint("enrollment_id", "node", "visit", "try_no", "requeue_no", name="uq_contact_request_effect"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("contact_request", schema=None) as batch_op:
        batch_op.create_index(
            "ix_contact_request_lease",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'claimed'"),
            postgresql_where=sa.text("state = 'claimed'"),
        )
        batch_op.create_index(
            "ix_contact_request_queue", ["campaign_id", "channel", "state", "priority", "due_at", "id"], unique=False
        )
        batch_op.create_index(
            "ix_contact_request_zoned",
            ["campaign_id", "channel", "state", "priority", "due_at"],
            unique=False,
            sqlite_where=sa.text("zone IS NOT NULL"),
            postgresql_where=sa.text("zone IS NOT NULL"),
        )

    op.create_table(
        "attempt",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("enrollment_id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("node", sa.String(length=128), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=64), nullable=False),
        sa.Column("dialer_node", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("cause", sa.Integer(), nullable=True),
        sa.Column("tech_cause", sa.String(length=64), nullable=True),
        sa.Column("agent", sa.String(length=128), nullable=True),
        sa.Column("started_at", Utc, nullable=False),
        sa.Column("ringing_at", Utc, nullable=True),
        sa.Column("answered_at", Utc, nullable=True),
        sa.Column("connected_at", Utc, nullable=True),
        sa.Column("ended_at", Utc, nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_attempt_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_attempt_contact_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_attempt_enrollment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["contact_request.id"], name=op.f("fk_attempt_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        sa.UniqueConstraint("request_id", name=op.f("uq_attempt_request_id")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_campaign", ["campaign_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_attempt_enrollment_id"), ["enrollment_id"], unique=False)
        batch_op.create_index(
            "ix_attempt_open",
            ["dialer_node"],
            unique=False,
            sqlite_where=sa.text("state <> 'ended'"),
            postgresql_where=sa.text("state <> 'ended'"),
        )

    op.create_table(
        "message",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("enrollment_id", Id, nullable=False),
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.Column("node", sa.String(length=128), nullable=False),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.String(length=32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("encoding", sa.String(length=8), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("dialer_node", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", Utc, nullable=False),
        sa.Column("submitted_at", Utc, nullable=True),
        sa.Column("final_at", Utc, nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_message_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_message_contact_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["enrollment_id"], ["enrollment.id"], name=op.f("fk_message_enrollment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["contact_request.id"], name=op.f("fk_message_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("request_id", name=op.f("uq_message_request_id")),
    )
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.create_index("ix_message_campaign", ["campaign_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_message_enrollment_id"), ["enrollment_id"], unique=False)
        batch_op.create_index(
            "ix_message_open",
            ["dialer_node"],
            unique=False,
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )

    op.create_table(
        "message_part",
        sa.Column("message_id", sa.String(length=26), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("submitted_at", Utc, nullable=True),
        sa.Column("final_at", Utc, nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_part_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "part", name=op.f("pk_message_part")),
    )
    op.create_table(
        "smsc_id",
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("message_id", sa.String(length=26), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_smsc_id_message_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("gateway", "id", name=op.f("pk_smsc_id")),
    )
    with op.batch_alter_table("smsc_id", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_smsc_id_message_id"), ["message_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("smsc_id", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_smsc_id_message_id"))

    op.drop_table("smsc_id")
    op.drop_table("message_part")
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_message_open",
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index(batch_op.f("ix_message_enrollment_id"))
        batch_op.drop_index("ix_message_campaign")

    op.drop_table("message")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_attempt_open", sqlite_where=sa.text("state <> 'ended'"), postgresql_where=sa.text("state <> 'ended'")
        )
        batch_op.drop_index(batch_op.f("ix_attempt_enrollment_id"))
        batch_op.drop_index("ix_attempt_campaign")

    op.drop_table("attempt")
    with op.batch_alter_table("contact_request", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_contact_request_zoned",
            sqlite_where=sa.text("zone IS NOT NULL"),
            postgresql_where=sa.text("zone IS NOT NULL"),
        )
        batch_op.drop_index("ix_contact_request_queue")
        batch_op.drop_index(
            "ix_contact_request_lease",
            sqlite_where=sa.text("state = 'claimed'"),
            postgresql_where=sa.text("state = 'claimed'"),
        )

    op.drop_table("contact_request")
    op.drop_table("refused_row")
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.drop_index("ix_enrollment_state")
        batch_op.drop_index(
            "ix_enrollment_not_entered", sqlite_where=sa.text("node IS NULL"), postgresql_where=sa.text("node IS NULL")
        )
        batch_op.drop_index(
            "ix_enrollment_due",
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_enrollment_contact_id"))

    op.drop_table("enrollment")
    with op.batch_alter_table("trail", schema=None) as batch_op:
        batch_op.drop_index("ix_trail_contact")

    op.drop_table("trail")
    op.drop_table("strategy_version")
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_source_campaign_id"))

    op.drop_table("source")
    op.drop_table("session")
    with op.batch_alter_table("channel_address", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_channel_address_contact_id"))

    op.drop_table("channel_address")
    op.drop_table("campaign")
    op.drop_table("user_account")
    op.drop_table("gateway")
    with op.batch_alter_table("early_receipt", schema=None) as batch_op:
        batch_op.drop_index("ix_early_receipt_smsc_id")

    op.drop_table("early_receipt")
    op.drop_table("contact")
    op.drop_table("api_token")
