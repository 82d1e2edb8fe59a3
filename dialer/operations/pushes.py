"""The REST source: contacts that programs push into a campaign, item by item, each call answered once (K7)."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.columns import Refusal
from dialer.domain.contact import NewContact
from dialer.domain.errors import DomainError, IllegalTransition, NotFound
from dialer.domain.transitions import CampaignStatus, SourceState
from dialer.intake.pushed import Body, Piece, Refused, Rules
from dialer.operations import audit, contacts
from dialer.operations.context import Context
from dialer.operations.once import check_digest
from dialer.operations.suppressed import sieve
from dialer.store import campaigns, contact_fields, pushes, sources
from dialer.store.types import AnyRow

NAME = "REST"
KEPT = timedelta(hours=24)
# A call that gives no sign of life for so long was cut off by a crash: the same call again goes on where it was.
LEASE = timedelta(seconds=30)
RETRIES = 5

T = TypeVar("T")


class StillRunning(DomainError):  # noqa: N818 -- named by what happened
    """A call with the same idempotency key is not over yet (HTTP 409)."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(retry_after_s)

    def __str__(self) -> str:
        return f"a call with this Idempotency-Key is under way: repeat it in {self.retry_after_s} s for its answer"


@dataclass(frozen=True, slots=True)
class Once:
    """The caller's idempotency key, and the digest of the body that it came with."""

    key: str
    digest: str

    @classmethod
    def of(cls, key: str, body: bytes) -> "Once":
        return cls(key, hashlib.sha256(body).hexdigest())


@dataclass(frozen=True, slots=True)
class Item:
    """What became of one item: `created`, `merged` or `refused`, and then `reason` says why."""

    result: str
    contact_id: int | None = None
    notes: tuple[str, ...] = ()
    reason: str | None = None

    def kept(self) -> list[Any]:
        """As it is stored: short, because a call has up to ten thousand."""
        return [self.reason] if self.reason is not None else [self.contact_id, self.result, *self.notes]

    @classmethod
    def of_kept(cls, kept: list[Any]) -> "Item":
        return cls("refused", reason=kept[0]) if len(kept) == 1 else cls(kept[1], kept[0], tuple(kept[2:]))


async def rules(ctx: Context, campaign_id: int) -> Rules:
    """Before a body is read: the campaign exists and has not ended (C4); by what its items are read."""
    async with ctx.db.read() as tx:
        _check(await campaigns.get(tx, campaign_id), campaign_id)
        return Rules(ctx.settings.default_region, await contact_fields.all_fields(tx))


async def push(ctx: Context, campaign_id: int, body: Body, once: Once | None) -> list[Item]:
    """Load the items piece by piece, each in a transaction of its own, and tell what became of them, in order.

    With `once` a call is answered once: the same again gets the same answer, and after a crash goes on where it was.
    Raises `NotFound`, `IllegalTransition` for a campaign that has ended, `StillRunning`, and `InvalidInput` for a key
    that came with another body.
    """
    done = await _begin(ctx, campaign_id, once, body.total) if once else []
    if once and len(done) == body.total:
        return done
    async for piece in body.pieces:
        if piece.start >= len(done):
            done += await _load(ctx, campaign_id, piece, once)
            ctx.engine.contacts_added(campaign_id)
    return done


async def _begin(ctx: Context, campaign_id: int, once: Once, total: int) -> list[Item]:
    """What a former call with the same key and body has done already."""
    now = ctx.clock()

    async def work(tx: AsyncConnection) -> list[Item]:
        _check(await campaigns.hold(tx, campaign_id), campaign_id)
        await pushes.forget_calls(tx, now - KEPT)
        known = await pushes.call(tx, campaign_id, once.key)
        if known is not None and known.created_at < now - KEPT:
            await pushes.forget_call(tx, campaign_id, once.key)
            known = None
        if known is None:
            lease = now + LEASE
            await pushes.add_call(tx, campaign_id, once.key, once.digest, items=total, now=now, lease_until=lease)
            return []
        check_digest(known, once.digest)
        done = [Item.of_kept(one) for one in await pushes.answer(tx, campaign_id, once.key)]
        if len(done) != known.items and known.lease_until > now:
            raise StillRunning(max(1, round((known.lease_until - now).total_seconds())))
        await pushes.set_call(tx, campaign_id, once.key, lease_until=now + LEASE)
        return done

    return await _again_on_conflict(lambda: ctx.db.transact(work))


