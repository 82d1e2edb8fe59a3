"""Custom fields: defined, changed and removed, with the values that contacts have for them (C14)."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.columns import MAX_ATTRIBUTE_NAME, attribute_name, is_known
from dialer.domain.errors import DomainError, Fault, InvalidInput, NotFound, StaleEdit, shown
from dialer.domain.fields import Field, FieldType, Misfit, check, faults_of
from dialer.domain.said import Said, joined, marked
from dialer.operations import audit
from dialer.operations.context import Context, strategy_of
from dialer.operations.once import Made, nobody
from dialer.store import contact_fields, strategies
from dialer.store.types import AnyRow
from dialer.strategy.attributes import uses

MOST_FIELDS = 200
EXAMPLES = 5
READ_CHUNK = 1_000
# A chunk holds SQLite's one writer: short, so that an intent never waits long behind it.
WRITE_CHUNK, DROP_CHUNK = 50, 500
_NAME = re.compile(r"\w[\w.]*")


class Values(StrEnum):
    """What becomes of the values when a field is removed."""

    KEEP = "keep"  # as attributes without a type
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Place:
    """A step of a campaign's strategy that names the field; `version` is an older one if it is not the newest."""

    campaign_id: int
    title: str
    version: int
    node: str
    label: str
    field: str

    def __str__(self) -> str:
        return Said(
            "the step %(step)s (%(field)s) of the campaign %(title)s",
            step=shown(self.label), field=self.field, title=shown(self.title),
        )  # fmt: skip


class FieldInUse(DomainError):  # noqa: N818 -- named by what happened
    """A field that strategies name, or contacts have values for, is not removed (HTTP 409)."""

    def __init__(self, name: str, places: Sequence[Place], values: int) -> None:
        self.name, self.places, self.values = name, tuple(places), values
        super().__init__(name, self.places, values)

    @property
    def faults(self) -> tuple[Fault, ...]:
        told = marked("%(place)s names it, in version %(version)s")
        return tuple(
            Fault(f"campaigns.{p.campaign_id}.strategy.{p.node}.{p.field}", told, place=str(p), version=p.version)
            for p in self.places
        )

    def __str__(self) -> str:
        if self.places:
            return Said(
                "the field %(name)s is used by %(places)s: change these strategies first",
                name=shown(self.name), places=joined(list(map(str, self.places)), 20, "; "),
            )  # fmt: skip
        return Said(
            "%(number)s contacts have a value for the field %(name)s: remove it with `values=delete` to delete "
            "these too, or with `values=keep` to leave them as attributes without a type",
            number=self.values, name=shown(self.name),
        )  # fmt: skip


class ValuesDoNotFit(DomainError):  # noqa: N818 -- named by what happened
    """Contacts have values that the new type of a field does not allow (HTTP 409). `examples`: (contact, why)."""

    def __init__(self, name: str, number: int, examples: Sequence[tuple[int, str]]) -> None:
        self.name, self.number, self.examples = name, number, tuple(examples)
        super().__init__(name, number, self.examples)

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(Fault(f"contacts.{contact_id}.attributes.{self.name}", why) for contact_id, why in self.examples)

    def __str__(self) -> str:
        examples = [Said("contact %(id)s: %(why)s", id=contact_id, why=why) for contact_id, why in self.examples]
        told = {"name": shown(self.name), "examples": joined(examples, len(examples), "; ")}
        if self.number == 1:
            return Said(
                "one contact has a value for %(name)s that does not fit: %(examples)s. Correct it first", **told
            )
        return Said(
            "%(number)s contacts have a value for %(name)s that does not fit: %(examples)s. Correct them first",
            number=self.number, **told,
        )  # fmt: skip


async def all_fields(ctx: Context) -> list[AnyRow]:
    """Every field, by its label."""
    async with ctx.db.read() as tx:
        return await contact_fields.rows(tx)


async def by_name(ctx: Context) -> dict[str, Field]:
    """The same as the domain has them, by the attribute's name."""
    return {row.name: contact_fields.field_of(row) for row in await all_fields(ctx)}


async def get(ctx: Context, name: str) -> AnyRow:
    async with ctx.db.read() as tx:
        return await _row(tx, name)


async def create(
    ctx: Context,
    name: str,
    label: str,
    type_: FieldType = FieldType.TEXT,
    choices: Sequence[str] = (),
    *,
    kept: Made = nobody,
) -> AnyRow:
    """Define a field. Values that contacts have under its name already must fit, and are kept in its form from now on.

    Raises `InvalidInput` with every fault, `ValuesDoNotFit`.
    """
    field = Field(attribute_name(name), label.strip(), type_, tuple(choices))
    faults = [*_name_faults(field.name, name), *faults_of(field)]
    if faults:
        raise InvalidInput(faults)
    await _check_values(ctx, field)
    try:
        async with ctx.db.write() as tx:
            if len(await contact_fields.rows(tx)) >= MOST_FIELDS:
                raise InvalidInput.single(
                    "name", "there are %(most)s fields already, which is the most", most=MOST_FIELDS
                )
            await contact_fields.add(tx, field, ctx.clock())
            new = asdict(field)
            await audit.write(tx, ctx, "create", "contact field", field.name, name=field.label, after=new)
            await kept(tx, await _row(tx, field.name))
    except IntegrityError:
        raise InvalidInput.single("name", "there is a field %(name)s already", name=shown(field.name)) from None
    await _normalise_values(ctx, field)
    return await get(ctx, field.name)


