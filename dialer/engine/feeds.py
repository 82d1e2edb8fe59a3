"""The hoppers: a few requests of each campaign, claimed ahead, so that a free agent never waits for a query."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign, calling_window, may_contact, window
from dialer.engine.board import Board
from dialer.operations import compliance
from dialer.operations.context import Context
from dialer.operations.nodes import take_over
from dialer.store import claims, nodes, postponing, requests
from dialer.store.requests import ContactRequest

log = structlog.get_logger(__name__)

# Poll as a net behind the bells: what another node or a person in the database did is seen by then.
LOOK_AGAIN = timedelta(seconds=5)
# How many requests a hopper holds: enough for the agents who may come free while the next claim waits for the writer.
LEAST_READY = 20
MOST_READY = 200
READY_S = 0.5  # and for what was lately taken in so long
# A queue in which nothing stood is not looked into again before, however often somebody says that there may be work.
REST = timedelta(milliseconds=50)
# How many are looked at together while the rule pack's hours are closed, and most of them are put off: calls of other
# campaigns wait meanwhile.
MOST_ASLEEP = 40


@dataclass
class Feed:
    """One campaign's hopper of one channel."""

    ready: deque[ContactRequest] = field(default_factory=deque)
    size: int = LEAST_READY  # what it is filled up to; grows with what is taken at once
    busy: int = 0  # claims and emptyings under way: one after the other, or later contacts would go first
    look_at: datetime | None = None  # nothing is due before; None: look now
    rests_until: datetime | None = None
    is_more: bool = True  # the last claim got all that it asked for, or there was none yet
    taken: int = 0  # since the claim that began at `claimed_at`
    claimed_at: datetime | None = None
    asked: int = 0  # counts the calls of `look_now`, so that one during a claim is not forgotten
    dropped: int = 0  # counts emptyings, so that a claim that was under way is given back

    def begins(self, now: datetime) -> None:
        """A claim begins: it will hold what was taken since the last one, in the time that a few claims may need."""
        if self.claimed_at is not None:
            passed_s = max(READY_S / 5, (now - self.claimed_at).total_seconds())
            self.size = min(MOST_READY, max(self.size, int(self.taken * READY_S / passed_s)))
        self.claimed_at, self.taken = now, 0


