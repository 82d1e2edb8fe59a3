"""The webhooks' loop: a few requests to the outside for each campaign at the same time, each committed before it is sent."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dialer.engine.bell import Bell, until
from dialer.engine.board import Board
from dialer.engine.deliveries import Deliveries
from dialer.engine.feeds import Feeds
from dialer.operations import webhooks
from dialer.operations.context import Context
from dialer.operations.webhooks import Answered
from dialer.store.requests import ContactRequest
from dialer.store.webhooks import CHANNEL, key_of
from dialer.strategy.web import is_json
from dialer.web.client import Answer, Outgoing, WebClient

LOOK_AGAIN_S = 5.0
# How often claims of nodes that died are looked for, as leases are.
TAKE_BACK_S = 20.0


@dataclass
class OneWebhook:
    """`may_go` checks again at the last moment; `leaving`: its intent is being written, or it is about to be sent."""

    ctx: Context
    client: WebClient
    request: ContactRequest
    may_go: Callable[[], bool]
    leaving: bool = True
    _sending: "asyncio.Task[Answer] | None" = field(default=None, init=False)

    async def run(self) -> Answer | None:
        """The recorded answer; None if it was not sent, or was given up by `interrupt`."""
        going = await webhooks.intend(self.ctx, self.request) if self.may_go() else None
        if going is None:
            self.leaving = False
            await webhooks.put_back(self.ctx, self.request)
            return None
        answer = await self._send(going)
        if answer is not None:
            told = answer.text if answer.ok else answer.reason or ""
            await webhooks.record(self.ctx, going, Answered(answer.ok, answer.status, told))
        return answer

    def interrupt(self) -> None:
        """Await no answer any more: what is under way is sent again by the next start."""
        if self._sending is not None:
            self._sending.cancel()

    async def _send(self, going: ContactRequest) -> Answer | None:
        sending = asyncio.create_task(
            self.client.send(_outgoing(going), int(self.ctx.clock().timestamp())), name=f"send-webhook-{going.id}"
        )
        self._sending = sending
        await asyncio.sleep(0)  # its task has begun
        self.leaving = False
        try:
            await asyncio.wait({sending})
        finally:
            sending.cancel()
        return None if sending.cancelled() else sending.result()


class Webhooks:
    """`start` runs a named task; `changed` tells the live pages."""

    def __init__(
        self, ctx: Context, board: Board, *, start: Callable[..., "asyncio.Task[None]"], changed: Callable[[], None]
    ) -> None:
        self._ctx, self.board, self._start, self._changed = ctx, board, start, changed
        self.bell = Bell()
        self.feeds = Feeds(ctx, board, CHANNEL, start=start, ring=self.bell.ring, any_hour=True)
        self.draining = False
        self._client: WebClient | None = None
        self._under_way: dict[int, OneWebhook] = {}
        self._counts = Counter[str]()
        self.deliveries = Deliveries(ctx, start=start, changed=changed)  # of events, to whom they are told

    async def run(self) -> None:
        settings = self._ctx.settings.webhooks
        key = webhooks.signing_key(self._ctx)
        client = WebClient(settings.allowed_hosts, allow_private=settings.allow_private, signing_key=key)
        telling = self._start(self.deliveries.run(), name="deliveries")
        try:
            async with client:
                self._client = client
                while True:
                    self.round()
                    await self.bell.wait(self._pause_s())
        finally:
            telling.cancel()

    async def take_back(self) -> None:
        """A loop of its own: what dead nodes left under way is sent again."""
        while True:
            await asyncio.sleep(TAKE_BACK_S)
            await webhooks.take_back(self._ctx)

    def round(self) -> None:
        if self.draining or self._client is None:
            return
        now, busy = self._ctx.clock(), self.busy
        for campaign in self.board.active(now):
            room = self.most - busy[campaign.id]
            if room > 0:
                for request in self.feeds.take(campaign, room, now):
                    self._begin(self._client, request)

    async def settled(self, campaign_id: int, timeout_s: float) -> bool:
        """Until no webhook of the campaign is about to leave; those under way are answered and recorded (C6)."""
        return await until(
            lambda: not any(one.leaving and one.request.campaign_id == campaign_id for one in self._under_way.values()),
            timeout_s,
        )

    async def finish(self, timeout_s: float) -> None:
        """Let those under way come to their answer; the others are sent again by the next start."""
        await asyncio.gather(until(lambda: not self._under_way, timeout_s), self.deliveries.finish(timeout_s))
        while self._under_way:
            for one in self._under_way.values():
                one.interrupt()
            await asyncio.sleep(0.02)

    @property
    def in_use(self) -> bool:
        """Without a host that may be called, what is queued all the same only fails: that has time for the next look."""
        return bool(self._ctx.settings.webhooks.allowed_hosts)

    @property
    def most(self) -> int:
        """How many of a campaign may be under way."""
        return self._ctx.settings.webhooks.per_campaign

    @property
    def busy(self) -> Counter[int]:
        """Webhooks under way, by campaign."""
        return Counter(one.request.campaign_id for one in self._under_way.values())

    def is_sending(self, request_id: int) -> bool:
        return request_id in self._under_way

    def snapshot(self) -> dict[str, Any]:
        """Since the start of the process, but for those `under_way`."""
        counted = {name: self._counts[name] for name in ("sent", "answered", "failed")}
        return {"under_way": len(self._under_way), **counted}

    def _begin(self, client: WebClient, request: ContactRequest) -> None:
        one = OneWebhook(self._ctx, client, request, may_go=lambda: self._may_go(request))
        self._under_way[request.id] = one
        self._start(self._run(one), name=f"webhook-{request.id}")

    def _may_go(self, request: ContactRequest) -> bool:
        return not self.draining and self.board.may_run(request.campaign_id, self._ctx.clock())

    async def _run(self, one: OneWebhook) -> None:
        try:
            answer = await one.run()
            if answer is not None:
                self._counts["sent"] += 1
                self._counts["answered" if answer.ok else "failed"] += 1
        finally:
            del self._under_way[one.request.id]
            self.bell.ring()
            self._changed()

    def _pause_s(self) -> float:
        """Until the next one is due."""
        now = self._ctx.clock()
        looks = [self.feeds.next_look(campaign.id) for campaign in self.board.active(now)]
        return min([LOOK_AGAIN_S, *(_seconds(now, at) for at in looks if at is not None)])


def _outgoing(request: ContactRequest) -> Outgoing:
    payload = request.payload
    return Outgoing(
        method=payload["method"],
        url=payload["url"],
        body=payload["body"],
        content_type="application/json" if is_json(payload["body"]) else "text/plain; charset=utf-8",
        key=key_of(request),
        timeout_s=payload["timeout_s"],
    )


def _seconds(now: datetime, at: datetime) -> float:
    return max(0.01, (at - now).total_seconds())