async def _load(ctx: Context, campaign_id: int, piece: Piece, once: Once | None) -> list[Item]:
    async def work(tx: AsyncConnection) -> list[Item] | None:
        _check(await campaigns.hold(tx, campaign_id), campaign_id)
        source = await pushes.running(tx, campaign_id)
        if source is None:
            return None
        items = await _store(ctx, tx, source, piece)
        if once:
            await _note(tx, campaign_id, once, piece.start, items, ctx.clock())
        return items

    while (items := await _again_on_conflict(lambda: ctx.db.transact(work))) is None:
        await _open(ctx, campaign_id)
    return items


async def _open(ctx: Context, campaign_id: int) -> None:
    """The campaign's first push, or the first since its REST source was removed."""
    by = audit.doer()

    async def work(tx: AsyncConnection) -> None:
        # Of two nodes that come here at once one makes it.
        if await campaigns.lock(tx, campaign_id) is not None and await pushes.running(tx, campaign_id) is None:
            now = ctx.clock()
            made = await sources.add(tx, campaign_id, pushes.KIND, NAME, now, state=SourceState.RUNNING, started_at=now)
            new = {"campaign_id": campaign_id, "kind": pushes.KIND}
            await audit.write(tx, ctx, "create", "source", made, name=NAME, after=new, by=by)

    await ctx.db.transact(work)


async def _sieved(ctx: Context, tx: AsyncConnection, campaign_id: int, piece: Piece) -> list[NewContact | Refused]:
    """The items, less what is on a do-not-contact list."""
    described = [item for item in piece.items if isinstance(item, NewContact)]
    found = iter(await sieve(tx, ctx.secret, campaign_id, described))
    items: list[NewContact | Refused] = []
    for item in piece.items:
        one = item if isinstance(item, Refused) else next(found)
        if isinstance(one, Refusal):
            items.append(Refused(reason=one.reason, item="an address on a do-not-contact list"))
        else:
            items.append(one)
    return items


async def _store(ctx: Context, tx: AsyncConnection, source: AnyRow, piece: Piece) -> list[Item]:
    sieved = await _sieved(ctx, tx, source.campaign_id, piece)
    taken = [item for item in sieved if isinstance(item, NewContact)]
    loaded = await contacts.load(tx, source.campaign_id, source.id, taken, ctx.clock())
    landed = iter(loaded.places)
    items, refused = [], []
    for number, item in enumerate(sieved, source.last_row + 1):
        if isinstance(item, Refused):
            refused.append((number, [item.item], item.reason))
            items.append(Item("refused", reason=item.reason))
        else:
            place = next(landed)
            items.append(Item("created" if place.created else "merged", place.contact_id, place.notes))
    await sources.refuse(tx, source.id, refused)
    if refused:
        await pushes.forget_old_refused(tx, source.id)
    await sources.progress(
        tx, source.id, rows=len(items), created=loaded.created, merged=loaded.merged, refused=len(refused),
        last_row=source.last_row + len(items),
    )  # fmt: skip
    return items


async def _note(
    tx: AsyncConnection, campaign_id: int, once: Once, start: int, items: Sequence[Item], now: datetime
) -> None:
    """Keep the answer in the transaction that makes it true, so that no crash comes between."""
    known = await pushes.set_call(tx, campaign_id, once.key, lease_until=now + LEASE)
    if not known or await pushes.is_done(tx, campaign_id, once.key, start):
        raise StillRunning(1)  # somebody took it for dead and goes on with it
    await pushes.add_piece(tx, campaign_id, once.key, start, [item.kept() for item in items])


def _check(campaign: Any, campaign_id: int) -> None:
    if campaign is None:
        raise NotFound("campaign", campaign_id)
    if campaign.status is CampaignStatus.ENDED:
        raise IllegalTransition("campaign", CampaignStatus.ENDED, "fed with contacts")


async def _again_on_conflict(work: Callable[[], Awaitable[T]]) -> T:
    """Another node stored one of the addresses, or the key, at the same moment: look again."""
    for _ in range(RETRIES):
        with suppress(IntegrityError):
            return await work()
    return await work()
