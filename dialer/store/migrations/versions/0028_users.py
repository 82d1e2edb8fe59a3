"""Users that are disabled and have a time zone; what is known of sessions; tokens that are narrower than their role."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Id, Json, Utc

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

NEW: dict[str, dict[str, Any]] = {
    "user_account": {"time_zone": sa.String(64), "disabled_at": Utc},
    "session": {"created_at": Utc, "used_at": Utc, "address": sa.String(64)},
    "api_token": {"rights": Json, "campaign_id": Id, "expires_at": Utc, "used_at": Utc},
}


def upgrade() -> None:
    for table, columns in NEW.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind))


def downgrade() -> None:
    for table, columns in NEW.items():
        for name in columns:
            op.drop_column(table, name)
