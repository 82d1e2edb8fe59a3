"""Texts and their parts: written and committed before submit, resolved by responses and receipts in any order."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Text, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.record import record
from dialer.domain.transitions import MESSAGE, MessageStatus
from dialer.store.prepared import Prepared
from dialer.store.requests import ContactRequest
from dialer.store.tables import early_receipt, message, message_part, smsc_id
from dialer.store.types import AnyRow, spelled

# Statements of the busy paths are made once: building one costs as much as running it.
_INTEND, _PARTS = Prepared(insert(message)), Prepared(insert(message_part))
_IDS: Any = bindparam("_ids", expanding=True)
_THESE = message.c.id.in_(_IDS)
_TOLD = ("id", "request_id", "campaign_id", "contact_id", "node", "address", "gateway", "status", "parts", "created_at")
_HELD = tuple(message.c[name] for name in _TOLD)
_BY_IDS = Prepared(select(*_HELD).where(_THESE).order_by(message.c.id).with_for_update())
_NAMED = Prepared(
    select(smsc_id.c.id.label("name"), smsc_id.c.part, *_HELD)
    .join(message, message.c.id == smsc_id.c.message_id)
    .where(smsc_id.c.gateway == bindparam("_gateway"), smsc_id.c.id.in_(_IDS))
)
_PART = tuple(message_part.c[name] for name in ("message_id", "part", "status", "error", "submitted_at"))
_PARTS_OF = Prepared(
    select(*_PART).where(message_part.c.message_id.in_(_IDS)).order_by(message_part.c.message_id, message_part.c.part)
)
_KEEP_EARLY = Prepared(insert(early_receipt))
_EARLY = Prepared(
    select(early_receipt)
    .where(early_receipt.c.gateway == bindparam("_gateway"), early_receipt.c.smsc_id.in_(_IDS))
    .order_by(early_receipt.c.id)
)
_FORGET_EARLY = Prepared(delete(early_receipt).where(early_receipt.c.id.in_(_IDS)))
#: By how much a receipt may seem to be older than its text: another node may have taken it in.
CLOCKS_DIFFER = timedelta(minutes=5)
#: Digits of a number that tell it from others: without the country code, and with an area code.
_SHORTEST = 7
# The driver takes a plain text at once, and looks long at a member of an enumeration.
_PENDING = MessageStatus.PENDING.value
_TAKEN = frozenset({MessageStatus.SUBMITTED, MessageStatus.DELIVERED})
_NO_FACTS = dict.fromkeys(("error", "submitted_at", "final_at"))


async def intend(tx: AsyncConnection, intents: Sequence[Mapping[str, Any]]) -> None:
    """Texts that are about to be submitted, as `intent` makes them, with their parts."""
    await _INTEND.run_many(tx, intents)
    await _PARTS.run_many(
        tx,
        [
            {"message_id": one["id"], "part": n, "status": _PENDING, "gateway": one["gateway"], **_NO_FACTS}
            for one in intents
            for n in range(1, one["parts"] + 1)
        ],
    )


def intent(message_id: str, request: ContactRequest, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `message`; `fields` are its columns that do not follow from the request."""
    return {
        "id": message_id,
        "request_id": request.id,
        "enrollment_id": request.enrollment_id,
        "campaign_id": request.campaign_id,
        "contact_id": request.contact_id,
        "node": request.node,
        "address": request.address,
        "status": _PENDING,
        **_NO_FACTS,
        **fields,
    }


async def by_ids(tx: AsyncConnection, message_ids: Collection[str]) -> dict[str, AnyRow]:
    """Those that are there, locked: `id`, `request_id`, `campaign_id`, `address`, `status`, `parts` and more."""
    return {row.id: row for row in await _BY_IDS.rows(tx, {"_ids": list(message_ids)})} if message_ids else {}


async def forget(tx: AsyncConnection, message_id: str) -> None:
    """An intent that never left this process: nothing was sent."""
    await tx.execute(delete(message).where(message.c.id == message_id, message.c.status == MessageStatus.PENDING))


