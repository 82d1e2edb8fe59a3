"""The SMS gateways of this node: one link to an SMSC for each that is stored, and what comes in from it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dialer.domain.campaign import Campaign
from dialer.domain.gateway import SmsGateway
from dialer.domain.said import Said
from dialer.domain.transitions import MessageStatus
from dialer.engine.board import Board
from dialer.engine.gateway_view import view
from dialer.engine.replying import Replying
from dialer.engine.text_log import TextLog
from dialer.engine.trying import Trying
from dialer.operations.context import Context
from dialer.operations.message_rows import PartNews, ReceiptNews
from dialer.operations.text_settings import gateway_settings
from sms.gateway import Gateway
from sms.receipt import MessageState, Receipt, Reply, keys
from sms.submission import Accepted, NotSent, Refused, SubmitResult

STOP_S = 5.0

_STATES = {
    MessageState.DELIVERED: MessageStatus.DELIVERED,
    MessageState.EXPIRED: MessageStatus.EXPIRED,
    MessageState.REJECTED: MessageStatus.REJECTED,
}


@dataclass(slots=True)
class Running:
    """A gateway at work, and the settings it was made from."""

    settings: SmsGateway
    gateway: Gateway
    task: "asyncio.Task[None]"


class SmsGateways:
    """`start` runs a named task; `changed` is called when a gateway's state may have changed."""

    def __init__(
        self,
        ctx: Context,
        board: Board,
        log: TextLog,
        *,
        start: Callable[..., "asyncio.Task[None]"],
        changed: Callable[[], None],
    ) -> None:
        self._ctx, self._board, self._log, self._start, self._changed = ctx, board, log, start, changed
        self._running: dict[str, Running] = {}
        self.replying = Replying(ctx, self, start=start)
        self.trying = Trying(ctx, self, start=start)
        self._loading = asyncio.Lock()  # stopping a gateway takes its time, and another may be edited meanwhile

    def get(self, name: str) -> Running | None:
        return self._running.get(name)

    def of(self, name: str) -> Gateway | None:
        running = self._running.get(name)
        return running.gateway if running else None

    def pick(self, campaign: Campaign) -> str:
        """The gateway that texts of no gateway of their own leave by: the first of the campaign's that is bound, else its first.

        "" if none is named. One that holds back because its SMSC asked for it is bound: it takes the text soon.
        """
        names = campaign.sms_gateways
        return next((name for name in names if (found := self.of(name)) and found.is_bound), names[0] if names else "")

    async def load(self) -> None:
        """Start what is new, stop what is gone, restart what was edited so that its links change."""
        async with self._loading:
            for name in [name for name in self._running if name not in self._board.sms]:
                await self._stop(self._running.pop(name))
            for name, settings in self._board.sms.items():
                before = self._running.get(name)
                if before is not None and gateway_settings(name, before.settings) == gateway_settings(name, settings):
                    before.settings = settings
                else:
                    self._running[name] = self._begin(name, settings, before)

    def _begin(self, name: str, settings: SmsGateway, before: Running | None) -> Running:
        """It is there at once: texts wait for it while the one `before`, which may be all that the SMSC allows, ends."""
        gateway = self._make(name, settings)

        async def run() -> None:
            if before is not None:
                await self._stop(before)
            await gateway.run()

        return Running(settings, gateway, self._start(run(), name=f"smpp-{name}"))

    async def stop(self) -> None:
        """Let what is under way end, and unbind."""
        await asyncio.gather(*(self._stop(running) for running in self._running.values()))

    async def _stop(self, running: Running) -> None:
        await running.gateway.stop(STOP_S)
        await running.task

    def snapshot(self) -> list[dict[str, Any]]:
        statuses = {name: running.gateway.describe() for name, running in self._running.items()}
        return [
            {"id": name, "kind": "sms", "state": status.state.value, "reason": status.reason}
            for name, status in statuses.items()
        ]

    def status(self, name: str) -> dict[str, Any] | None:
        """All that an SMS gateway tells about itself, see gateway_view.py; None if it does not run here."""
        gateway = self.of(name)
        return view(gateway.describe(), gateway.settings, self._ctx.clock()) if gateway else None

    def why_no_text(self, name: str) -> str | None:
        """As `EngineSignals` has it."""
        gateway = self.of(name)
        if gateway is None:
            return Said("does not run in this process")
        why = gateway.describe().reason or Said("not bound yet")
        return None if gateway.is_bound else Said("is %(state)s: %(why)s", state=Said(gateway.state.value), why=why)

    def _make(self, name: str, settings: SmsGateway) -> Gateway:
        async def on_receipts(receipts: Sequence[Receipt]) -> None:
            if final := [_told(name, receipt) for receipt in receipts if receipt.final]:
                await self._log.receive(final)

        async def on_reply(reply: Reply) -> None:
            await self.replying.take_in(name, reply)

        async def on_late_response(ref: str, result: SubmitResult) -> None:
            if await self.replying.take_late(ref, result) or await self.trying.take_late(ref, result):
                return
            message_id, part = read_reference(ref)
            await self._log.record(name, news(message_id, part, result))

        return Gateway(
            gateway_settings(name, settings),
            on_receipts=on_receipts,
            on_reply=on_reply,
            on_late_response=on_late_response,
            on_change=self._changed,
        )


def reference(message_id: str, part: int) -> str:
    """What a part is called between us and the gateway."""
    return f"{message_id}.{part}"


def read_reference(ref: str) -> tuple[str, int]:
    message_id, _, part = ref.partition(".")
    return message_id, int(part)


def _told(gateway: str, receipt: Receipt) -> ReceiptNews:
    status = _STATES.get(receipt.state, MessageStatus.UNDELIVERED)
    error = None if status is MessageStatus.DELIVERED else f"{receipt.state.value} {receipt.error}".strip()
    return ReceiptNews(gateway, receipt.keys, receipt.destination, status, error)


def news(message_id: str, part: int, result: SubmitResult) -> PartNews:
    """What the answer to a submit means for the part."""
    if isinstance(result, Accepted):
        return PartNews(message_id, part, MessageStatus.SUBMITTED, names=keys(result.smsc_id))
    if isinstance(result, Refused):
        told = Said("%(code)s: %(meaning)s", code=result.name, meaning=result.reason)
        return PartNews(message_id, part, MessageStatus.FAILED, error=told)
    if isinstance(result, NotSent):
        return PartNews(message_id, part, MessageStatus.FAILED, error=Said("not sent: %(why)s", why=result.reason))
    return PartNews(message_id, part, MessageStatus.LOST, error=Said("no answer: %(why)s", why=result.reason))
