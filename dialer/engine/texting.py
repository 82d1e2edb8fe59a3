"""The texting loop: as many texts as the gateways' windows have room for, for as long as their campaigns may run."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime

from ulid import ULID

from dialer.domain.campaign import Campaign, window
from dialer.engine.bell import Bell
from dialer.engine.board import Board
from dialer.engine.feeds import Feeds
from dialer.engine.one_text import OneText
from dialer.engine.sms_gateways import Running, SmsGateways
from dialer.operations import messages
from dialer.operations.context import Context
from dialer.operations.messages import TextIntent
from dialer.store.requests import ContactRequest
from sms.settings import GatewayState
from sms.text import TextTooLongError, segments

LOOK_AGAIN_S = 5.0
# Texts of a campaign that has no gateway of its own, so that each step names one.
ROOM_WITHOUT_GATEWAY = 10


class Texting:
    """`start` runs a named task; `changed` tells the live pages."""

    def __init__(
        self, ctx: Context, board: Board, *, start: Callable[..., "asyncio.Task[None]"], changed: Callable[[], None]
    ) -> None:
        self._ctx, self._board, self._start, self._changed = ctx, board, start, changed
        self.bell = Bell()
        self.feeds = Feeds(ctx, board, "sms", start=start, ring=self.bell.ring)
        self.gateways = SmsGateways(ctx, board, start=start, changed=self._moved)
        self.draining = False
        self._texts: dict[str, OneText] = {}

    async def run(self) -> None:
        while True:
            self.round()
            await self.bell.wait(self._pause_s())

    def round(self) -> None:
        now = self._ctx.clock()
        if self.draining:
            return
        busy = Counter(text.intent.request.campaign_id for text in self._texts.values())
        for campaign in self._board.active(now):
            room = self._room(campaign) - busy[campaign.id]
            if room > 0:
                for request in self.feeds.take(campaign, room, now):
                    self._begin(campaign, request)

    async def settled(self, campaign_id: int, timeout_s: float) -> bool:
        """Until no text of the campaign is between its intent and its submit (C6)."""
        return await self._settled(lambda text: text.intent.request.campaign_id == campaign_id, timeout_s)

    async def settled_to(self, addresses: Collection[str], timeout_s: float) -> bool:
        """The same for texts to these numbers; those that an SMSC has refused for now are not tried again."""
        for text in self._texts.values():
            text.barred = text.barred or text.intent.request.address in addresses
        return await self._settled(lambda text: text.barred, timeout_s)

    async def _settled(self, concerns: Callable[[OneText], bool], timeout_s: float) -> bool:
        deadline = asyncio.get_running_loop().time() + timeout_s
        while any(text.leaving and concerns(text) for text in self._texts.values()):
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.002)
        return True

    async def finish(self, timeout_s: float) -> None:
        """Let the texts that were begun come to their answer."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._texts and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    def _room(self, campaign: Campaign) -> int:
        """How many texts of a campaign may be under way: its gateway's window, nothing while it is not bound."""
        if campaign.sms_gateway is None:
            return ROOM_WITHOUT_GATEWAY
        running = self.gateways.get(campaign.sms_gateway)
        if running is None or running.gateway.state is not GatewayState.BOUND:
            return 0
        return running.settings.window

    def _begin(self, campaign: Campaign, request: ContactRequest) -> None:
        name = request.payload.get("gateway") or campaign.sms_gateway or ""
        running = self.gateways.get(name)
        text = self._text(running, name, request) if running else f"the gateway {name!r} does not exist"
        if isinstance(text, str):
            self._start(messages.refuse(self._ctx, request, text), name=f"refuse-{request.id}")
            return
        self._texts[text.intent.message_id] = text
        self._start(self._send(text), name=f"sms-{text.intent.message_id}")

    def _text(self, running: Running, name: str, request: ContactRequest) -> OneText | str:
        """What is to be sent, or why it can't be."""
        if not request.address:  # taken away while the campaign was stopped
            return "the contact has no number for texts any more"
        body = request.payload["text"]
        try:
            split = segments(body, reference=running.gateway.next_reference(request.address))
        except TextTooLongError as fault:
            return str(fault)
        intent = TextIntent(
            message_id=str(ULID()),
            request=request,
            gateway=name,
            sender=request.payload.get("sender") or running.settings.sender,
            text=body,
            encoding=split.encoding.value,
            parts=len(split.parts),
        )
        return OneText(self._ctx, running.gateway, intent, split, may_go=lambda: self._may_go(request))

    def _may_go(self, request: ContactRequest) -> bool:
        now = self._ctx.clock()
        campaign = self._board.campaigns.get(request.campaign_id)
        return (
            not self.draining
            and campaign is not None
            and self._board.may_run(campaign.id, now)
            and window(campaign, request.zone, now).open
        )

    async def _send(self, text: OneText) -> None:
        try:
            await text.send()
        finally:
            del self._texts[text.intent.message_id]
            self._moved()

    def _moved(self) -> None:
        self.bell.ring()
        self._changed()

    def _pause_s(self) -> float:
        """Until the next text is due."""
        now = self._ctx.clock()
        looks = [self.feeds.next_look(campaign.id) for campaign in self._board.active(now)]
        return min([LOOK_AGAIN_S, *(_seconds(now, at) for at in looks if at is not None)])


def _seconds(now: datetime, at: datetime) -> float:
    return max(0.01, (at - now).total_seconds())
