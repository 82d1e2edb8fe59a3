"""Contacts from anywhere: custom fields, do-not-contact lists, the REST source, remembered mappings, what a source brought."""

import sqlalchemy as sa
from alembic import op

from dialer.store.searching import ADDRESS_WORDS, CONTACT_WORDS
from dialer.store.types import Id, Json, Utc

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _what_a_source_brought()
    _fields_and_mappings()
    _do_not_contact()
    _rest_source()
    for name, table, _, _ in _REPLACED:
        op.drop_index(name, table)
    for index in _IN_THEIR_PLACE:
        _create(*index)
    _lists_of_a_campaign()
    if op.get_bind().dialect.name == "sqlite":
        _changes_to_be_indexed()
    else:
        _lists_of_contacts()


def downgrade() -> None:
    _without_lists()
    for name, table, _, _ in _IN_THEIR_PLACE:
        op.drop_index(name, table)
    for index in _REPLACED:
        _create(*index)
    for table in (
        "idempotent_piece",
        "idempotent_request",
        "rest_key",
        "do_not_contact",
        "remembered_mapping",
        "contact_field",
    ):
        op.drop_table(table)
    op.drop_index("ix_trail_source_id", "trail")
    op.drop_column("trail", "source_id")
    for column in ("started_at", "landing", "kept"):
        op.drop_column("source", column)
    op.drop_index("ix_contact_source_id", "contact")
    op.drop_index("ix_contact_erased_at", "contact")
    for column in ("erased_at", "source_id"):
        op.drop_column("contact", column)


def _what_a_source_brought() -> None:
    op.add_column("contact", sa.Column("source_id", Id))
    op.add_column("contact", sa.Column("erased_at", Utc()))
    gone = sa.text("erased_at IS NOT NULL")
    op.create_index("ix_contact_erased_at", "contact", ["erased_at"], sqlite_where=gone, postgresql_where=gone)
    where = sa.text("source_id IS NOT NULL")
    op.create_index("ix_contact_source_id", "contact", ["source_id", "id"], sqlite_where=where, postgresql_where=where)
    op.add_column("trail", sa.Column("source_id", Id))
    op.create_index("ix_trail_source_id", "trail", ["source_id", "id"], sqlite_where=where, postgresql_where=where)
    op.add_column("source", sa.Column("started_at", Utc()))
    op.add_column("source", sa.Column("landing", Json))
    op.add_column("source", sa.Column("kept", Json))


