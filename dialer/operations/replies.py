"""Replies of handsets: told to the strategy whose text they answer; who asks for peace is not contacted any more (M5).

All of it is on the disk before the SMSC has its answer, and may come again after a crash.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.phone import Unreadable, read_phone
from dialer.domain.replies import asks_to_stop
from dialer.domain.said import Said, marked
from dialer.domain.transitions import EnrollmentState, RequestState
from dialer.operations import do_not_contact, events, steps
from dialer.operations.context import Context
from dialer.operations.do_not_contact import NewEntry
from dialer.store import campaigns, contacts, enrollments, replies, requests, trail
from dialer.store.enrollments import Enrollment
from dialer.store.replies import Key
from dialer.store.types import AnyRow
from dialer.strategy.events import Replied
from sms.receipt import Reply, text_of

#: A reply that comes again so soon, with no text to the number in between, is the same: its answer did not reach the SMSC.
AGAIN = timedelta(seconds=60)
#: A long reply of which no part has come for so long is taken as it is. So long is one kept that was taken.
PARTS_KEPT = timedelta(minutes=10)
#: 47 CFR 64.1200(a)(12): a later confirmation needs a proof of consent.
CONFIRMED_WITHIN = timedelta(minutes=5)
#: Digits by which a number is known without its country code.
SHORTEST = 8
#: Characters of a reply in the trail; the whole is in the log of replies.
LONGEST_TOLD = 2_000
_MISSING = "\N{HORIZONTAL ELLIPSIS}"
_NOT_SENT = frozenset({RequestState.PENDING, RequestState.CLAIMED, RequestState.STOPPED})


@dataclass(frozen=True, slots=True)
class Taken:
    """`confirm`: the STOP is to be confirmed."""

    reply_id: int
    confirm: bool


@dataclass(frozen=True, slots=True)
class _Whole:
    """A reply with all its parts; `key` is that of the parts."""

    gateway: str
    source: str
    destination: str
    text: str
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class _Meant:
    """Who has sent it, and in answer to which text."""

    address: str
    contact_id: int | None
    text: AnyRow | None


async def take_in(ctx: Context, gateway: str, reply: Reply) -> Taken | None:
    """None: parts are missing, or it is there already."""
    if reply.total == 1:
        return await _take(ctx, _Whole(gateway, reply.source, reply.destination, reply.text))
    key = (gateway, reply.source, reply.destination, reply.reference, reply.total)
    fields = {"payload": reply.payload, "data_coding": reply.data_coding, "received_at": ctx.clock()}
    async with ctx.db.write() as tx:
        parts = await replies.keep_part(tx, key, reply.number, fields)
    if len(parts) < reply.total:
        return None
    return await _take(ctx, _whole(key, parts))


async def take_left_alone(ctx: Context) -> list[Taken]:
    """Long replies whose other parts never came, with a mark where one is missing."""
    before = ctx.clock() - PARTS_KEPT
    async with ctx.db.write() as tx:
        await replies.forget_taken(tx, before)
        found = [(key, await replies.parts(tx, key)) for key in await replies.left_alone(tx, before)]
    taken = [await _take(ctx, _whole(key, parts)) for key, parts in found]
    return [one for one in taken if one is not None]


def _whole(key: Key, parts: Sequence[AnyRow]) -> _Whole:
    gateway, source, destination, _, total = key
    if len(parts) == total:
        text = text_of([part.payload for part in parts], parts[0].data_coding)
    else:
        known = {part.number: text_of([part.payload], part.data_coding) for part in parts}
        text = "".join(known.get(number, _MISSING) for number in range(1, total + 1))
    return _Whole(gateway, source, destination, text, key)


async def _take(ctx: Context, whole: _Whole) -> Taken | None:
    stop = asks_to_stop(whole.text, ctx.settings.replies.stop_words)
    async with ctx.db.read() as tx:
        numbers = await _numbers(tx, ctx, whole)
    is_new = stop and await _bar(ctx, whole, numbers)
    confirm = is_new and bool(ctx.settings.replies.stop_confirmation)

    async def work(tx: AsyncConnection) -> tuple[Taken | None, int | None]:
        if whole.key is not None:
            await replies.take_parts(tx, whole.key, ctx.clock())
        meant, now = await _meant(tx, whole, numbers), ctx.clock()
        if await _is_there(tx, whole, meant, now):
            return None, None
        sent = meant.text
        fields = {
            "gateway": whole.gateway, "source": meant.address, "destination": whole.destination, "text": whole.text,
            "received_at": now, "stop": stop, "contact_id": meant.contact_id,
            "campaign_id": sent.campaign_id if sent else None, "message_id": sent.id if sent else None,
            "confirmation": "pending" if confirm else None, "dialer_node": ctx.settings.node,
        }  # fmt: skip
        reply_id = await replies.add(tx, fields)
        await events.replied(tx, ctx, reply_id, fields)
        if meant.contact_id is not None:
            await _tell(tx, ctx, whole, meant, stop=stop, now=now)
        return Taken(reply_id, confirm), sent.campaign_id if sent else None

    taken, campaign_id = await ctx.db.transact(work)
    if campaign_id is not None:
        ctx.engine.work_changed(campaign_id)
    return taken


async def _bar(ctx: Context, whole: _Whole, numbers: Sequence[str]) -> bool:
    """No call or text to the number starts after this; True if it was not on the list before."""
    async with ctx.db.read() as tx:
        meant = await _meant(tx, whole, numbers)
    if not meant.address.startswith("+"):
        return False  # a short code, or a name: nobody calls it
    told = whole.text if len(whole.text) <= 50 else f"{whole.text[:50]}{_MISSING}"  # noqa: PLR2004 (only for people)
    added = await do_not_contact.add(ctx, [NewEntry(meant.address, reason=Said("replied %(text)s", text=repr(told)))])
    return added.added > 0


async def _meant(tx: AsyncConnection, whole: _Whole, numbers: Sequence[str]) -> _Meant:
    """The newest text that this number has got: from the sender it has written to, else by the same gateway, else any."""
    sent = await replies.texts_to(tx, numbers)
    if sent:
        best = max(
            sent, key=lambda text: (_same(text.sender, whole.destination), text.gateway == whole.gateway, text.id)
        )
        return _Meant(best.address, best.contact_id, best)
    owners = await contacts.owners(tx, numbers)
    if owners:
        address, contact_id = next(iter(owners.items()))
        return _Meant(address, contact_id, None)
    return _Meant(numbers[0] if numbers else whole.source, None, None)


async def _numbers(tx: AsyncConnection, ctx: Context, whole: _Whole) -> list[str]:
    """The E.164 numbers that may be meant, the likeliest first: SMSCs leave out the plus, some the country code too.

    What is nobody's number as it is written, or in the region that is set, is that of a late text by the same gateway which ends
    with it: another country's, written as it is dialed there. Its STOP must not be lost.
    """
    source, region = whole.source, ctx.settings.default_region
    digits = source.removeprefix("+")
    read = [read_phone(f"+{digits}", None), *([] if source.startswith("+") else [read_phone(digits, region)])]
    found = list(dict.fromkeys(one for one in read if not isinstance(one, Unreadable)))
    own = digits.lstrip("0")
    if source.startswith("+") or len(own) < SHORTEST or not (own.isascii() and own.isdigit()):
        return found
    if await replies.texts_to(tx, found) or await contacts.owners(tx, found):
        return found
    like = await replies.texted_like(tx, whole.gateway, own)
    return [like] if like else found


def _same(sender: str, destination: str) -> bool:
    return sender.removeprefix("+").casefold() == destination.removeprefix("+").casefold()


async def _is_there(tx: AsyncConnection, whole: _Whole, meant: _Meant, now: datetime) -> bool:
    before = await replies.last(tx, meant.address)
    if before is None or (before.text, before.destination) != (whole.text, whole.destination):
        return False
    asked_since = meant.text is not None and meant.text.created_at > before.received_at
    return now - before.received_at < AGAIN and not asked_since


async def _tell(tx: AsyncConnection, ctx: Context, whole: _Whole, meant: _Meant, *, stop: bool, now: datetime) -> None:
    """The trail, then the strategy that has sent the text."""
    sent, contact_id = meant.text, meant.contact_id
    if contact_id is None:
        return
    place = await enrollments.get(tx, sent.enrollment_id) if sent else None
    data = {
        "node": place.node if place else None, "message": sent.id if sent else None, "address": meant.address,
        "gateway": whole.gateway, "sender": whole.destination, "text": whole.text[:LONGEST_TOLD], "stop": stop,
    }  # fmt: skip
    told = {name: value for name, value in data.items() if value is not None}
    campaign_id = sent.campaign_id if sent else None
    await trail.write(tx, [trail.Entry(now, campaign_id, contact_id, "replied", told)])
    if sent is None or place is None or place.state is EnrollmentState.DONE:
        return
    campaign = await campaigns.hold(tx, sent.campaign_id)
    if campaign is not None and place.node is not None:
        await steps.take(tx, ctx, campaign, [(place, Replied(whole.text, await _answers(tx, place)))], now)


async def _answers(tx: AsyncConnection, place: Enrollment) -> bool:
    """Not if the text of its step is still to be sent: then an earlier one is meant."""
    request = await requests.get(tx, place.request_id) if place.request_id else None
    return request is None or request.state not in _NOT_SENT


# -- the confirmation of a STOP -------------------------------------------------------------------------------------------


async def gateway_of(ctx: Context, reply_id: int) -> str:
    """By which a reply came in; "" if it is gone."""
    async with ctx.db.read() as tx:
        found = await replies.get(tx, reply_id)
    return found.gateway if found else ""


async def begin_confirmation(ctx: Context, reply_id: int) -> AnyRow | None:
    """The reply whose confirmation is to be sent now, once and for all; None if it is too late, or somebody else's."""
    async with ctx.db.write() as tx:
        found = await replies.get(tx, reply_id)
        if found is None:
            return None
        in_time = ctx.clock() - found.received_at < CONFIRMED_WITHIN
        after, why = ("sending", None) if in_time else ("failed", marked("the gateway was not there in time"))
        begun = await replies.set_confirmation(tx, reply_id, "pending", after, why)
    return found if begun and in_time else None


async def end_confirmation(ctx: Context, reply_id: int, status: str, error: str | None, *, late: bool = False) -> None:
    """`sent`, `failed` or `lost`; `pending`: the SMSC has certainly not taken it. `late`: it was lost before."""
    async with ctx.db.write() as tx:
        await replies.set_confirmation(tx, reply_id, "lost" if late else "sending", status, error)


async def lose_confirmations(ctx: Context) -> None:
    """After a restart: nobody knows of those that were being sent whether they left."""
    async with ctx.db.write() as tx:
        for row in await replies.confirmations(tx, ctx.settings.node):
            why = marked("the server stopped before the SMSC answered")
            await replies.set_confirmation(tx, row.id, "sending", "lost", why)


async def pending_confirmations(ctx: Context) -> list[int]:
    """Of this node, those that have certainly not left."""
    async with ctx.db.read() as tx:
        found = await replies.confirmations(tx, ctx.settings.node)
    return [row.id for row in found if row.confirmation == "pending"]
