"""Texts and their parts: written and committed before submit, resolved by responses and receipts in any order."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.transitions import MESSAGE, MessageStatus
from dialer.store.requests import ContactRequest
from dialer.store.tables import early_receipt, message, message_part, smsc_id
from dialer.store.types import AnyRow, spelled


async def intend(tx: AsyncConnection, message_id: str, request: ContactRequest, fields: dict[str, Any]) -> None:
    """A text that is about to be submitted, with its parts; `fields` are the other columns of `message`."""
    row = {
        "id": message_id,
        "request_id": request.id,
        "enrollment_id": request.enrollment_id,
        "campaign_id": request.campaign_id,
        "contact_id": request.contact_id,
        "node": request.node,
        "address": request.address,
        "status": MessageStatus.PENDING,
        **fields,
    }
    await tx.execute(insert(message).values(row))
    parts = [
        {"message_id": message_id, "part": n, "status": MessageStatus.PENDING, "gateway": fields["gateway"]}
        for n in range(1, fields["parts"] + 1)
    ]
    await tx.execute(insert(message_part), parts)


async def get(tx: AsyncConnection, message_id: str) -> AnyRow | None:
    return (await tx.execute(select(message).where(message.c.id == message_id))).one_or_none()


async def forget(tx: AsyncConnection, message_id: str) -> None:
    """An intent that never left this process: nothing was sent."""
    await tx.execute(delete(message).where(message.c.id == message_id, message.c.status == MessageStatus.PENDING))


async def parts_of(tx: AsyncConnection, message_id: str) -> list[AnyRow]:
    query = select(message_part).where(message_part.c.message_id == message_id).order_by(message_part.c.part)
    return list(await tx.execute(query))


async def open_of(tx: AsyncConnection, dialer_node: str) -> list[AnyRow]:
    """Texts of this node of which a part has no answer: after a restart nobody knows whether they were sent."""
    query = select(message).where(
        message.c.dialer_node == dialer_node, message.c.status == spelled(MessageStatus.PENDING)
    )
    return list(await tx.execute(query.order_by(message.c.id)))


async def set_part(tx: AsyncConnection, message_id: str, part: int, status: MessageStatus, **fields: Any) -> bool:
    """Compare-and-set by the table of message transitions: a receipt that comes twice, or late, changes nothing."""
    changed = await tx.execute(
        update(message_part)
        .where(
            message_part.c.message_id == message_id,
            message_part.c.part == part,
            message_part.c.status.in_(MESSAGE.sources(status)),
        )
        .values(status=status, **fields)
    )
    return changed.rowcount == 1


async def set_message(tx: AsyncConnection, message_id: str, status: MessageStatus, **fields: Any) -> bool:
    changed = await tx.execute(
        update(message)
        .where(message.c.id == message_id, message.c.status.in_(MESSAGE.sources(status)))
        .values(status=status, **fields)
    )
    return changed.rowcount == 1


async def name_part(tx: AsyncConnection, gateway: str, name: str, message_id: str, part: int) -> None:
    """Keep what the SMSC calls this part. A name that stood for an older text means the new one from now on.

    A text that was deleted meanwhile, with its campaign, gets none.
    """
    held = select(message.c.id).where(message.c.id == message_id).with_for_update(read=True, key_share=True)
    if await tx.scalar(held) is None:
        return
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(smsc_id).values(gateway=gateway, id=name, message_id=message_id, part=part)
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["gateway", "id"],
            set_={"message_id": statement.excluded.message_id, "part": statement.excluded.part},
        )
    )


async def part_named(
    tx: AsyncConnection, gateway: str, names: Sequence[str], destination: str
) -> tuple[str, int] | None:
    """`(message id, part)` for a receipt whose id may be meant in these forms, the likeliest first.

    A form that is not the first counts only when the destination fits too: it may happen to be another text's id.
    """
    for likely, name in enumerate(names):
        row = (
            await tx.execute(
                select(smsc_id.c.message_id, smsc_id.c.part, message.c.address)
                .join(message, message.c.id == smsc_id.c.message_id)
                .where(smsc_id.c.gateway == gateway, smsc_id.c.id == name)
            )
        ).one_or_none()
        if row and (likely == 0 or _digits(row.address) == _digits(destination)):
            return row.message_id, row.part
    return None


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())


async def keep_early(
    tx: AsyncConnection, gateway: str, smsc_message_id: str, status: MessageStatus, error: str | None, now: datetime
) -> None:
    """A receipt that names no text yet: its response may still come."""
    await tx.execute(
        insert(early_receipt).values(
            gateway=gateway, smsc_id=smsc_message_id, status=status, error=error, received_at=now
        )
    )


async def take_early(tx: AsyncConnection, gateway: str, ids: Collection[str]) -> list[AnyRow]:
    """Receipts that came before the response that names these ids; they are taken out."""
    where = (early_receipt.c.gateway == gateway, early_receipt.c.smsc_id.in_(ids))
    rows = list(await tx.execute(select(early_receipt).where(*where).order_by(early_receipt.c.id)))
    if rows:
        await tx.execute(delete(early_receipt).where(*where))
    return rows


async def forget_early(tx: AsyncConnection, before: datetime) -> None:
    """Receipts for texts that were never ours."""
    await tx.execute(delete(early_receipt).where(early_receipt.c.received_at < before))
