"""Compare-and-set: a row changes its state only from where the table of transitions allows it (house rule 8)."""

from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import StateTable


async def change_state(
    tx: AsyncConnection, table: Table, states: StateTable, key: Any, to: str, *, column: str = "state", **values: Any
) -> bool:
    """Move row `key` to `to` if its present state may go there; False means somebody else was faster."""
    changed = await tx.execute(
        update(table)
        .where(table.c[_key(table)] == key, table.c[column].in_(states.sources(to)))
        .values({column: str(to), **values})
    )
    return changed.rowcount == 1


def _key(table: Table) -> str:
    (column,) = table.primary_key.columns
    return column.name
