"""Alembic's entry: runs the revisions on the connection that `dialer.store.migrate` hands over."""

from alembic import context

from dialer.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters tables by copying them
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
