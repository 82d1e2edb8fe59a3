"""Test messages: written before they are submitted, resolved by responses and receipts like any text."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import MESSAGE, MessageStatus
from dialer.store.messages import meant
from dialer.store.tables import smsc_id, trial, trial_part
from dialer.store.types import AnyRow, spelled

Part = tuple[int, int]
"""`(trial, number)`."""


async def add(tx: AsyncConnection, fields: Mapping[str, Any]) -> AnyRow:
    """With its parts, none of which has begun."""
    row: AnyRow = (await tx.execute(insert(trial).values(fields).returning(trial))).one()
    part = {"trial_id": row.id, "gateway": fields["gateway"], "status": MessageStatus.PENDING, "begun": False}
    await tx.execute(insert(trial_part), [{**part, "part": number} for number in range(1, fields["parts"] + 1)])
    return row


async def get(tx: AsyncConnection, trial_id: int) -> AnyRow | None:
    return (await tx.execute(select(trial).where(trial.c.id == trial_id))).one_or_none()


async def held(tx: AsyncConnection, trial_id: int) -> AnyRow | None:
    """Locked."""
    return (await tx.execute(select(trial).where(trial.c.id == trial_id).with_for_update())).one_or_none()


async def parts(tx: AsyncConnection, trial_id: int) -> list[AnyRow]:
    """In order."""
    query = select(trial_part).where(trial_part.c.trial_id == trial_id).order_by(trial_part.c.part)
    return list(await tx.execute(query))


async def asked_since(tx: AsyncConnection, gateway: str, since: datetime) -> list[datetime]:
    """When those of a gateway were asked for, oldest first."""
    query = select(trial.c.created_at).where(trial.c.gateway == gateway, trial.c.created_at > since)
    return list((await tx.execute(query.order_by(trial.c.id))).scalars())


async def begin(tx: AsyncConnection, part: Part) -> bool:
    """Compare and set: True only once, unless it was withdrawn."""
    begun = update(trial_part).where(*_is(part), ~trial_part.c.begun, trial_part.c.status == MessageStatus.PENDING)
    return (await tx.execute(begun.values(begun=True))).rowcount == 1


async def withdraw(tx: AsyncConnection, part: Part, error: str | None) -> None:
    """The SMSC has certainly not taken it: it may begin again."""
    withdrawn = update(trial_part).where(*_is(part), trial_part.c.status == MessageStatus.PENDING)
    await tx.execute(withdrawn.values(begun=False, error=error))


async def set_part(tx: AsyncConnection, part: Part, status: MessageStatus, error: str | None) -> None:
    """By the table of transitions: what comes twice, or late, changes nothing."""
    allowed = trial_part.c.status.in_(sorted(MESSAGE.sources(status)))
    await tx.execute(update(trial_part).where(*_is(part), allowed).values(status=status, error=error))


async def set_status(tx: AsyncConnection, trial_id: int, fields: Mapping[str, Any]) -> None:
    await tx.execute(update(trial).where(trial.c.id == trial_id).values(fields))


async def name_part(tx: AsyncConnection, gateway: str, part: Part, name: str) -> None:
    """What the SMSC calls it. A text that was called so before is not meant any more."""
    await tx.execute(delete(smsc_id).where(smsc_id.c.gateway == gateway, smsc_id.c.id == name))
    await tx.execute(update(trial_part).where(*_is(part)).values(smsc_id=name))


async def parts_named(
    tx: AsyncConnection, gateway: str, wanted: Sequence[tuple[Sequence[str], str]]
) -> list[Part | None]:
    """For each `(names, destination)` of a receipt the part that is meant, the newest of several; as in `messages`."""
    names = {name for some, _ in wanted for name in some}
    query = select(trial_part.c.smsc_id, trial_part.c.trial_id, trial_part.c.part, trial.c.address).join(trial)
    named = query.where(trial_part.c.gateway == gateway, trial_part.c.smsc_id.in_(sorted(names)))
    rows = {row.smsc_id: row for row in await tx.execute(named.order_by(trial_part.c.trial_id))}
    return [(row.trial_id, row.part) if row else None for row in meant(rows, wanted)]


async def open_of(tx: AsyncConnection, dialer_node: str) -> list[int]:
    """Those of this node of which a part has no answer."""
    query = select(trial.c.id).where(
        trial.c.dialer_node == dialer_node, trial.c.status == spelled(MessageStatus.PENDING)
    )
    return list((await tx.execute(query.order_by(trial.c.id))).scalars())


async def forget(tx: AsyncConnection, addresses: Collection[str]) -> None:
    """Of a contact that is erased."""
    await tx.execute(delete(trial).where(trial.c.address.in_(list(addresses))))


def _is(part: Part) -> tuple[Any, Any]:
    trial_id, number = part
    return trial_part.c.trial_id == trial_id, trial_part.c.part == number
