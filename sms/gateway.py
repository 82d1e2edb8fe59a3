"""An SMS gateway: keeps one link to an SMSC bound, gives out slots, submits segments, hands over what comes in."""

import asyncio
import contextlib
import random as randomness
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from math import inf
from typing import Any

import structlog

from sms import events, status, submission
from sms.inbox import Inbox
from sms.link import Link
from sms.pdu import PduError
from sms.receipt import Receipt, Reply
from sms.reference import References
from sms.session import SessionError
from sms.settings import Counts, GatewaySettings, GatewayState, GatewayStatus, split
from sms.slots import Slot, Slots
from sms.submission import Accepted, NotSent, OutgoingPart, SubmitResult, Unknown
from sms.text import Segmentation

log = structlog.get_logger(__name__)

# A link that lived as long was no failure; the next reconnect is prompt again.
STABLE_S = 10.0
# Beyond the session's own response timeout, which is what ends a submission.
_GRACE_S = 5.0


async def _no_late_response(_ref: str, _result: SubmitResult) -> None:
    """A caller that does not ask for late responses waits for the receipt."""


class Gateway:
    """`on_receipt` and `on_reply` store what they get: the SMSC is answered only after they return.

    If they raise, or take longer than inbox.HANDLER_TIMEOUT_S, the SMSC is asked to send again; they must bear duplicates.
    `on_late_response(ref, result)` follows a result of Unknown whose answer came after all. `clock` is steady.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        on_receipt: Callable[[Receipt], Awaitable[None]],
        on_reply: Callable[[Reply], Awaitable[None]],
        on_late_response: Callable[[str, SubmitResult], Awaitable[None]] = _no_late_response,
        on_change: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = randomness.random,
    ) -> None:
        self.settings = settings
        self._inbox = Inbox(
            settings.name,
            on_receipt=on_receipt,
            on_reply=on_reply,
            on_late_response=on_late_response,
            alphabet=settings.alphabet,
        )
        self._on_change, self._clock, self._chance = on_change, clock, chance
        self._slots = Slots(settings.admission(clock()), clock)
        self._references = References()
        self._link: Link | None = None
        self._waiting: dict[str, asyncio.Future[SubmitResult]] = {}
        self._serving: asyncio.Task[None] | None = None
        self._stopping, self._over = asyncio.Event(), asyncio.Event()
        self._over.set()
        self._refused = False
        self._failures, self._throttles = 0, 0
        self._bound_at, self._calm_at = 0.0, 0.0
        self._reason, self._held, self._since = "not started", "", clock()
        self._counts = Counts()

    # -- for the engine --------------------------------------------------------------------------------------------

    @property
    def state(self) -> GatewayState:
        if self._stopping.is_set():
            return GatewayState.STOPPED
        if self._refused:
            return GatewayState.REFUSED
        if self._link is None:
            return GatewayState.DOWN
        if not self._link.is_bound:
            return GatewayState.CONNECTING
        return GatewayState.THROTTLED if self._slots.is_held else GatewayState.BOUND

    def describe(self) -> GatewayStatus:
        settings, state = self.settings, self.state
        return GatewayStatus(
            name=settings.name,
            address=f"{settings.host}:{settings.port}",
            state=state,
            reason=self._held if state is GatewayState.THROTTLED else self._reason,
            since=self._since,
            window=settings.window,
            in_flight=self._link.in_flight if self._link else 0,
            counts=replace(
                self._counts,
                receipts=self._inbox.receipts,
                replies=self._inbox.replies,
                unreadable=self._inbox.unreadable,
            ),
        )

    def split(self, text: str, destination: str) -> Segmentation:
        """`text` as this SMSC wants it. Raises TextTooLongError."""
        return split(self.settings, text, self._references.next(destination))

    def slot(self) -> Slot:
        """`async with gateway.slot():` waits for window, rate and a bound link; one `submit` may follow inside.

        Raises GatewayStoppedError once the gateway stops. A slot that is left without a submit costs nothing.
        """
        return self._slots.slot()

    async def submit(self, part: OutgoingPart) -> SubmitResult:
        """Send one segment, inside a slot, and wait for its answer. Raises SlotError, ValueError for a `ref` in use."""
        Slot.use(self._slots)
        if part.ref in self._waiting:
            raise ValueError(f"{part.ref} is in flight already")
        if self._link is None:
            return NotSent("the link is down")
        answer: asyncio.Future[SubmitResult] = asyncio.get_running_loop().create_future()
        self._waiting[part.ref] = answer
        try:
            self._link.submit(part.ref, submission.command(part, self.settings.sender, self.settings.addressing))
            async with asyncio.timeout(self.settings.response_timeout_s + _GRACE_S):
                return await answer
        except SessionError as fault:
            return NotSent(str(fault))
        except PduError as fault:
            return submission.refusal(replace(status.status(fault.status), kind=status.Kind.PERMANENT), str(fault))
        except TimeoutError:
            return Unknown("no answer")
        finally:
            del self._waiting[part.ref]

    async def run(self) -> None:
        """Keep the link bound until `stop`, or until cancelled."""
        self._over.clear()
        try:
            while not self._stopping.is_set() and not self._refused:
                await self._serve_link()
                if not self._refused:
                    delay = self.settings.reconnect.delay(self._failures, self._chance())
                    await self._wait_for_stop(delay)
            await self._stopping.wait()
        finally:
            self._slots.close()
            self._stopping.set()
            await self._inbox.close()
            self._over.set()

    async def stop(self, deadline_s: float) -> None:
        """Give out no more slots, let what is under way end, unbind; at most `deadline_s` seconds."""
        self._stopping.set()
        self._slots.close()
        deadline = asyncio.get_running_loop().time() + deadline_s
        with contextlib.suppress(TimeoutError):
            # A second is kept back for the unbind.
            async with asyncio.timeout_at(max(deadline - 1.0, deadline - deadline_s / 2)):
                while under_way := self._under_way():
                    await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    await asyncio.sleep(0)
        if self._link:
            self._link.unbind()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._over.wait()
        if self._serving:
            # Still connecting, or the SMSC did not answer the unbind.
            self._serving.cancel()
        await self._over.wait()

    def _under_way(self) -> list[asyncio.Future[Any]]:
        return [*self._waiting.values(), *self._inbox.under_way]

    # -- the link --------------------------------------------------------------------------------------------------

    async def _serve_link(self) -> None:
        """One life of the link. How it ended is in `_reason`; `_failures` counts the short lives in a row."""
        settings = self.settings
        self._link = link = Link(
            settings.endpoint(), settings.session(), lambda event: self._happened(link, event), self._clock
        )
        self._bound_at = inf
        self._changed("connecting")
        self._serving = serving = asyncio.create_task(link.run(), name=f"smpp link {settings.name}")
        try:
            await asyncio.wait({serving})
        finally:
            serving.cancel()
            (fault,) = await asyncio.gather(serving, return_exceptions=True)
            self._link = self._serving = None
            self._slots.set_bound(bound=False)
            self._on_change()
        self._failures = 1 if self._clock() - self._bound_at >= STABLE_S else self._failures + 1
        if isinstance(fault, OSError):
            self._changed(f"no connection: {fault or type(fault).__name__}")
        elif isinstance(fault, Exception):
            raise fault

    async def _wait_for_stop(self, delay: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._stopping.wait()

    def _changed(self, reason: str) -> None:
        self._reason, self._since = reason, self._clock()
        self._on_change()

    def _count(self, **more: int) -> None:
        self._counts = replace(self._counts, **{name: getattr(self._counts, name) + by for name, by in more.items()})

    # -- what happens ----------------------------------------------------------------------------------------------

    def _happened(self, link: Link, event: events.Event) -> None:
        match event:
            case events.Answered():
                self._answered(event)
            case events.Unanswered(ref, reason):
                self._count(unknown=1)
                self._resolve(ref, Unknown(reason))
            case events.Delivered(sequence, deliver):
                self._inbox.take_in(deliver, lambda code: link.acknowledge(sequence, code))
            case events.Bound(system_id):
                self._count(binds=1)
                self._bound_at = self._clock()
                self._changed(f"bound to {system_id}" if system_id else "bound")
                self._slots.set_bound(bound=True)
            case events.BindRefused(hopeless=hopeless):
                self._refused = hopeless
            case events.Closed(reason):
                self._slots.set_bound(bound=False)
                self._changed(reason)
            case events.Ignored(reason):
                log.warning("smpp_ignored", gateway=self.settings.name, reason=reason)

    def _answered(self, event: events.Answered) -> None:
        known = event.status
        if known.code == status.OK:
            self._count(accepted=1)
            result: SubmitResult = Accepted(event.message_id)
        else:
            self._count(refused=1)
            result = submission.refusal(known)
        if known.holds_link:
            self._hold(known)
        if not self._resolve(event.ref, result):
            self._inbox.tell_late(event.ref, result)

    def _resolve(self, ref: str, result: SubmitResult) -> bool:
        """Give the waiting caller its result; False when nobody waits."""
        answer = self._waiting.get(ref)
        if answer is None or answer.done():
            return False
        answer.set_result(result)
        return True

    def _hold(self, known: status.Status) -> None:
        """Hold the whole link: all messages share what the SMSC is short of."""
        self._count(throttled=1)
        if self._slots.is_held:
            # An answer to what was already under way when the hold began.
            return
        now = self._clock()
        self._throttles = self._throttles + 1 if now < self._calm_at else 1
        delay = self.settings.throttle.delay(self._throttles, self._chance())
        self._calm_at = now + 3 * delay
        self._slots.hold(now + delay)
        self._held = f"held for {delay:.1f} s: {known.name}, {known.meaning}"
        self._on_change()
