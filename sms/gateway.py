"""An SMS gateway: keeps its binds to an SMSC, gives out slots, submits segments, hands over what comes in."""

import asyncio
import contextlib
import random as randomness
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from dialer.domain.said import Said, marked
from sms import events, status, submission
from sms.awaited import Awaited
from sms.backoff import InARow
from sms.commands import BindType
from sms.framing import PduError
from sms.inbox import Inbox
from sms.journal import LONG_S, SHORT_S, Journal, Kind
from sms.kept import KeptLink
from sms.link import Link
from sms.receipt import Receipt, Reply
from sms.reference import References
from sms.session import SessionError
from sms.settings import Counts, GatewaySettings, GatewayState, GatewayStatus, split
from sms.slots import Slot, Slots
from sms.submission import Accepted, NotSent, OutgoingPart, SubmitResult, Unknown
from sms.text import Segmentation

log = structlog.get_logger(__name__)


async def _no_late_response(_ref: str, _result: SubmitResult) -> None:
    """A caller that does not ask for late responses waits for the receipt."""


class Gateway:
    """`on_receipts` and `on_reply` store what they get: the SMSC is answered only after they return.

    If they raise, or take longer than inbox.HANDLER_TIMEOUT_S, the SMSC is asked to send again; they must bear duplicates.
    `on_late_response(ref, result)` follows a result of Unknown whose answer came after all. `clock` is steady.
    """

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        on_receipts: Callable[[Sequence[Receipt]], Awaitable[None]],
        on_reply: Callable[[Reply], Awaitable[None]],
        on_late_response: Callable[[str, SubmitResult], Awaitable[None]] = _no_late_response,
        on_change: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = randomness.random,
    ) -> None:
        self.settings = settings
        self._journal = Journal(clock)
        self._inbox = Inbox(
            settings.name,
            on_receipts=on_receipts,
            on_reply=on_reply,
            on_late_response=on_late_response,
            alphabet=settings.alphabet,
            note=self._journal.note,
        )
        self._on_change, self._clock, self._chance = on_change, clock, chance
        self._slots = Slots(settings.admission(clock()), clock)
        self._references = References()
        self._awaited = Awaited(settings.response_timeout_s)
        self._stopping, self._refused, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._stopping_or_refused = asyncio.Event()
        self._over.set()
        self._throttles, self._held = InARow(), ""
        self._counts = Counts()
        self._binds = [self._kept(kind) for kind in settings.bind_types()]

    # -- for the engine --------------------------------------------------------------------------------------------

    @property
    def state(self) -> GatewayState:
        if self._stopping.is_set():
            return GatewayState.STOPPED
        if self._refused.is_set():
            return GatewayState.REFUSED
        if not any(kept.is_bound for kept in self._foremost):
            connecting = any(kept.is_connecting for kept in self._foremost)
            return GatewayState.CONNECTING if connecting else GatewayState.DOWN
        return GatewayState.THROTTLED if self._slots.is_held else GatewayState.BOUND

    @property
    def is_bound(self) -> bool:
        """Bound, if only to be held back."""
        return self.state in {GatewayState.BOUND, GatewayState.THROTTLED}

    @property
    def accepted(self) -> int:
        """Segments that the SMSC has taken since this gateway was made."""
        return self._counts.accepted

    @property
    def _foremost(self) -> Sequence[KeptLink]:
        """Those that say how the gateway is: the ones that send, if any does."""
        return [kept for kept in self._binds if kept.sends] or self._binds

    def describe(self) -> GatewayStatus:
        settings, state = self.settings, self.state
        last = max(self._foremost, key=lambda kept: (kept.is_bound == (state is GatewayState.BOUND), kept.since))
        return GatewayStatus(
            name=settings.name,
            address=f"{settings.host}:{settings.port}",
            state=state,
            reason=self._held if state is GatewayState.THROTTLED else last.reason,
            since=last.since,
            window=settings.window,
            in_flight=sum(kept.in_flight for kept in self._binds),
            binds=tuple(kept.describe() for kept in self._binds),
            now=self._clock(),
            rates=(self._journal.rate(SHORT_S), self._journal.rate(LONG_S)),
            refusals=self._journal.refusals,
            events=self._journal.events,
            counts=replace(
                self._counts,
                receipts=self._inbox.receipts,
                replies=self._inbox.replies,
                unreadable=self._inbox.unreadable,
            ),
        )

    def split(self, text: str, destination: str) -> Segmentation:
        """`text` as this SMSC wants it. Raises TextTooLongError."""
        made = split(self.settings, text)
        # Destinations are remembered only of texts that need a reference, which few do.
        return made if len(made.parts) == 1 else split(self.settings, text, self._references.next(destination))

    def slot(self) -> Slot:
        """`async with gateway.slot():` waits for window, rate and a bound link; one `submit` may follow inside.

        Raises GatewayStoppedError once the gateway stops. A slot that is left without a submit costs nothing.
        """
        return self._slots.slot()

    def submit(self, part: OutgoingPart) -> "asyncio.Future[SubmitResult]":
        """Write one segment, inside a slot; its answer. Raises SlotError, ValueError for a `ref` in use."""
        Slot.use(self._slots)
        self._awaited.check_free(part.ref)
        answer: asyncio.Future[SubmitResult] = asyncio.get_running_loop().create_future()
        if (link := self._roomiest()) is None:
            answer.set_result(NotSent(marked("the link is down")))
            return answer
        try:
            link.submit(part.ref, submission.command(part, self.settings.sender, self.settings.addressing))
        except SessionError as fault:
            answer.set_result(NotSent(str(fault)))
        except PduError as fault:
            known = replace(status.status(fault.status), kind=status.Kind.PERMANENT)
            answer.set_result(submission.refusal(known, str(fault)))
        else:
            self._awaited.add(part.ref, answer)
        return answer

    def _roomiest(self) -> Link | None:
        """Of the binds that send the one with the fewest segments in flight."""
        bound = [kept for kept in self._binds if kept.sends and kept.is_bound]
        return min(bound, key=lambda kept: kept.in_flight).link if bound else None

    async def run(self) -> None:
        """Keep the binds until `stop`, or until cancelled. One that is refused for good ends them all."""
        self._over.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                for kept in self._binds:
                    tasks.create_task(self._keep(kept), name=f"smpp bind {self.settings.name}")
            await self._stopping.wait()
        finally:
            self._slots.close()
            self._stopping.set()
            await self._inbox.close()
            self._over.set()

    async def _keep(self, kept: KeptLink) -> None:
        await kept.run(self._stopping_or_refused)
        if kept.is_refused:  # the others are let in by the same name and password: leave, before the account is blocked
            self._stopping_or_refused.set()
            for other in self._binds:
                other.unbind()

    async def stop(self, deadline_s: float) -> None:
        """Give out no more slots, let what is under way end, unbind; at most `deadline_s` seconds."""
        self._stopping.set()
        self._stopping_or_refused.set()
        self._slots.close()
        deadline = asyncio.get_running_loop().time() + deadline_s
        with contextlib.suppress(TimeoutError):
            # A second is kept back for the unbind.
            async with asyncio.timeout_at(max(deadline - 1.0, deadline - deadline_s / 2)):
                while under_way := self._under_way():
                    await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    await asyncio.sleep(0)
        for kept in self._binds:
            kept.unbind()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._over.wait()
        for kept in self._binds:
            kept.abandon()
        await self._over.wait()

    def _under_way(self) -> list[asyncio.Future[Any]]:
        return [*self._awaited.open, *self._inbox.under_way]

    # -- what happens ----------------------------------------------------------------------------------------------

    def _kept(self, kind: BindType) -> KeptLink:
        settings = self.settings
        return KeptLink(
            settings.endpoint(),
            settings.session(kind),
            settings.reconnect,
            happened=self._happened,
            changed=self._rebound,
            clock=self._clock,
            chance=self._chance,
        )

    def _rebound(self) -> None:
        """A bind came or went."""
        self._slots.set_bound(sum(kept.is_bound for kept in self._binds if kept.sends))
        self._on_change()

    def _happened(self, kept: KeptLink, event: events.Event) -> None:
        match event:
            case events.Answered():
                self._answered(event)
                return  # the bind is as it was
            case events.Unanswered(ref, reason):
                self._counts.unknown += 1
                self._journal.note(Kind.UNKNOWN, reason)
                self._awaited.resolve(ref, Unknown(reason))
            case events.Delivered(sequence, deliver):
                if link := kept.link:  # this one: after a reconnect nobody waits for the answer any more
                    self._inbox.take_in(deliver, partial(link.acknowledge, sequence))
                return  # the bind is as it was
            case events.Bound():
                self._counts.binds += 1
                self._journal.note(Kind.BOUND, kept.told())
            case events.BindRefused(known, hopeless):
                self._journal.note(Kind.BIND_REFUSED, known.told)
                if hopeless:
                    self._refused.set()
            case events.Closed():
                self._journal.note(Kind.CLOSED, kept.told())
            case events.Ignored(reason):
                self._ignored(reason)
        self._slots.set_bound(sum(one.is_bound for one in self._binds if one.sends))

    def _ignored(self, reason: str) -> None:
        if self._journal.note(Kind.IGNORED, reason):
            log.warning("smpp_ignored", gateway=self.settings.name, reason=reason)

    def _answered(self, event: events.Answered) -> None:
        known = event.status
        if known.code == status.OK:
            self._counts.accepted += 1
            self._journal.accepted()
            result: SubmitResult = Accepted(event.message_id)
        else:
            self._counts.refused += 1
            self._journal.refused(known)
            result = submission.refusal(known)
        if known.holds_link:
            self._hold(known)
        else:
            self._slots.processed()
        if not self._awaited.resolve(event.ref, result):
            self._journal.note(Kind.LATE, f"{known.name}, after the response timeout")
            self._inbox.tell_late(event.ref, result)

    def _hold(self, known: status.Status) -> None:
        """Hold the whole link: all messages share what the SMSC is short of."""
        self._counts.throttled += 1
        if self._slots.is_held:  # an answer to what was already under way when the hold began
            return
        now = self._clock()
        pace, seldom = self._slots.throttled() if known.code == status.THROTTLED else (None, False)
        delay = 1 / pace if pace and seldom else self._throttles.delay(self.settings.throttle, now, self._chance())
        self._slots.hold(now + delay)
        told = Said("held for %(seconds)s s: %(why)s", seconds=f"{delay:.1f}", why=known.told)
        self._held = Said("%(what)s; from then on %(pace)s a second", what=told, pace=f"{pace:.3g}") if pace else told
        self._journal.note(Kind.HELD, self._held)
        self._on_change()
