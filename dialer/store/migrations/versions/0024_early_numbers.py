"""For which number a receipt is that came before its response: an id in another form may happen to be another text's."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("early_receipt", sa.Column("destination", sa.String(32), nullable=True))


def downgrade() -> None:
    op.drop_column("early_receipt", "destination")