async def parts_of(tx: AsyncConnection, message_ids: Collection[str]) -> dict[str, list[AnyRow]]:
    """`(message_id, part, status, error, submitted_at)` by text, in order."""
    found: dict[str, list[AnyRow]] = {message_id: [] for message_id in message_ids}
    for row in await _PARTS_OF.rows(tx, {"_ids": list(message_ids)}) if message_ids else ():
        found[row.message_id].append(row)
    return found


async def open_of(tx: AsyncConnection, dialer_node: str) -> list[AnyRow]:
    """Texts of this node of which a part has no answer: after a restart nobody knows whether they were sent."""
    query = select(message).where(
        message.c.dialer_node == dialer_node, message.c.status == spelled(MessageStatus.PENDING)
    )
    return list(await tx.execute(query.order_by(message.c.id)))


async def set_parts(
    tx: AsyncConnection, news: Iterable[tuple[str, int, MessageStatus, str | None]], now: datetime
) -> dict[tuple[str, int], AnyRow]:
    """`(text, part, status, error)`, in their order, each by the table of transitions: what comes twice, or late, changes nothing.

    Returns those that have changed, as `parts_of` does, by text and part. What many have become alike costs one statement.
    """
    changed: dict[tuple[str, int], AnyRow] = {}
    left = list(news)
    while left:
        first: dict[tuple[str, int], tuple[str, int, MessageStatus, str | None]] = {}
        later = [one for one in left if first.setdefault(one[:2], one) is not one]
        alike: dict[tuple[MessageStatus, int, str | None], list[str]] = defaultdict(list)
        for message_id, part, status, error in first.values():
            alike[status, part, error].append(message_id)
        for (status, part, error), ids in alike.items():
            values = {"_ids": ids, "_part": part, "_error": error, "_now": now}
            for row in await _set_part(status).rows(tx, values):
                changed[row.message_id, row.part] = row
        left = later
    return changed


@cache
def _set_part(to: MessageStatus) -> Prepared:
    error: Any = bindparam("_error", type_=Text())
    if to not in _TAKEN:  # what an SMSC has taken has no error any more, if it had none in time
        error = func.coalesce(error, message_part.c.error)
    changes: dict[str, Any] = {"status": to, "error": error}
    if to is MessageStatus.SUBMITTED:
        changes["submitted_at"] = bindparam("_now", type_=message_part.c.submitted_at.type)
    if MESSAGE.final(to):
        changes["final_at"] = bindparam("_now", type_=message_part.c.final_at.type)
    these = (message_part.c.message_id.in_(_IDS), message_part.c.part == bindparam("_part"))
    sources = or_(*(message_part.c.status == one for one in sorted(MESSAGE.sources(to))))
    return Prepared(update(message_part).where(*these, sources).values(changes).returning(*_PART))


async def set_status(
    tx: AsyncConnection, ids: Sequence[str], status: MessageStatus, error: str | None, submitted: bool, now: datetime
) -> None:
    """Of texts that are locked and may go over to it. `submitted`: an SMSC has taken some of each; the first time is kept."""
    facts = {
        "error": error,
        "submitted_at": now if submitted else None,
        "final_at": now if MESSAGE.final(status) else None,
    }
    await _SET_STATUS.run(tx, {"_ids": ids, "_status": status.value, **{f"_{name}": at for name, at in facts.items()}})


_NEWS = {name: bindparam(f"_{name}", type_=message.c[name].type) for name in ("status", *_NO_FACTS)}
_SET_STATUS = Prepared(
    update(message)
    .where(_THESE)
    .values(
        status=_NEWS["status"],
        error=_NEWS["error"],
        submitted_at=func.coalesce(message.c.submitted_at, _NEWS["submitted_at"]),
        final_at=func.coalesce(_NEWS["final_at"], message.c.final_at),
    )
)


async def name_parts(tx: AsyncConnection, names: Sequence[Mapping[str, Any]]) -> None:
    """Keep what the SMSC calls parts of texts that are locked: rows of `smsc_id`.

    A name that stood for an older text means the new one from now on.
    """
    await _name(tx.dialect.name).run_many(tx, names)