class Feeds:
    """All hoppers of a channel (`call`, `sms` or `webhook`). `start` runs a named task; `ring` wakes the loop that takes.

    `any_hour`: what goes to no person does not wait for the campaign's window.
    """

    def __init__(
        self,
        ctx: Context,
        board: Board,
        channel: str,
        *,
        start: Callable[..., object],
        ring: Callable[[], None],
        any_hour: bool = False,
    ) -> None:
        self._ctx, self._board, self.channel, self._any_hour = ctx, board, channel, any_hour
        self._start, self._ring = start, ring
        self._feeds: dict[int, Feed] = {}

    def take(self, campaign: Campaign, wanted: int, now: datetime, *, likely: int = 0) -> list[ContactRequest]:
        """Up to `wanted` requests that may go out now, and the next claim under way if the hopper runs low.

        `likely`: how many more may be asked for at once.
        """
        feed = self._feeds.setdefault(campaign.id, Feed())
        feed.size = min(MOST_READY, max(feed.size, LEAST_READY, 4 * max(wanted, likely)))
        taken = [feed.ready.popleft() for _ in range(min(wanted, len(feed.ready)))]
        feed.taken += len(taken)
        low = len(feed.ready) <= feed.size // 2
        if low and not feed.busy and (feed.look_at is None or feed.look_at <= now):
            feed.busy += 1
            feed.begins(now)
            missing = feed.size - len(feed.ready)
            self._start(self._fill(campaign.id, feed, missing), name=f"hopper-{self.channel}-{campaign.id}")
        return taken

    def give_back(self, request: ContactRequest) -> None:
        """Not dialed after all; it stays first in line."""
        self._feeds.setdefault(request.campaign_id, Feed()).ready.appendleft(request)

    def size(self, campaign_id: int) -> int:
        feed = self._feeds.get(campaign_id)
        return len(feed.ready) if feed else 0

    def may_have(self, campaign_id: int) -> bool:
        """Whether something may be due: the hopper holds it, or nobody has looked yet."""
        feed = self._feeds.get(campaign_id)
        return feed is None or feed.is_more or bool(feed.ready)

    def has_none(self, campaign_id: int, now: datetime) -> bool:
        """Certainly nothing is due: somebody has looked, and what comes later has not come yet."""
        feed = self._feeds.get(campaign_id)
        return feed is not None and not self.may_have(campaign_id) and feed.look_at is not None and feed.look_at > now

    def before(self, request: ContactRequest) -> int:
        """How many stand before it here: all, for one that is not in the hopper yet. For people who ask."""
        feed = self._feeds.get(request.campaign_id)
        ids = [one.id for one in feed.ready] if feed else []
        return ids.index(request.id) if request.id in ids else len(ids)

    def next_look(self, campaign_id: int) -> datetime | None:
        feed = self._feeds.get(campaign_id)
        return feed.look_at if feed else None

    def look_now(self, campaign_id: int) -> None:
        """There may be new work in the queue."""
        if feed := self._feeds.get(campaign_id):
            feed.look_at = feed.rests_until
            feed.asked += 1

    def look_at_all(self) -> None:
        for campaign_id in self._feeds:
            self.look_now(campaign_id)

    async def drop(self, campaign_id: int) -> None:
        """Empty a hopper: its requests go back into the queue, unless they were stopped meanwhile."""
        if feed := self._feeds.get(campaign_id):
            feed.dropped += 1
            self.look_now(campaign_id)
            ready, feed.ready = list(feed.ready), deque()
            feed.busy += 1
            try:
                await self._release(ready)
            finally:
                feed.busy -= 1
            self._ring()

    async def drop_all(self) -> None:
        for campaign_id in list(self._feeds):
            await self.drop(campaign_id)

    async def _fill(self, campaign_id: int, feed: Feed, number: int) -> None:
        generation, asked = feed.dropped, feed.asked
        try:
            claimed, look_at = await self._claim(campaign_id, feed, number)
            if feed.dropped != generation:
                await self._release(claimed)
            else:
                feed.look_at = look_at if feed.asked == asked else feed.rests_until
                feed.ready.extend(claimed)
        finally:
            feed.busy -= 1
        self._ring()

    async def _claim(self, campaign_id: int, feed: Feed, number: int) -> tuple[list[ContactRequest], datetime | None]:
        now = self._ctx.clock()
        campaign = self._board.campaigns.get(campaign_id)
        if campaign is None or not self._board.may_run(campaign_id, now):
            return [], now + LOOK_AGAIN
        feed.rests_until = None
        if not feed.is_more and not await self._any_pending(campaign_id):
            feed.rests_until = now + REST
            return [], now + LOOK_AGAIN
        lease = now + timedelta(seconds=self._ctx.settings.calls.lease_s)
        if campaign.rules.times and not self._any_hour and not may_contact(campaign, None, None, now):
            number = min(number, MOST_ASLEEP)
        own = window(campaign, None, now)
        is_open = own.open or self._any_hour

        async def work(tx: AsyncConnection) -> tuple[list[ContactRequest], datetime | None]:
            claimed = await claims.claim(
                tx, campaign_id, self.channel, order=campaign.load_order, node=self._ctx.settings.node,
                until=lease, now=now, limit=number, zoned_only=not is_open,
            )  # fmt: skip
            looked = () if self._any_hour else claimed
            later = {r.id: at for r in looked if (at := _opens_later(campaign, r, now)) is not None}
            await compliance.tell_closed(tx, campaign, [r for r in claimed if r.id in later], now)
            if self.channel == "call" and campaign.rules.counting:
                kept = [r for r in claimed if r.id not in later]
                later |= await compliance.refuse_claimed(tx, self._ctx, campaign, kept, now)
            await postponing.postpone(tx, later)
            ready = [r for r in claimed if r.id not in later]
            feed.is_more = len(claimed) == number
            if feed.is_more:
                return ready, None
            due = await claims.next_due(tx, campaign_id, self.channel, now)
            return ready, min(filter(None, (due, own.changes_at, now + LOOK_AGAIN)))

        return await self._ctx.db.transact(work, urgent=not feed.ready)

    async def _any_pending(self, campaign_id: int) -> bool:
        """Looked up without the writer, which calls wait for: most looks find nothing (a campaign without texts)."""
        async with self._ctx.db.read() as tx:
            return await claims.any_pending(tx, campaign_id, self.channel)

    async def _release(self, claimed: list[ContactRequest]) -> None:
        if claimed:
            async with self._ctx.db.write() as tx:
                await requests.release(tx, [request.id for request in claimed])


def _opens_later(campaign: Campaign, request: ContactRequest, now: datetime) -> datetime | None:
    """When the contact's window opens, if it is closed now; a window that never opens again is looked at in a day."""
    if may_contact(campaign, request.zone, request.address, now):
        return None
    opening = calling_window(campaign, request.zone, request.address, now)
    return opening.changes_at or now + timedelta(days=1)


async def hold_leases(ctx: Context, look_for_calls: Callable[[], None]) -> None:
    """A sign of life, also for everything this node has claimed; what nodes left that give none goes back or is taken over.

    `look_for_calls` is told when calls of such a node are this one's, and not known here yet.
    """
    period = ctx.settings.calls.lease_s / 3
    while True:
        now = ctx.clock()
        async with ctx.db.write() as tx:
            await requests.renew(tx, ctx.settings.node, now + timedelta(seconds=ctx.settings.calls.lease_s))
            await requests.release_expired(tx, now)
            await nodes.seen(tx, ctx.settings.node, now)
        calls, texts = await take_over(ctx)
        if calls or texts:
            log.warning("node_gone", calls_taken_over=calls, texts_lost=texts)
        if calls:
            look_for_calls()
        await asyncio.sleep(period)