async def edit(
    ctx: Context,
    name: str,
    *,
    label: str | None = None,
    type_: FieldType | None = None,
    choices: Sequence[str] | None = None,
    revision: int | None = None,
) -> AnyRow:
    """Change a field; its name stays. Raises `ValuesDoNotFit`, `InvalidInput`, `StaleEdit`, `NotFound`."""
    row = await get(ctx, name)
    if revision is not None and revision != row.revision:
        raise StaleEdit("field", name)
    old = contact_fields.field_of(row)
    field = replace(old, label=old.label if label is None else label.strip(), type=type_ or old.type)
    if choices is not None or field.type is not FieldType.CHOICE:
        field = replace(field, choices=tuple(choices or ()))
    if faults := tuple(faults_of(field)):
        raise InvalidInput(faults)
    has_changed = (field.type, field.choices) != (old.type, old.choices)
    if has_changed:
        await _check_values(ctx, field)
    async with ctx.db.write() as tx:
        if not await contact_fields.edit(tx, field, ctx.clock(), row.revision):
            raise StaleEdit("field", name)
        before, after = asdict(old), asdict(field)
        await audit.write(tx, ctx, "edit", "contact field", name, name=old.label, before=before, after=after)
    if has_changed:
        await _normalise_values(ctx, field)
    return await get(ctx, name)


async def remove(ctx: Context, name: str, values: Values | None = None, revision: int | None = None) -> None:
    """Remove a field that no strategy names. Raises `FieldInUse` with all the places.

    Also if contacts have values for it and nobody said what is to become of them.
    """
    async with ctx.db.read() as tx:
        row = await _row(tx, name)
        field = contact_fields.field_of(row)
        found = await _places(tx, name)
        number = await contact_fields.values_count(tx, name) if not found and values is None else 0
    if revision is not None and revision != row.revision:
        raise StaleEdit("contact field", name)
    if found or number:
        raise FieldInUse(name, found, number)
    if values is Values.DELETE:
        await _drop_values(ctx, name)
    async with ctx.db.write() as tx:
        if found := await _places(tx, name):  # a strategy that was deployed meanwhile
            raise FieldInUse(name, found, 0)
        await contact_fields.remove(tx, name)
        old = {**asdict(field), "values": values or Values.KEEP}
        await audit.write(tx, ctx, "delete", "contact field", name, name=field.label, before=old)


async def usage(ctx: Context, name: str) -> tuple[list[Place], int]:
    """The places that name a field, and how many contacts have a value for it."""
    async with ctx.db.read() as tx:
        await _row(tx, name)
        return await _places(tx, name), await contact_fields.values_count(tx, name)


async def _row(tx: AsyncConnection, name: str) -> AnyRow:
    row = await contact_fields.get(tx, name)
    if row is None:
        raise NotFound("contact field", name)
    return row


async def _places(tx: AsyncConnection, name: str) -> list[Place]:
    return [
        Place(row.campaign_id, row.title, row.version, use.node, use.label, use.field)
        for row in await strategies.in_use(tx)
        for use in uses(strategy_of(row.document))
        if use.attribute == name
    ]


def _name_faults(name: str, written: str) -> list[Fault]:
    if not _NAME.fullmatch(name) or len(name) > MAX_ATTRIBUTE_NAME:
        reason = Said(
            "%(written)s is no field's name: take up to %(most)s letters, digits and underscores",
            written=shown(written),
            most=MAX_ATTRIBUTE_NAME,
        )
        return [Fault("name", reason)]
    if is_known(name) or name in {"id", "attributes"}:
        return [Fault("name", "%(name)s is a field that every contact has; take another name", name=shown(name))]
    return []


async def _values(ctx: Context, name: str) -> AsyncIterator[list[tuple[int, str]]]:
    """`(contact, value)` of all contacts that have one, in chunks; the writer is not needed for it."""
    after = 0
    while True:
        async with ctx.db.read() as tx:
            chunk = await contact_fields.values_after(tx, name, after, READ_CHUNK)
        if not chunk:
            return
        yield chunk
        after = chunk[-1][0]


async def _check_values(ctx: Context, field: Field) -> None:
    number = 0
    examples: list[tuple[int, str]] = []
    async for chunk in _values(ctx, field.name):
        for contact_id, value in chunk:
            found = check(field, value)
            if isinstance(found, Misfit):
                number += 1
                examples += [(contact_id, found.reason)] if len(examples) < EXAMPLES else []
    if number:
        raise ValuesDoNotFit(field.name, number, examples)


async def _normalise_values(ctx: Context, field: Field) -> None:
    """What was stored before the type is brought into its form, and what an import that ran meanwhile brought, too."""
    async for chunk in _values(ctx, field.name):
        changed = []
        for contact_id, value in chunk:
            kept = check(field, value)
            if not isinstance(kept, Misfit) and kept != value:
                changed.append((contact_id, value, kept))
        for start in range(0, len(changed), WRITE_CHUNK):
            await _set_values(ctx, field.name, changed[start : start + WRITE_CHUNK])


async def _set_values(ctx: Context, name: str, changed: Sequence[tuple[int, str, str]]) -> None:
    async def work(tx: AsyncConnection) -> None:
        await contact_fields.set_value(tx, name, changed, ctx.clock())

    await ctx.db.transact(work)


async def _drop_values(ctx: Context, name: str) -> None:
    async for chunk in _values(ctx, name):
        for start in range(0, len(chunk), DROP_CHUNK):
            await _drop(ctx, name, [contact_id for contact_id, _ in chunk[start : start + DROP_CHUNK]])


async def _drop(ctx: Context, name: str, contact_ids: Sequence[int]) -> None:
    async def work(tx: AsyncConnection) -> None:
        await contact_fields.drop_values(tx, name, contact_ids, ctx.clock())

    await ctx.db.transact(work)