def _fields_and_mappings() -> None:
    op.create_table(
        "contact_field",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("type", sa.String(8), nullable=False),
        sa.Column("choices", Json, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("modified_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_contact_field"),
    )
    op.create_table(
        "remembered_mapping",
        sa.Column("shape", sa.String(64), nullable=False),
        sa.Column("mapping", Json, nullable=False),
        sa.Column("used_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("shape", name="pk_remembered_mapping"),
    )


def _do_not_contact() -> None:
    op.create_table(
        "do_not_contact",
        sa.Column("id", Id, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("address", sa.String(320)),
        sa.Column("campaign_id", Id),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_do_not_contact_campaign_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_do_not_contact"),
        sqlite_autoincrement=True,
    )
    everywhere, one = sa.text("campaign_id IS NULL"), sa.text("campaign_id IS NOT NULL")
    op.create_index(
        "uq_do_not_contact_digest", "do_not_contact", ["digest"], unique=True,
        sqlite_where=everywhere, postgresql_where=everywhere,
    )  # fmt: skip
    op.create_index(
        "uq_do_not_contact_campaign", "do_not_contact", ["campaign_id", "digest"], unique=True,
        sqlite_where=one, postgresql_where=one,
    )  # fmt: skip
    known = sa.text("address IS NOT NULL")
    op.create_index(
        "ix_do_not_contact_address", "do_not_contact", ["address"], sqlite_where=known, postgresql_where=known
    )


def _rest_source() -> None:
    op.create_table(
        "rest_key",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_rest_key_campaign_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_rest_key"),
    )
    op.create_table(
        "idempotent_request",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("items", sa.Integer()),
        sa.Column("lease_until", Utc()),
        sa.Column("created_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_idempotent_request_campaign_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "key", name="pk_idempotent_request"),
    )
    op.create_index("ix_idempotent_request_created_at", "idempotent_request", ["created_at"])
    op.create_table(
        "idempotent_piece",
        sa.Column("campaign_id", Id, nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("answer", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name="fk_idempotent_piece_campaign_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "key", "start", name="pk_idempotent_piece"),
    )  # fmt: skip


def _create(name: str, table: str, columns: list[str], where: str | None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


# Name, table, columns, condition. What is no longer in the queue, or waits for nothing, stands in none of the new ones:
# a stop of a million contacts takes them out, and nothing has to be put in elsewhere.
_REPLACED: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("ix_enrollment_due", "enrollment", ["due_at"], "due_at IS NOT NULL"),
    (
        "ix_contact_request_queue",
        "contact_request",
        ["campaign_id", "channel", "state", "priority", "due_at", "id"],
        None,
    ),
    (
        "ix_contact_request_zoned",
        "contact_request",
        ["campaign_id", "channel", "state", "priority", "due_at"],
        "zone IS NOT NULL",
    ),
)
_IN_THEIR_PLACE: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("ix_enrollment_waiting", "enrollment", ["campaign_id", "due_at"], "state = 'waiting'"),
    ("ix_enrollment_limited", "enrollment", ["campaign_id", "due_at"], "state = 'in_progress' AND due_at IS NOT NULL"),
    (
        "ix_contact_request_queue",
        "contact_request",
        ["campaign_id", "channel", "priority", "due_at", "id"],
        "state = 'pending'",
    ),
    (
        "ix_contact_request_zoned",
        "contact_request",
        ["campaign_id", "channel", "priority", "due_at", "id"],
        "state = 'pending' AND zone IS NOT NULL",
    ),
    ("ix_contact_request_postponed", "contact_request", ["campaign_id"], "state = 'pending' AND due_at > wanted_at"),
    ("ix_contact_request_campaign_id", "contact_request", ["campaign_id"], None),
)


def _lists_of_a_campaign() -> None:
    """One for each column that a campaign's contacts are sorted by."""
    for column in ("attempts", "created_at"):
        op.create_index(f"ix_enrollment_{column}", "enrollment", ["campaign_id", column, "id"])
    for name, column in (
        ("next_due", "due_at"),
        ("result", "result"),
        ("node", "node"),
        ("stop_reason", "stop_reason"),
    ):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_enrollment_{name}", "enrollment", ["campaign_id", column, "id"],
            sqlite_where=where, postgresql_where=where,
        )  # fmt: skip
    op.create_table(
        "contact_change",
        sa.Column("id", Id, nullable=False),
        sa.Column("contact_id", Id, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contact_change"),
        sqlite_autoincrement=True,
    )


# On SQLite what lists of contacts need stands in a file of its own (store/projection.py), which has to hear of changes.
# New contacts are found by their ids, so that nothing is written twice while a million of them is loaded.
_TRIGGERS = {
    "contact_changed": """
        AFTER UPDATE OF first_name, last_name, time_zone, external_id, attributes, created_at, modified_at, erased_at
        ON contact BEGIN INSERT INTO contact_change (contact_id) VALUES (new.id); END""",
    "contact_deleted": """
        AFTER DELETE ON contact BEGIN INSERT INTO contact_change (contact_id) VALUES (old.id); END""",
}
# PostgreSQL sorts, filters and searches the table itself.
_LISTS = {
    "ix_list_contact_first_name": "contact (lower(first_name), id)",
    "ix_list_contact_last_name": "contact (lower(last_name), id)",
    "ix_list_contact_time_zone": "contact (lower(time_zone), id)",
    "ix_list_contact_external_id": "contact (lower(external_id), id)",
    "ix_list_contact_created_at": "contact (created_at, id)",
    "ix_list_contact_modified_at": "contact (modified_at, id)",
    "ix_list_contact_words": f"contact USING gin ({CONTACT_WORDS})",
    "ix_list_address_words": f"channel_address USING gin ({ADDRESS_WORDS})",
    "ix_list_address_end": "channel_address (reverse(address) text_pattern_ops)",
}


def _changes_to_be_indexed() -> None:
    for name, what in _TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {what}")


def _lists_of_contacts() -> None:
    for name, what in _LISTS.items():
        op.get_bind().exec_driver_sql(f"CREATE INDEX {name} ON {what}")


def _without_lists() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name in _TRIGGERS if on_sqlite else _LISTS:
        op.execute(f"DROP {'TRIGGER' if on_sqlite else 'INDEX'} {name}")
    for name in ("attempts", "created_at", "next_due", "result", "node", "stop_reason"):
        op.drop_index(f"ix_enrollment_{name}", "enrollment")
    op.drop_table("contact_change")