@cache
def _name(dialect: str) -> Prepared:
    made: Any = (sqlite if dialect == "sqlite" else postgresql).insert(smsc_id)
    news = {"message_id": made.excluded.message_id, "part": made.excluded.part}
    return Prepared(made.on_conflict_do_update(index_elements=["gateway", "id"], set_=news))


async def parts_named(
    tx: AsyncConnection, gateway: str, wanted: Sequence[tuple[Sequence[str], str]]
) -> list[tuple[AnyRow, int] | None]:
    """For each `(names, destination)` of a receipt the `(text, part)` that is meant, texts as of `by_ids`.

    The names are likely in their order. A form that is not the first counts only when the destination fits too: it may
    happen to be another text's id.
    """
    rows = await _named(tx, gateway, {some[0] for some, _ in wanted if some})
    # Most go by their first form; the others cost as much again, and are seldom any text's.
    if further := {name for some, _ in wanted if some and some[0] not in rows for name in some[1:]}:
        rows |= await _named(tx, gateway, further)
    found = meant(rows, wanted)
    texts = {row.id: row for row in found if row}
    if tx.dialect.name != "sqlite":  # which has one writer: others are locked in one order, and read as they stand then
        texts = await by_ids(tx, texts)
    return [(texts[row.id], row.part) if row and row.id in texts else None for row in found]


async def _named(tx: AsyncConnection, gateway: str, names: Collection[str]) -> dict[str, AnyRow]:
    found = await _NAMED.rows(tx, {"_gateway": gateway, "_ids": sorted(names)}) if names else ()
    return {row.name: row for row in found}


def meant(rows: Mapping[str, AnyRow], wanted: Sequence[tuple[Sequence[str], str]]) -> list[AnyRow | None]:
    """For each `(names, destination)` one of the rows, which are told by their names and have an `address`."""

    def one(names: Sequence[str], destination: str) -> AnyRow | None:
        for likely, name in enumerate(names):
            row = rows.get(name)
            if row is not None and (likely == 0 or _is_same(_digits(row.address), _digits(destination))):
                return row
        return None

    return [one(names, destination) for names, destination in wanted]


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit()).lstrip("0")


def _is_same(number: str, told: str) -> bool:
    """SMSCs put the gateway's prefix before the digits of a number, or leave out the country code."""
    shorter, longer = sorted((number, told), key=len)
    return len(shorter) >= _SHORTEST and longer.endswith(shorter)


async def keep_early(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Receipts that name no text yet, rows of `early_receipt` without ids: their responses may still come."""
    await _KEEP_EARLY.run_many(tx, rows)


@record
class Named:
    """What an SMSC has just named: a text that was written at `since`.

    `number`, for a form of its id that is not the first, is whom the receipt must be for, as in `parts_named`.
    """

    since: datetime
    number: str | None = None

    def fits(self, early: AnyRow) -> bool:
        """Whether that receipt may be the text's, and not that of an older one which the SMSC called the same."""
        is_for = (
            self.number is None or not early.destination or _is_same(_digits(self.number), _digits(early.destination))
        )
        return is_for and early.received_at >= self.since - CLOCKS_DIFFER


async def take_early(tx: AsyncConnection, gateway: str, ids: Mapping[str, Named]) -> list[AnyRow]:
    """Receipts that came before the responses that name these ids; they are taken out."""
    found = await _EARLY.rows(tx, {"_gateway": gateway, "_ids": sorted(ids)}) if ids else []
    rows = [row for row in found if ids[row.smsc_id].fits(row)]
    if rows:
        await _FORGET_EARLY.run(tx, {"_ids": [row.id for row in rows]})
    return rows


async def any_early(tx: AsyncConnection, before: datetime) -> bool:
    """Whether a receipt older than that waits for its response."""
    return await tx.scalar(select(early_receipt.c.id).where(early_receipt.c.received_at < before).limit(1)) is not None


async def forget_early(tx: AsyncConnection, before: datetime) -> None:
    """Receipts for texts that were never ours."""
    await tx.execute(delete(early_receipt).where(early_receipt.c.received_at < before))
