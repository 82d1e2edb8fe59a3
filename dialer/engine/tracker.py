"""The calls of this node: facts from Asterisk's events in, state and outcome into the store, claims on agents given back."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from dialer.domain.calls import Call, attempt_of
from dialer.domain.ending import CallResult
from dialer.domain.telephony import Event, LiveState
from dialer.domain.transitions import AttemptState
from dialer.engine.bell import Bell, until
from dialer.engine.breakers import Breakers
from dialer.engine.tally import Tally, Tracked
from dialer.operations import attempts
from dialer.operations.context import Context

# So many news are written in one transaction at most.
BATCH = 32
# News are gathered for so long: one transaction for several, so that intents find the writer free.
GATHER_S = 0.05


class Watch:
    """Who wants to know how calls go: each is told once for a call, `ended` of all of them."""

    def sent(self, one: Tracked) -> None:
        """Its Originate was answered, or given up: it may have left."""

    def connected(self, one: Tracked, call: Call) -> None:
        """An agent has taken the call."""

    def ended(self, one: Tracked, result: CallResult) -> None:
        """The call is over; `connected` was told before, if an agent took it."""


class Tracker:
    """`changed`: an agent's claim may have come free. `breakers` are told what calls say of trunks, `watches` how they go."""

    def __init__(self, ctx: Context, changed: Callable[[], None], breakers: Breakers, *watches: Watch) -> None:
        self._ctx, self._changed, self._breakers, self._watches = ctx, changed, breakers, watches
        self._calls: dict[str, Tracked] = {}
        self._tally = Tally()
        self._marks: dict[str, Call] = {}
        self._news = Bell()

    # -- asked by the dialing loop and the pages ------------------------------------------------------------------

    def __iter__(self) -> Iterator[Tracked]:
        return iter(self._calls.values())

    @property
    def number_of_calls(self) -> int:
        return len(self._calls)

    def in_flight(self) -> Mapping[str, int]:
        """By queue: calls of ours that the queue does not show yet; queues without any may be missing."""
        return self._tally.in_flight

    def calling(self, queue: str) -> set[int]:
        """The campaigns whose calls are among those."""
        return {campaign_id for name, campaign_id in self._tally.calling if name == queue}

    def of_campaign(self, campaign_id: int) -> int:
        """Calls of a campaign that go on, talking ones included."""
        return self._tally.campaigns[campaign_id]

    def of_gateway(self, name: str) -> int:
        return self._tally.gateways[name]

    def goes_on(self, attempt_id: str) -> bool:
        one = self._calls.get(attempt_id)
        return one is not None and one.goes_on

    def is_calling(self, number: str) -> bool:
        """The same number is never in two calls at once (D6)."""
        return number in self._tally.numbers

    def is_calling_for(self, request_id: int) -> bool:
        """For people who ask: it goes through all calls."""
        return any(one.request_id == request_id for one in self._calls.values())

    def is_barred(self, attempt_id: str) -> bool:
        one = self._calls.get(attempt_id)
        return one is not None and one.barred

    def snapshot(self) -> list[dict[str, Any]]:
        return [
            {
                "attempt_id": one.call.attempt_id,
                "campaign_id": one.campaign_id,
                "contact_id": one.contact_id,
                "number": one.number,
                "queue": one.queue,
                "agent": one.call.agent or None,
                "state": one.call.state,
                "since": one.call.intended_at.isoformat(),
            }
            for one in self._calls.values()
            if one.goes_on
        ]

    # -- told by the dialing loop ---------------------------------------------------------------------------------

    def expect(self, intent: attempts.Intent, now: datetime) -> None:
        """A call that is about to be committed: it has a claim on an agent from this moment on."""
        request = intent.request
        call = Call(intent.attempt_id, now, agent=intent.agent)
        ids, way = (request.campaign_id, request.contact_id), (intent.queue, intent.gateway)
        self._add(Tracked(call, *ids, request.address, *way, request_id=request.id))

    def forget(self, attempt_id: str) -> None:
        """It will not be dialed."""
        if one := self._calls.get(attempt_id):
            self._breakers.never_left(one.gateway, attempt_id)
        self._remove(attempt_id)
        self._progressed()

    def update(self, attempt_id: str, change: Callable[[Call], Call]) -> None:
        """What became of its Originate."""
        if one := self._calls.get(attempt_id):
            if not one.sent:
                one.sent = True
                for watch in self._watches:
                    watch.sent(one)
            self._set(one, change(one.call))

    # -- told by Asterisk -----------------------------------------------------------------------------------------

    def clock_set(self, by: timedelta) -> None:
        for one in self._calls.values():
            one.call = one.call.shifted(by)
        self._marks = {attempt_id: call.shifted(by) for attempt_id, call in self._marks.items()}
        self._news.ring()

    def apply(self, event: Event, now: datetime) -> None:
        attempt_id = attempt_of(event)
        one = self._calls.get(attempt_id) if attempt_id else None
        if one is not None:
            self._set(one, one.call.told(event, now))

    async def resync(self, live: LiveState, now: datetime) -> None:
        """The link is back, or the process is new: match what is open with the live channels (protocol step 7)."""
        for one in list(self._calls.values()):
            if one.sent or one.call.dialing_at is not None:
                self._set(one, one.call.reconcile(live, now))
        for row, call in await attempts.unfinished(self._ctx):
            if call.attempt_id not in self._calls:
                ids, way = (row.campaign_id, row.contact_id), (row.queue, row.gateway)
                one = Tracked(call, *ids, row.number, *way, sent=True, request_id=row.request_id)
                self._add(one)
                self._set(one, call.reconcile(live, now))

    def _set(self, one: Tracked, call: Call) -> None:
        before = one.call
        if call is before:  # no news
            return
        if is_kept := (state := call.state) in _KEPT and state is not before.state:
            self._marks[call.attempt_id] = call
            for watch in self._watches:
                watch.connected(one, call)
        has_moved = self._tally.change(one, call)
        if has_rung := _rang(call) and not _rang(before):
            self._breakers.rang(one.gateway, call.attempt_id, _ids(one))
        if is_ending := call.attempt_id in self._tally.finishing:
            self._tell_end(one)
        if is_kept or is_ending:
            self._news.ring()
        if has_moved or is_kept or has_rung:
            self._changed()

    def _tell_end(self, one: Tracked) -> None:
        """At once, before the end is written: the next call must not leave by a trunk that fails."""
        if not one.told and one.call.finished(self._ctx.clock()):
            one.told, result = True, one.call.result()
            one.spared = self._breakers.ended(one.gateway, one.call.attempt_id, result, _ids(one))
            for watch in self._watches:
                watch.ended(one, result)

    def _add(self, one: Tracked) -> None:
        self._calls[one.call.attempt_id] = one
        self._tally.add(one)

    def _remove(self, attempt_id: str) -> None:
        if one := self._calls.pop(attempt_id, None):
            self._tally.remove(one)

    def _progressed(self) -> None:
        self._news.ring()
        self._changed()

    # -- the store ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write marks and outcomes as they come, until cancelled."""
        while True:
            await self._news.wait(self._next_finish())
            await asyncio.sleep(GATHER_S)  # first: the end of one call is the moment of the next one's intent
            await self.write()

    async def write(self) -> None:
        """Write what has become certain by now."""
        while True:
            now = self._ctx.clock()
            ended = [one for one in self._tally.finishing.values() if one.call.finished(now)][:BATCH]
            for one in ended:
                self._tell_end(one)
            closing = {one.call.attempt_id for one in ended}
            marks = [self._marks.pop(i) for i in list(self._marks)[:BATCH]]
            if not ended and not marks:
                return
            marks = [call for call in marks if call.attempt_id not in closing]
            results = [(one.call.attempt_id, one.call.result()) for one in ended]
            spared = {one.call.attempt_id for one in ended if one.spared}
            await attempts.record(self._ctx, marks, results, spared)
            for attempt_id in closing:
                self._remove(attempt_id)
            self._changed()

    def _next_finish(self) -> float | None:
        dues = [due for one in self._tally.finishing.values() if (due := one.call.finish_due()) is not None]
        return max(0.0, (min(dues) - self._ctx.clock()).total_seconds()) if dues else None

    async def settled(self, campaign_id: int, timeout_s: float) -> bool:
        """Until no call of the campaign is between its intent and the first sign of its channel (C6)."""
        return await self._settled(lambda one: one.campaign_id == campaign_id, timeout_s)

    async def settled_to(self, addresses: Collection[str], timeout_s: float) -> bool:
        """The same for calls to these numbers, of whatever campaign; those that were not sent yet are not sent any more."""
        for one in self._calls.values():
            one.barred = one.barred or one.number in addresses
        return await self._settled(lambda one: one.number in addresses, timeout_s)

    async def _settled(self, concerns: Callable[[Tracked], bool], timeout_s: float) -> bool:
        return await until(
            lambda: not any(concerns(one) and _is_leaving(one) for one in self._calls.values()), timeout_s
        )


# Worth a write of its own: what a restart can't learn from the live channels, who talked with whom.
_KEPT = frozenset({AttemptState.CONNECTED})


def _rang(call: Call) -> bool:
    """Somebody behind the trunk was reached."""
    return call.ringing_at is not None or call.answered_at is not None


def _ids(one: Tracked) -> dict[str, int]:
    return {"campaign": one.campaign_id, "contact": one.contact_id}


def _is_leaving(one: Tracked) -> bool:
    call = one.call
    return one.goes_on and call.channel_at is None and call.response_at is None
