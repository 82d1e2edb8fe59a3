"""The texting loop: as many texts as the gateways' windows have room for, for as long as their campaigns may run."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from ulid import ULID

from dialer.domain.campaign import Campaign
from dialer.domain.said import Said, marked
from dialer.engine.bell import Bell, until
from dialer.engine.board import Board
from dialer.engine.feeds import Feeds
from dialer.engine.one_text import OneText
from dialer.engine.sms_gateways import Running, SmsGateways
from dialer.engine.text_log import TextLog
from dialer.operations import attempts, messages
from dialer.operations.context import Context
from dialer.operations.message_rows import TextIntent
from dialer.pacing.gates import text_room
from dialer.pacing.validity import validity
from dialer.store.requests import ContactRequest
from sms.settings import GatewayState
from sms.text import TextTooLongError

LOOK_AGAIN_S = 5.0
#: Texts of a step whose own gateway has no link are looked at again after it.
AWAY = timedelta(seconds=30)


class Texting:
    """`start` runs a named task; `changed` tells the live pages."""

    def __init__(
        self,
        ctx: Context,
        board: Board,
        *,
        start: Callable[..., "asyncio.Task[None]"],
        changed: Callable[[], None],
        accepted: Callable[[int], None] = lambda _campaign_id: None,
    ) -> None:
        self._accepted = accepted
        self._ctx, self.board, self._start, self._changed = ctx, board, start, changed
        self.bell = Bell()
        self.feeds = Feeds(ctx, board, "sms", start=start, ring=self.bell.ring)
        self._log = TextLog(ctx, start=start)
        self.gateways = SmsGateways(ctx, board, self._log, start=start, changed=self._moved)
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
        self._divert()
        busy = self.busy
        for campaign in self.board.active(now):
            gateway = self.gateways.pick(campaign)
            room = self._room(campaign, gateway, busy[campaign.id])
            taken = self.feeds.take(campaign, room, now) if room > 0 else []
            away = []
            for request in taken:
                named = request.payload.get("gateway")
                if named and self._is_away(named):
                    away.append(request)
                else:
                    self._begin(request, named or gateway)
            if away:
                self._start(self._put_off(away, now + AWAY), name=f"sms-away-{campaign.id}")

    def _is_away(self, named: str) -> bool:
        """Whether a step's own gateway is there, and has no link."""
        gateway = self.gateways.of(named)
        return gateway is not None and not gateway.is_bound

    async def _put_off(self, requests: Sequence[ContactRequest], until: datetime) -> None:
        """They would take the room of the campaign's other texts."""
        await attempts.put_off_all(self._ctx, {request.id: until for request in requests})
        self.bell.ring()

    def _divert(self) -> None:
        """Texts that wait for a link that is gone: a gateway may be away for long, and another one of their campaign be there."""
        away = {gateway for gateway in {text.gateway for text in self._texts.values()} if not gateway.is_bound}
        for text in self._texts.values() if away else ():
            if text.gateway in away:
                text.divert()

    async def settled(self, campaign_id: int, timeout_s: float) -> bool:
        """Until no text of the campaign is between its intent and its submit (C6)."""
        return await self._settled(lambda text: text.intent.request.campaign_id == campaign_id, timeout_s)

    async def settled_to(self, addresses: Collection[str], timeout_s: float) -> bool:
        """The same for texts to these numbers; those that an SMSC has refused for now are not tried again."""
        for text in self._texts.values():
            text.barred = text.barred or text.intent.request.address in addresses
        return await self._settled(lambda text: text.barred, timeout_s)

    async def _settled(self, concerns: Callable[[OneText], bool], timeout_s: float) -> bool:
        settled = await until(
            lambda: not any(text.leaving and concerns(text) for text in self._texts.values()), timeout_s
        )
        await asyncio.sleep(0)  # what was submitted in this turn of the loop is written by the next
        return settled

    async def finish(self, timeout_s: float) -> None:
        """Let the texts that were begun come to their answer."""
        await until(lambda: not self._texts, timeout_s)

    @property
    def busy(self) -> Counter[int]:
        """Texts under way, by campaign."""
        return Counter(text.intent.request.campaign_id for text in self._texts.values())

    def is_sending(self, request_id: int) -> bool:
        return any(text.intent.request.id == request_id for text in self._texts.values())

    def _room(self, campaign: Campaign, gateway: str, busy: int) -> int:
        if campaign.sms_gateway is None:
            return text_room(None, busy, bound=True)
        running = self.gateways.get(gateway)
        is_bound = running is not None and running.gateway.state is GatewayState.BOUND
        return text_room(running.settings.room if running else 0, busy, bound=is_bound)

    def _begin(self, request: ContactRequest, name: str) -> None:
        """`name` is the gateway that it leaves by: its step's own, or the campaign's."""
        running = self.gateways.get(name)
        text = (
            self._text(running, name, request)
            if running
            else Said("the gateway %(name)s does not exist", name=repr(name))
        )
        if isinstance(text, str):
            self._start(messages.refuse(self._ctx, request, text), name=f"refuse-{request.id}")
            return
        self._texts[text.intent.message_id] = text
        self._start(self._send(text), name=f"sms-{text.intent.message_id}")

    def _text(self, running: Running, name: str, request: ContactRequest) -> OneText | str:
        """What is to be sent, or why it can't be."""
        if not request.address:  # taken away while the campaign was stopped
            return marked("the contact has no number for texts any more")
        body = request.payload["text"]
        try:
            split = running.gateway.split(body, request.address)
        except TextTooLongError as fault:
            return str(fault)
        intent = TextIntent(
            message_id=str(ULID()),
            request=request,
            gateway=name,
            sender=request.payload.get("sender") or running.settings.sender,
            text=split.text,
            encoding=split.encoding.value,
            parts=len(split.parts),
        )
        return OneText(
            self._ctx,
            self._log,
            running.gateway,
            intent,
            split,
            may_go=lambda: self._may_go(request),
            validity=lambda: self._validity(running, request),
            accepted=self._accepted,
            may_leave_by_another=not request.payload.get("gateway"),
        )

    def _may_go(self, request: ContactRequest) -> bool:
        may_start = self.board.may_start(request, self._ctx.clock())
        return not self.draining and may_start

    def _validity(self, running: Running, request: ContactRequest) -> timedelta:
        now, wanted_s = self._ctx.clock(), request.payload.get("validity_s")
        longest = timedelta(hours=running.settings.longest_validity_h)
        wanted = timedelta(seconds=wanted_s) if wanted_s else None
        return validity(self.board.window(request, now), now, wanted=wanted, longest=longest)

    async def _send(self, text: OneText) -> None:
        try:
            await text.send()
        finally:
            del self._texts[text.intent.message_id]
            if text.was_put_back:
                self.feeds.look_now(text.intent.request.campaign_id)
            self._moved()

    def _moved(self) -> None:
        self.bell.ring()
        self._changed()

    def _pause_s(self) -> float:
        """Until the next text is due."""
        now = self._ctx.clock()
        looks = [self.feeds.next_look(campaign.id) for campaign in self.board.active(now)]
        return min([LOOK_AGAIN_S, *(_seconds(now, at) for at in looks if at is not None)])


def _seconds(now: datetime, at: datetime) -> float:
    return max(0.01, (at - now).total_seconds())
