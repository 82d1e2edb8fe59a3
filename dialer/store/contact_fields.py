"""Custom fields, and the values that contacts have for them (C14)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, cast, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from dialer.domain.fields import Field, FieldType
from dialer.store.tables import contact, contact_field
from dialer.store.types import AnyRow


async def all_fields(tx: AsyncConnection) -> dict[str, Field]:
    """Every custom field by its attribute's name, in the order of their labels."""
    rows = await tx.execute(select(contact_field).order_by(func.lower(contact_field.c.label), contact_field.c.name))
    return {row.name: field_of(row) for row in rows}


async def rows(tx: AsyncConnection) -> list[AnyRow]:
    return list(
        await tx.execute(select(contact_field).order_by(func.lower(contact_field.c.label), contact_field.c.name))
    )


async def get(tx: AsyncConnection, name: str) -> AnyRow | None:
    query = select(contact_field).where(contact_field.c.name == name).with_for_update()
    return (await tx.execute(query)).one_or_none()


def field_of(row: AnyRow) -> Field:
    return Field(row.name, row.label, FieldType(row.type), tuple(row.choices))


async def add(tx: AsyncConnection, field: Field, now: datetime) -> None:
    """A name that is there already is an IntegrityError."""
    values = {"name": field.name, **_columns(field), "revision": 1, "created_at": now, "modified_at": now}
    await tx.execute(insert(contact_field).values(values))


async def edit(tx: AsyncConnection, field: Field, now: datetime, revision: int) -> bool:
    """False if somebody else changed it since `revision`."""
    changed = await tx.execute(
        update(contact_field)
        .where(contact_field.c.name == field.name, contact_field.c.revision == revision)
        .values(**_columns(field), modified_at=now, revision=contact_field.c.revision + 1)
    )
    return changed.rowcount == 1


async def remove(tx: AsyncConnection, name: str) -> bool:
    return (await tx.execute(delete(contact_field).where(contact_field.c.name == name))).rowcount == 1


async def values_count(tx: AsyncConnection, name: str) -> int:
    """How many contacts have a value for this attribute. Looks at every contact."""
    query = select(func.count()).select_from(contact).where(_value(name).is_not(None), contact.c.erased_at.is_(None))
    return int(await tx.scalar(query) or 0)


async def values_after(tx: AsyncConnection, name: str, after: int, limit: int) -> list[tuple[int, str]]:
    """`(contact, value)` of the next contacts that have one, in the order of their ids."""
    query = select(contact.c.id, _value(name)).where(contact.c.id > after, _value(name).is_not(None))
    return [(int(row[0]), str(row[1])) for row in await tx.execute(query.order_by(contact.c.id).limit(limit))]


async def set_value(tx: AsyncConnection, name: str, values: Sequence[tuple[int, str, str]], now: datetime) -> None:
    """`(contact, old value, new value)`: whoever has the old one gets the new one."""
    for contact_id, old, new in values:
        held = await tx.scalar(select(contact.c.attributes).where(contact.c.id == contact_id).with_for_update())
        if held is not None and held.get(name) == old:
            await tx.execute(_changed(now, {**held, name: new}).where(contact.c.id == contact_id))


async def drop_values(tx: AsyncConnection, name: str, contact_ids: Sequence[int], now: datetime) -> None:
    """Take the attribute from these contacts."""
    await tx.execute(_changed(now, _without(tx, name)).where(contact.c.id.in_(contact_ids)))


def _changed(now: datetime, attributes: Any) -> Any:
    return update(contact).values(attributes=attributes, modified_at=now, revision=contact.c.revision + 1)


def _columns(field: Field) -> Mapping[str, Any]:
    return {"label": field.label, "type": field.type, "choices": list(field.choices)}


def _value(name: str) -> ColumnElement[Any]:
    value: ColumnElement[Any] = contact.c.attributes[name].as_string()
    return value


def _without(tx: AsyncConnection, name: str) -> ColumnElement[Any]:
    """The attributes but this one, in the database's own words: no value travels for it."""
    if tx.dialect.name == "sqlite":
        removed: ColumnElement[Any] = func.json_remove(contact.c.attributes, f'$."{name}"')
        return removed
    rest: ColumnElement[Any] = contact.c.attributes.op("-")(cast(literal([name]), ARRAY(Text)))
    return rest
