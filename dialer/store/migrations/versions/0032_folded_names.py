"""Users whose names differ only by case are refused by an index; of those that are there the oldest has the name."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

user = sa.table(
    "user_account", sa.column("id", sa.BigInteger), sa.column("name", sa.String), sa.column("folded_name", sa.String)
)


def upgrade() -> None:
    op.add_column("user_account", sa.Column("folded_name", sa.String(200), nullable=True))
    connection = op.get_bind()
    folded: dict[str, int] = {}
    for found in connection.execute(sa.select(user.c.id, user.c.name).order_by(user.c.id)):
        folded.setdefault(found.name.casefold(), found.id)
    for name, user_id in folded.items():
        connection.execute(sa.update(user).where(user.c.id == user_id).values(folded_name=name))
    op.create_index("ix_user_account_folded_name", "user_account", ["folded_name"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_user_account_folded_name", "user_account")
    op.drop_column("user_account", "folded_name")
