"""Test messages: one text to one number by a gateway, of no campaign, sent at most once and followed to its receipt."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.errors import Conflict, DomainError, InvalidInput, NotFound, shown
from dialer.domain.gateway import ADAPTER, SmsGateway
from dialer.domain.message import combined
from dialer.domain.phone import parse_phone
from dialer.domain.said import Said, marked
from dialer.domain.transitions import MESSAGE, MessageStatus
from dialer.operations import audit, gateways
from dialer.operations.context import Context
from dialer.operations.suppression import barred
from dialer.operations.text_settings import gateway_settings, price
from dialer.store import lists, messages, trials
from dialer.store.listing import Page, Query
from dialer.store.trials import Part
from dialer.store.types import AnyRow
from sms.settings import split
from sms.text import Segmentation, TextTooLongError

log = structlog.get_logger(__name__)

#: So many test messages of a gateway in so long a time: they test it, and are no way around campaigns.
MOST, WITHIN = 10, timedelta(minutes=1)
#: One that found no turn in this time is not sent any more: whoever waits for it has tried again.
SENT_WITHIN = timedelta(seconds=60)
LONGEST = 1_000
_STOPPED = marked("the server stopped before the SMSC answered: nobody knows whether it was sent")
_NOT_SENT = Said("the server stopped before it was sent")


class Hasty(DomainError):  # noqa: N818 -- named by what happened
    """Too many test messages of one gateway (HTTP 429)."""

    def __init__(self, gateway_id: str, wait_s: int) -> None:
        self.id, self.wait_s = gateway_id, wait_s
        super().__init__(gateway_id, wait_s)

    def __str__(self) -> str:
        return Said(
            "the gateway %(id)s has sent %(most)s test messages within a minute: try again in %(wait_s)s s",
            id=shown(self.id), most=MOST, wait_s=self.wait_s,
        )  # fmt: skip


class Told(Protocol):
    """A final receipt, see `messages.ReceiptNews`."""

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def destination(self) -> str: ...
    @property
    def status(self) -> MessageStatus: ...
    @property
    def error(self) -> str | None: ...


_Told = TypeVar("_Told", bound=Told)


@dataclass(frozen=True, slots=True)
class Cut:
    """A text as a gateway would send it; `changed`: near characters were put in. `cost` is "" where no price is known."""

    encoding: str
    segments: int
    text: str
    changed: bool
    cost: str


async def ask(ctx: Context, gateway_id: str, number: str, text: str, by: str) -> AnyRow:
    """Commit a test message, and have the engine send it. `number` as E.164, or as written at home.

    Raises `NotFound`, `InvalidInput` (also for a number on the do-not-contact list), `Conflict` while the gateway is not
    bound, `Hasty`.
    """
    address = parse_phone(number, ctx.settings.default_region, field="number")
    settings = await _settings(ctx, gateway_id)
    made = _split(gateway_id, settings, text)
    if why := ctx.engine.why_no_text(gateway_id):
        raise Conflict(
            "the gateway %(gateway_id)s %(why)s: send the test message when it is bound",
            gateway_id=shown(gateway_id),
            why=why,
        )
    now = ctx.clock()
    async with ctx.db.write() as tx:
        if address in await barred(tx, ctx, None, [address]):
            raise InvalidInput.single(
                "number", "%(address)s is on the do-not-contact list: take another number", address=shown(address)
            )
        _slow_down(gateway_id, await trials.asked_since(tx, gateway_id, now - WITHIN), now)
        fields = {
            "gateway": gateway_id, "sender": settings.sender, "address": address, "text": made.text, "asked_by": by,
            "encoding": made.encoding.value, "parts": len(made.parts), "dialer_node": ctx.settings.node,
            "status": MessageStatus.PENDING, "created_at": now,
        }  # fmt: skip
        row = await trials.add(tx, fields)
        new = {"test_message": row.id, "parts": len(made.parts)}
        await audit.write(tx, ctx, "test", "gateway", gateway_id, name=settings.name, after=new)
    log.info("test_message", gateway=gateway_id, trial=row.id, by=by)
    ctx.engine.trial_added(row.id)
    return row


async def cut(ctx: Context, gateway_id: str, text: str) -> Cut:
    """How the gateway would send it; nothing is sent. Raises `NotFound`, `InvalidInput`, `Conflict`."""
    settings = await _settings(ctx, gateway_id)
    made = _split(gateway_id, settings, text)
    return Cut(made.encoding.value, made.segments, made.text, made.text != text, price(settings, made.segments))


async def page(ctx: Context, gateway_id: str, query: Query) -> Page:
    """Those of a gateway, the newest first."""
    await gateways.get(ctx, gateway_id)
    async with ctx.db.read() as tx:
        return await lists.trials_of(gateway_id).page(tx, query)


async def get(ctx: Context, gateway_id: str, trial_id: int) -> AnyRow:
    async with ctx.db.read() as tx:
        row = await trials.get(tx, trial_id)
    if row is None or row.gateway != gateway_id:
        raise NotFound("test message of this gateway", trial_id)
    return row


async def _settings(ctx: Context, gateway_id: str) -> SmsGateway:
    settings = ADAPTER.validate_python((await gateways.get(ctx, gateway_id))["settings"])
    if not isinstance(settings, SmsGateway):
        raise Conflict(
            "%(gateway_id)s is a voice gateway: test messages are sent by SMS gateways", gateway_id=shown(gateway_id)
        )
    return settings


def _split(gateway_id: str, settings: SmsGateway, text: str) -> Segmentation:
    if not text.strip():
        raise InvalidInput.single("text", "is empty: write what is to be sent")
    if len(text) > LONGEST:
        raise InvalidInput.single(
            "text", "has %(number)s characters: at most %(most)s are sent as a test", number=len(text), most=LONGEST
        )
    try:
        return split(gateway_settings(gateway_id, settings), text)
    except TextTooLongError as fault:
        raise InvalidInput.single("text", "%(fault)s: shorten it", fault=str(fault)) from None


def _slow_down(gateway_id: str, asked: Sequence[datetime], now: datetime) -> None:
    if len(asked) >= MOST:
        raise Hasty(gateway_id, max(1, ceil((asked[-MOST] + WITHIN - now).total_seconds())))


# -- sending it -----------------------------------------------------------------------------------------------------------


async def to_send(ctx: Context, trial_id: int) -> AnyRow | None:
    async with ctx.db.read() as tx:
        return await trials.get(tx, trial_id)


async def begin(ctx: Context, part: Part) -> bool:
    """Whether this part is to be submitted now, once and for all: asked at the last moment, and committed."""
    trial_id, number = part
    async with ctx.db.write() as tx:
        row = await trials.get(tx, trial_id)
        if row is None:
            return False
        why = None if number > 1 else await _why_not(tx, ctx, row)
        if why is None:
            return await trials.begin(tx, part)
        await _give_up(tx, ctx, trial_id, why)
        return False


async def _why_not(tx: AsyncConnection, ctx: Context, row: AnyRow) -> str | None:
    if row.address in await barred(tx, ctx, None, [row.address]):
        return Said("the number came onto the do-not-contact list")
    in_time = ctx.clock() - row.created_at < SENT_WITHIN
    return None if in_time else Said("the gateway had no room for it in time")


async def end(ctx: Context, part: Part, status: MessageStatus, error: str | None, names: Sequence[str] = ()) -> None:
    """What the SMSC answered, also late. `PENDING`: it has certainly not taken it. A receipt that was faster counts now."""
    trial_id, _ = part
    async with ctx.db.write() as tx:
        row = await trials.get(tx, trial_id)
        if row is None:
            return
        if status is MessageStatus.PENDING:
            await trials.withdraw(tx, part, error)
            return
        await trials.set_part(tx, part, status, error)
        if names:
            await trials.name_part(tx, row.gateway, part, names[0])
            numbers = [None, *[row.address] * len(names)]
            wanted = {
                name: messages.Named(row.created_at, number) for name, number in zip(names, numbers, strict=False)
            }
            for early in await messages.take_early(tx, row.gateway, wanted):
                await trials.set_part(tx, part, MessageStatus(early.status), early.error)
        await _combine(tx, ctx, [trial_id])


async def give_up(ctx: Context, trial_id: int, why: str) -> None:
    """Parts that were never taken by the SMSC, and will not be."""
    async with ctx.db.write() as tx:
        await _give_up(tx, ctx, trial_id, why)


async def receive(tx: AsyncConnection, ctx: Context, gateway: str, receipts: Sequence[_Told]) -> list[_Told]:
    """Take in the receipts that are for test messages; the others come back."""
    meant = await trials.parts_named(tx, gateway, [(one.names, one.destination) for one in receipts])
    found = list(zip(receipts, meant, strict=True))
    for told, part in found:
        if part is not None:
            await trials.set_part(tx, part, told.status, told.error)
    await _combine(tx, ctx, {part[0] for part in meant if part is not None})
    return [told for told, part in found if part is None]


async def lose_unanswered(ctx: Context, node: str | None = None) -> None:
    """After a restart: what may have been sent is lost, what has not begun is not sent any more. Neither is sent again."""
    async with ctx.db.write() as tx:
        for trial_id in await trials.open_of(tx, node or ctx.settings.node):
            for part in await trials.parts(tx, trial_id):
                status = MessageStatus.LOST if part.begun else MessageStatus.FAILED
                why = _STOPPED if part.begun else _NOT_SENT
                if part.status == MessageStatus.PENDING:
                    await trials.set_part(tx, (trial_id, part.part), status, why)
            await _combine(tx, ctx, [trial_id])


async def _give_up(tx: AsyncConnection, ctx: Context, trial_id: int, why: str) -> None:
    for part in await trials.parts(tx, trial_id):
        if part.status == MessageStatus.PENDING and not part.begun:
            said = f"{why} (the SMSC said {part.error})" if part.error else why
            await trials.set_part(tx, (trial_id, part.part), MessageStatus.FAILED, said)
    await _combine(tx, ctx, [trial_id])


async def _combine(tx: AsyncConnection, ctx: Context, trial_ids: Collection[int]) -> None:
    """Each status follows from those of the parts, as a text's does."""
    for trial_id in sorted(trial_ids):
        row = await trials.held(tx, trial_id)
        if row is None:
            continue
        parts = await trials.parts(tx, trial_id)  # once no other writer changes one
        status = combined([MessageStatus(part.status) for part in parts])
        if status != row.status and row.status in MESSAGE.sources(status):
            await trials.set_status(tx, trial_id, _fields(row, parts, status, ctx.clock()))


def _fields(row: AnyRow, parts: Sequence[AnyRow], status: MessageStatus, now: datetime) -> Mapping[str, Any]:
    taken = status in {MessageStatus.SUBMITTED, MessageStatus.DELIVERED}
    return {
        "status": status,
        "error": next((part.error for part in parts if part.error), None),
        "submitted_at": row.submitted_at or (now if taken else None),
        "final_at": now if MESSAGE.final(status) else None,
    }
