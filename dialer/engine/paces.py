"""Power mode as it runs here: what the calls of each campaign are like, and how much of them may ring (`pacing.power`)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dialer.domain.agents import Agents
from dialer.domain.calls import Call
from dialer.domain.campaign import Campaign, DialingMode
from dialer.domain.ending import CallResult
from dialer.domain.outcome import Outcome
from dialer.engine.board import Board
from dialer.engine.tally import Tracked
from dialer.engine.tracker import Watch
from dialer.pacing.abandonment import AbandonmentMeter
from dialer.pacing.power import Power, Throttle, throttle
from dialer.pacing.recent import Recent

Meter = Callable[[Campaign], AbandonmentMeter]


@dataclass(slots=True)
class _Known:
    """Of one campaign since this process runs it. `limit_percent` is the one that `throttle` was made for."""

    limit_percent: float
    throttle: Throttle
    recent: Recent = field(default_factory=Recent)

    def rang(self, call: Call, until: datetime | None, *, answered: bool) -> None:
        self.recent.rang((until or call.intended_at).timestamp(), _seconds(call.intended_at, until), answered=answered)


class Paces(Watch):
    """Told of calls by the tracker, asked by the dialing loop.

    `calls`: whether a campaign may have a call due. A new process dials progressively until it has seen enough.
    """

    def __init__(self, board: Board, agents: Agents, meter: Meter, calls: Callable[[int], bool]) -> None:
        self._board, self._agents, self._meter, self._calls = board, agents, meter, calls
        self._known: dict[int, _Known] = {}

    # -- told -----------------------------------------------------------------------------------------------------

    def connected(self, one: Tracked, call: Call) -> None:
        if (known := self._of(one.campaign_id)) is not None:
            known.throttle = known.throttle.after(abandoned=False)
            known.rang(call, call.answered_at or call.connected_at, answered=True)
            known.recent.took((call.connected_at or call.intended_at).timestamp(), call.attempt_id)

    def ended(self, one: Tracked, result: CallResult) -> None:
        if (known := self._of(one.campaign_id)) is None:
            return
        call, ended_at = one.call, result.ended_at or one.call.hangup_at
        if result.outcome is Outcome.LOST:
            known.recent.lost(call.attempt_id)
            return
        if call.connected_at is not None:
            busy_s = _seconds(call.connected_at, ended_at) + self._agents.wrap_up(one.queue, call.agent)
            known.recent.kept((ended_at or call.connected_at).timestamp(), call.attempt_id, busy_s)
            return
        abandoned = result.outcome is Outcome.ABANDONED
        known.rang(call, call.answered_at or call.hangup_at, answered=abandoned)
        if abandoned:
            known.throttle = known.throttle.after(abandoned=True)

    def _of(self, campaign_id: int) -> _Known | None:
        """None for campaigns that are not in power mode, or do not run any more."""
        campaign = self._board.campaigns.get(campaign_id)
        if campaign is None or DialingMode.POWER not in campaign.dialing_modes:
            self._known.pop(campaign_id, None)
            return None
        known = self._known.get(campaign_id)
        limit = campaign.most_abandoned_percent
        if known is None:
            known = self._known[campaign_id] = _Known(limit, throttle(limit))
        elif known.limit_percent != limit:
            known.limit_percent, known.throttle = limit, throttle(limit)
        return known

    # -- asked ----------------------------------------------------------------------------------------------------

    def in_power(self, campaign: Campaign) -> bool:
        return self._of(campaign.id) is not None

    def power(self, campaign: Campaign, busy: int, calling: Collection[int], now: datetime) -> Power | None:
        """None for a campaign that is not in power mode. `calling` are the campaigns whose calls are on their way."""
        if (known := self._of(campaign.id)) is None:
            return None
        return Power(
            busy=busy,
            pace=known.recent.pace(now.timestamp()),
            throttle=known.throttle,
            spare=self._meter(campaign).allowance,
            lines_per_agent=campaign.lines_per_agent,
            shared=self._is_shared(campaign, calling),
        )

    @staticmethod
    def shown(power: Power) -> dict[str, Any]:
        """For the live pages: what power mode reckons with."""
        pace = power.pace
        return {
            "held": power.held,
            "answer_rate": round(pace.answer_rate, 3) if pace else None,
            "ring_s": round(pace.ring_s, 1) if pace else None,
            "busy_s": round(pace.busy_s, 1) if pace else None,
            "risk_percent": round(100 * power.risk, 2),
            "lines_per_agent": power.lines_per_agent,
        }

    def _is_shared(self, campaign: Campaign, calling: Collection[int]) -> bool:
        """Whether a campaign that was promised an agent for each call may need those of this campaign's queue.

        One that has nothing due does not: what it starts later waits until fewer calls ring than agents are free.
        """
        near = {campaign.queue, None, *self._agents.neighbours(campaign.queue or "")}
        others = (one for one in self._board.campaigns.values() if one.queue in near)
        alone = all(DialingMode.POWER in one.dialing_modes or not self._calls(one.id) for one in others)
        return not alone or any(one not in self._known for one in calling)


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return max(0.0, (end - start).total_seconds()) if start and end else 0.0
