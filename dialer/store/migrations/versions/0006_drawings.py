"""What was drawn of a strategy in the Node-RED editor stays beside its version, and who deployed it."""

import sqlalchemy as sa
from alembic import op

from dialer.store.types import Json

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("strategy_version", sa.Column("drawing", Json, nullable=True))
    op.add_column("strategy_version", sa.Column("deployed_by", sa.String(200), nullable=True))


def downgrade() -> None:
    op.drop_column("strategy_version", "deployed_by")
    op.drop_column("strategy_version", "drawing")
