"""One bind of a gateway that is kept: it connects, binds, serves, and comes back with growing waits."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from dialer.domain.said import Said, marked
from sms import events
from sms.backoff import Backoff
from sms.commands import BindType
from sms.link import Endpoint, Link
from sms.session import SessionSettings

# A link that lived as long was no failure; the next reconnect is prompt again.
STABLE_S = 10.0


@dataclass(frozen=True, slots=True)
class BindStatus:
    """`since`: the clock's time of the last change."""

    type: str
    is_bound: bool
    reason: str
    since: float
    in_flight: int


class KeptLink:
    """`happened(self, event)` is told of what the SMSC says, `changed` of each change of the bind. `clock` is steady."""

    def __init__(
        self,
        endpoint: Endpoint,
        settings: SessionSettings,
        reconnect: Backoff,
        *,
        happened: "Callable[[KeptLink, events.Event], None]",
        changed: Callable[[], None],
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._endpoint, self._reconnect = endpoint, reconnect
        self._happened, self._on_change, self._clock, self._chance = happened, changed, clock, chance
        self._link: Link | None = None
        self._serving: asyncio.Task[None] | None = None
        self._failures, self._bound_at = 0, inf
        self.reason, self.since = marked("not started"), clock()
        self.is_refused = False

    @property
    def sends(self) -> bool:
        return self.settings.bind.type is not BindType.RECEIVER

    @property
    def is_bound(self) -> bool:
        return self._link is not None and self._link.is_bound

    @property
    def is_connecting(self) -> bool:
        return self._link is not None and not self._link.is_bound

    @property
    def link(self) -> Link | None:
        return self._link

    @property
    def in_flight(self) -> int:
        return self._link.in_flight if self._link else 0

    def describe(self) -> BindStatus:
        return BindStatus(self.settings.bind.type.name.lower(), self.is_bound, self.reason, self.since, self.in_flight)

    def told(self) -> str:
        """The bind and how it is, for people."""
        return f"{self.settings.bind.type.name.lower()}: {self.reason}"

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping`, or until the SMSC says that it will never let us in (`is_refused`)."""
        while not stopping.is_set() and not self.is_refused:
            await self._serve()
            if not self.is_refused:
                delay = self._reconnect.delay(self._failures, self._chance())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await stopping.wait()

    def unbind(self) -> None:
        """Begin to leave."""
        if self._link is not None:
            self._link.unbind()

    def abandon(self) -> None:
        """Still connecting, or the SMSC does not answer the unbind."""
        if self._serving is not None:
            self._serving.cancel()

    async def _serve(self) -> None:
        """One life of the link. How it ended is in `reason`; `_failures` counts the short lives in a row."""
        self._link = link = Link(self._endpoint, self.settings, self._take, self._clock)
        self._bound_at = inf
        self._changed("connecting")
        self._serving = serving = asyncio.create_task(link.run(), name="smpp link")
        try:
            await asyncio.wait({serving})
        finally:
            serving.cancel()
            (fault,) = await asyncio.gather(serving, return_exceptions=True)
            self._link = self._serving = None
            self._on_change()
        self._failures = 1 if self._clock() - self._bound_at >= STABLE_S else self._failures + 1
        if isinstance(fault, OSError):
            self._take(events.Closed(Said("no connection: %(why)s", why=str(fault) or type(fault).__name__)))
        elif isinstance(fault, Exception):
            raise fault

    def _take(self, event: events.Event) -> None:
        match event:
            case events.Bound(system_id):
                self._bound_at = self._clock()
                self._changed(Said("bound to %(name)s", name=system_id) if system_id else marked("bound"))
            case events.BindRefused(hopeless=hopeless):
                self.is_refused = hopeless
            case events.Closed(reason):
                self._changed(reason)
        self._happened(self, event)

    def _changed(self, reason: str) -> None:
        self.reason, self.since = reason, self._clock()
        self._on_change()
