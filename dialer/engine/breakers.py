"""The breakers of the voice gateways, as this process knows them: told by calls, asked by the dialing loop and the pages."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from dialer.domain.ending import CallResult
from dialer.domain.gateway import VoiceGateway
from dialer.domain.outcome import Outcome
from dialer.domain.said import Said
from dialer.operations.context import Context
from dialer.pacing.breaker import LONGEST_WAIT, Breaker, Ended, Verdict, rebuilt, verdict
from dialer.store import attempts
from dialer.store.types import AnyRow

#: What a trunk told before that is too old to hold calls back: twice the longest wait for a probe.
LOOK_BACK = 2 * LONGEST_WAIT

log = structlog.get_logger(__name__)


class Breakers:
    """`gateways` are those of the board, by name. Each breaker is closed until calls tell otherwise."""

    def __init__(self, gateways: Callable[[], Mapping[str, VoiceGateway]], clock: Callable[[], datetime]) -> None:
        self._gateways, self._clock = gateways, clock
        self._breakers: dict[str, Breaker] = {}

    async def recover(self, ctx: Context) -> None:
        """After a restart: as the last calls in the store left them, of whatever node."""
        async with ctx.db.read() as tx:
            rows = await attempts.last_ended(tx, self._clock() - LOOK_BACK)
        by_gateway: dict[str, list[Ended]] = defaultdict(list)
        for row in rows:
            by_gateway[row.gateway].append(Ended(row.id, row.started_at, row.ended_at, verdict(_result(row))))
        for name, ended in by_gateway.items():
            found = rebuilt(self.of(name).after, ended)
            self._set(name, found)
            if not found.is_closed:
                log.warning("breaker_open_still", gateway=name, next_probe_at=_told_at(found.probe_at))

    def of(self, name: str) -> Breaker:
        """With the gateway's setting as it is now; switched off, it is closed."""
        gateway = self._gateways().get(name)
        after, found = gateway.breaker_after if gateway else 0, self._breakers.get(name)
        if found is None or not after:
            return Breaker(after)
        return found if found.after == after else replace(found, after=after)

    def left(self, name: str, attempt_id: str) -> None:
        """A call is about to leave by the gateway."""
        self._set(name, self.of(name).left(attempt_id))

    def never_left(self, name: str, attempt_id: str) -> None:
        self._set(name, self.of(name).never_left(attempt_id))

    def rang(self, name: str, attempt_id: str, ids: Mapping[str, int]) -> None:
        """Somebody behind the trunk answered, or rings. `ids` are said in the log."""
        self._told(name, attempt_id, Verdict.WORKS, ids)

    def ended(self, name: str, attempt_id: str, result: CallResult, ids: Mapping[str, int]) -> bool:
        """Whether the attempt is spared: the trunk failed, and not this once. What rang has told before."""
        what = verdict(result)
        if result.ringing_at is None and result.answered_at is None:
            self._told(name, attempt_id, what, ids)
        return what is Verdict.FAILED and not self.of(name).is_closed

    def clock_set(self, by: timedelta) -> None:
        for name, one in self._breakers.items():
            if one.since is not None and one.probe_at is not None:
                self._breakers[name] = replace(one, since=one.since + by, probe_at=one.probe_at + by)

    def waits(self, now: datetime) -> Iterator[float]:
        """Seconds until the next probes."""
        at = (self.of(name).probe_at for name, one in self._breakers.items() if one.probe_at is not None)
        return ((one - now).total_seconds() for one in at if one is not None and one > now)

    def snapshot(self, name: str, link: str, now: datetime) -> dict[str, str | None]:
        """`{state, reason, breaker, open_since, next_probe_at}`: the state is the link's while the breaker is closed.

        `next_probe_at` is None while a call probes the trunk.
        """
        one = self.of(name)
        state, probe_at = one.state(now), None if one.probe else one.probe_at
        times = {"open_since": _told_at(one.since), "next_probe_at": _told_at(probe_at)}
        if one.since is None:
            return {"state": link, "reason": "", "breaker": state.value, **times}
        probes = Said("the next call probes it at %(at)s UTC", at=f"{probe_at:%H:%M:%S}") if probe_at else None
        reason = Said(
            "Its calls fail because of the trunk. Breaker open since %(since)s UTC; %(next)s.",
            since=f"{one.since:%Y-%m-%d %H:%M:%S}", next=probes or Said("a call is probing it"),
        )  # fmt: skip
        return {"state": f"breaker_{state.value}", "reason": reason, "breaker": state.value, **times}

    def _told(self, name: str, attempt_id: str, what: Verdict, ids: Mapping[str, int]) -> None:
        before, told = self.of(name), {"gateway": name, "attempt": attempt_id, **ids}
        after = before.told(attempt_id, what, self._clock())
        self._set(name, after)
        if before.is_closed and not after.is_closed:
            log.warning("breaker_opened", **told, next_probe_at=_told_at(after.probe_at))
        elif after.is_closed and not before.is_closed:
            log.info("breaker_closed", **told, open_since=_told_at(before.since))
        elif attempt_id == before.probe:
            log.warning("breaker_probe_failed", **told, next_probe_at=_told_at(after.probe_at))

    def _set(self, name: str, breaker: Breaker) -> None:
        self._breakers[name] = breaker


def _result(row: AnyRow) -> CallResult:
    times = (row.ringing_at, row.answered_at, row.connected_at, row.ended_at)
    return CallResult(Outcome(row.outcome), row.cause, row.tech_cause, row.agent, *times, row.reason or "")


def _told_at(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
