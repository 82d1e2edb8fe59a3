"""Sending one text: a slot of the gateway first, then the intent, then submit, part by part (protocol steps 3 to 6)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dialer.domain.transitions import MessageStatus
from dialer.engine.sms_gateways import news, reference
from dialer.engine.text_log import TextLog
from dialer.operations import attempts, leaving, messages, unreachable
from dialer.operations.context import Context
from dialer.operations.message_rows import PartNews, TextIntent
from sms.gateway import Gateway
from sms.slots import GatewayStoppedError
from sms.status import Kind
from sms.submission import Accepted, NotSent, OutgoingPart, Refused, SubmitResult, Unknown
from sms.text import Part, Segmentation

# A part that the SMSC refused for now is certainly not sent, so it is tried again; the gateway holds the link meanwhile.
TRIES = 5


@dataclass
class OneText:
    """`may_go` checks again at the last moment, `validity` says for how long the SMSC may try. `accepted` is told with the campaign.

    `leaving`: a submit is being written right now.
    """

    ctx: Context
    log: TextLog
    gateway: Gateway
    intent: TextIntent
    split: Segmentation
    may_go: Callable[[], bool]
    validity: Callable[[], timedelta]
    accepted: Callable[[int], None] = lambda _campaign_id: None
    leaving: bool = False
    barred: bool = False  # its number has come onto a do-not-contact list: no further try
    committed: bool = field(default=False, init=False)
    begun: bool = field(default=False, init=False)  # a part was, or may have been, taken by the SMSC
    asked_at: datetime = field(init=False)  # when the store was asked whether it may go

    async def send(self) -> None:
        try:
            for part in self.split.parts:
                result = await self._send(part)
                if result is None:
                    return
                if not isinstance(result, Accepted | Unknown):
                    await self._give_up_after(part)
                    return
        except GatewayStoppedError:
            await self._stopped()

    async def _send(self, part: Part) -> SubmitResult | None:
        """The recorded answer; None if nothing was sent and nothing will be now."""
        for _ in range(TRIES):
            async with self.gateway.slot():
                if not await (self._go_on() if self.committed else self._commit()):
                    return None
                result = await self._submit(part)
            if isinstance(result, Accepted) and part.number == 1:
                self.accepted(self.intent.request.campaign_id)
            self.begun = self.begun or isinstance(result, Accepted | Unknown)
            if isinstance(result, NotSent) and not self.begun:
                await messages.withdraw(self.ctx, self.intent, result.reason)
                return None
            if isinstance(result, Accepted | Unknown) or not _for_now(result):
                break
        await self.log.record(self.intent.gateway, news(self.intent.message_id, part.number, result))
        return result

    async def _commit(self) -> bool:
        self.leaving, self.asked_at = True, self.ctx.clock()
        if not self.may_go() or not await self.log.intend(self.intent):
            self.leaving = False
            if not await unreachable.refuse_listed(self.ctx, [self.intent.request]):
                await attempts.put_back(self.ctx, [self.intent.request])
            return False
        self.committed = True
        return await self._go_on()

    async def _go_on(self) -> bool:
        """Whether a text whose submits were all refused so far may be tried (again); one that was begun is completed."""
        may_leave = self.begun or await leaving.in_time(self.ctx, self.intent.request, self.asked_at)
        self.leaving = self.begun or (may_leave and self.may_go() and not self.barred)
        if self.leaving:
            return True
        await messages.withdraw(self.ctx, self.intent, "stopped before the SMSC took it")
        return False

    async def _submit(self, part: Part) -> SubmitResult:
        outgoing = OutgoingPart(
            ref=reference(self.intent.message_id, part.number),
            destination=self.intent.request.address,
            payload=part.payload,
            data_coding=self.split.data_coding,
            udh=part.udh,
            source=self.intent.sender,
            tlvs=part.tlvs,
            validity=self.validity(),
        )
        answer = self.gateway.submit(outgoing)
        self.leaving = False  # it is written in this turn of the loop, or has failed
        return await answer

    async def _give_up_after(self, refused: Part) -> None:
        for part in self.split.parts[refused.number :]:
            why = f"part {refused.number} was refused"
            part_news = PartNews(self.intent.message_id, part.number, MessageStatus.FAILED, error=why)
            await self.log.record(self.intent.gateway, part_news)

    async def _stopped(self) -> None:
        """The gateway gives out no more slots: what was begun has failed, what was not goes back into the queue."""
        if not self.committed:
            await attempts.put_back(self.ctx, [self.intent.request])
            return
        if not self.begun:
            await messages.withdraw(self.ctx, self.intent, "the gateway was stopped before the SMSC took it")
            return
        for part in self.split.parts:
            part_news = PartNews(
                self.intent.message_id, part.number, MessageStatus.FAILED, error="the gateway was stopped"
            )
            await self.log.record(self.intent.gateway, part_news)


def _for_now(result: SubmitResult) -> bool:
    """Certainly not sent, and the same may succeed later."""
    return isinstance(result, NotSent) or (isinstance(result, Refused) and result.kind is Kind.TEMPORARY)
