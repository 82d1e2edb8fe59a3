"""Who may send next: tasks wait here, first come first served, until the link can take another segment."""

import asyncio
import contextlib
from collections.abc import Callable
from contextvars import ContextVar
from math import inf
from types import TracebackType
from typing import Self

from sms.admission import Admission


class GatewayStoppedError(RuntimeError):
    """The gateway gives out no more slots."""


class SlotError(RuntimeError):
    """A segment was submitted outside a slot, or a second one inside the same."""


class Slot:
    """The right to submit one segment, for the time of an `async with`."""

    _current: ContextVar["Slot | None"] = ContextVar("slot", default=None)

    def __init__(self, slots: "Slots") -> None:
        self._slots = slots
        self.used = False

    async def __aenter__(self) -> Self:
        await self._slots.take()
        self._token = self._current.set(self)
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._current.reset(self._token)
        self._slots.give_back(used=self.used)

    def belongs_to(self, slots: "Slots") -> bool:
        return self._slots is slots

    @classmethod
    def use(cls, slots: "Slots") -> None:
        """Spend the slot that the caller stands in. Raises SlotError."""
        slot = cls._current.get()
        if slot is None or slot.used or not slot.belongs_to(slots):
            raise SlotError("submit one segment inside `async with gateway.slot()`")
        slot.used = True


class Slots:
    def __init__(self, admission: Admission, clock: Callable[[], float]) -> None:
        self._admission = admission
        self._clock = clock
        self._turnstile = asyncio.Lock()
        self._queued = 0  # who wait for their turn
        self._changed = asyncio.Event()
        self._closed = False
        self._rests_from: float | None = None  # nobody wants to send since then, or nobody can

    @property
    def taken(self) -> int:
        return self._admission.taken

    @property
    def is_held(self) -> bool:
        return self._admission.is_held(self._clock())

    def slot(self) -> Slot:
        return Slot(self)

    async def take(self) -> None:
        """Wait for a slot and take it. Raises GatewayStoppedError, also for those who wait already."""
        now = self._clock()
        if self._rests_from is not None and self._admission.bound:
            self._wake(now)
        if not self._queued and not self._closed and self._admission.delay(now) <= 0:
            self._admission.take(now)
            return
        self._queued += 1
        try:
            await self._take_in_turn()
        finally:
            self._queued -= 1

    async def _take_in_turn(self) -> None:
        async with self._turnstile:
            while not self._closed and (delay := self._admission.delay(self._clock())) > 0:
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(None if delay == inf else delay):
                        await self._changed.wait()
            if self._closed:
                raise GatewayStoppedError("the gateway is stopping")
            now = self._clock()
            self._wake(now)
            self._admission.take(now)

    def _wake(self, now: float) -> None:
        if self._rests_from is not None:
            self._admission.learned.rested(now - self._rests_from)
            self._rests_from = None

    def _rest(self) -> None:
        if self._rests_from is None:
            self._rests_from = self._clock()

    def give_back(self, *, used: bool) -> None:
        self._admission.give_back(used=used)
        if not self._admission.taken and not self._queued:
            self._rest()
        self._changed.set()

    def set_bound(self, bound: int) -> None:
        """So many binds send."""
        if bound != self._admission.bound:
            self._admission.bound = bound
            if not bound:
                self._rest()
            self._changed.set()

    def processed(self) -> None:
        """The SMSC took a segment, or refused it for a reason of its own: not because of the rate."""
        self._admission.learned.accept(self._clock())

    def throttled(self) -> tuple[float | None, bool]:
        """The SMSC refused one because of the rate: the segments a second that it is sent from now on, if that is known.

        And whether it does so seldom: then there is nothing to wait for but the next one's turn.
        """
        pace = self._admission.learned.refuse(self._clock())
        return pace, self._admission.learned.seldom

    def hold(self, until: float) -> None:
        """No slots before `until`, for anyone."""
        self._admission.hold(until)
        self._changed.set()

    def close(self) -> None:
        self._closed = True
        self._changed.set()
