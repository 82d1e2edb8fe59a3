"""Sending one text: a slot of the gateway first, then the intent, then submit, part by part (protocol steps 3 to 6)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dialer.domain.said import Said, marked
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

# A part that the SMSC refused for now is certainly not sent, so it is tried again; the gateway holds the link meanwhile. So
# many refusals are enough if the SMSC took others in between; while it takes nothing at all, none of them is about this text.
TRIES = 5
PATIENCE = timedelta(hours=1)
#: So soon after its first part a text is completed, whatever stops it meanwhile: half a text helps nobody. Later, as in the
#: night after a link was down, its other parts are asked about like a new text.
COMPLETED_WITHIN = timedelta(seconds=60)


@dataclass
class OneText:
    """`may_go` checks again at the last moment, `validity` says for how long the SMSC may try. `accepted` is told with the campaign.

    `leaving`: a submit is being written right now. `may_leave_by_another`: no step has said which gateway it leaves by.
    """

    ctx: Context
    log: TextLog
    gateway: Gateway
    intent: TextIntent
    split: Segmentation
    may_go: Callable[[], bool]
    validity: Callable[[], timedelta]
    accepted: Callable[[int], None] = lambda _campaign_id: None
    may_leave_by_another: bool = False
    leaving: bool = False
    barred: bool = False  # its number has come onto a do-not-contact list: no further try
    committed: bool = field(default=False, init=False)
    begun_at: datetime | None = field(default=None, init=False)  # when a part was, or may have been, taken by the SMSC
    asked_at: datetime = field(init=False)  # when the store was asked whether it may go
    was_put_back: bool = field(default=False, init=False)
    _task: "asyncio.Task[None] | None" = field(default=None, init=False)
    _waits: bool = field(default=False, init=False)  # for a slot
    _diverted: bool = field(default=False, init=False)

    @property
    def begun(self) -> bool:
        return self.begun_at is not None

    def divert(self) -> None:
        """Its gateway's link is gone: if nothing of it has left it goes back into the queue, where another gateway may take it."""
        may_turn = self.committed or self.may_leave_by_another
        if self._task is not None and self._waits and not self.begun and may_turn and not self._diverted:
            self._diverted = True
            self._task.cancel()

    async def send(self) -> None:
        self._task = asyncio.current_task()
        try:
            for part in self.split.parts:
                result = await self._send(part)
                if result is None:
                    return
                if not isinstance(result, Accepted | Unknown):
                    await self._fail(
                        self.split.parts[part.number :], Said("part %(part)s was refused", part=part.number)
                    )
                    return
        except GatewayStoppedError:
            await self._stopped(marked("the gateway was stopped"))
        except asyncio.CancelledError:
            if self._task is None or not self._diverted or self._task.uncancel():
                raise
            await self._stopped(marked("the link to the SMSC was lost"))

    async def _send(self, part: Part) -> SubmitResult | None:
        """The recorded answer; None if nothing was sent and nothing will be now."""
        tries = 0
        while tries < TRIES:
            accepted = self.gateway.accepted
            self._waits = True
            async with self.gateway.slot():
                self._waits = False
                if not await (self._go_on() if self.committed else self._commit()):
                    return None
                result = await self._submit(part)
            if isinstance(result, Accepted) and part.number == 1:
                self.accepted(self.intent.request.campaign_id)
            if not self.begun and isinstance(result, Accepted | Unknown):
                self.begun_at = self.ctx.clock()
            if isinstance(result, NotSent) and not self.begun:
                await messages.withdraw(self.ctx, self.intent, result.reason)
                return None
            if isinstance(result, Accepted | Unknown) or not _for_now(result):
                break
            is_about_it = self.gateway.accepted > accepted or self.ctx.clock() - self.asked_at > PATIENCE
            tries += is_about_it
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
        """Whether it may be tried, or gone on with; a text that was begun a moment ago is completed."""
        is_being_completed = self.begun_at is not None and self.ctx.clock() - self.begun_at <= COMPLETED_WITHIN
        may_leave = is_being_completed or await leaving.in_time(self.ctx, self.intent.request, self.asked_at)
        self.leaving = is_being_completed or (may_leave and self.may_go() and not self.barred)
        if not self.leaving:
            await self._stopped(marked("stopped before the SMSC took it"))
        return self.leaving

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

    async def _fail(self, parts: Sequence[Part], why: str) -> None:
        """Those of them that the SMSC has not taken; the others stay as they are."""
        for part in parts:
            part_news = PartNews(self.intent.message_id, part.number, MessageStatus.FAILED, error=why)
            await self.log.record(self.intent.gateway, part_news)

    async def _stopped(self, why: str) -> None:
        """It can't go on: what was begun has failed, what was not goes back into the queue."""
        if not self.committed:
            await attempts.put_back(self.ctx, [self.intent.request])
            self.was_put_back = True
        elif not self.begun:
            await messages.withdraw(self.ctx, self.intent, why)
        else:
            await self._fail(self.split.parts, why)


def _for_now(result: SubmitResult) -> bool:
    """Certainly not sent, and the same may succeed later."""
    return isinstance(result, NotSent) or (isinstance(result, Refused) and result.kind is Kind.TEMPORARY)
