"""How many calls may start now: what is seen of agents and calls, put before `pacing`. Asked by the dialing loop and by pages."""

from datetime import datetime

from dialer.ami.link import AmiLink
from dialer.ami.states import LinkState
from dialer.domain.agents import Agents
from dialer.domain.campaign import Campaign
from dialer.engine.paces import Paces
from dialer.engine.tracker import Tracker
from dialer.pacing.power import Power, decide_power
from dialer.pacing.progressive import PacingDecision, QueueState


class Decisions:
    """`draining`: the server is stopping, so nothing starts any more."""

    def __init__(self, agents: Agents, link: AmiLink, tracker: Tracker, paces: Paces) -> None:
        self._agents, self._link, self._tracker, self._paces = agents, link, tracker, paces
        self.draining = False

    def decide(self, campaign: Campaign, queue: str, now: datetime) -> PacingDecision:
        """For calls of the campaign to a queue, its own or that of a step; "" is none."""
        state = self._queue_state(queue, now) if queue else None
        power = self.power(campaign, now) if queue == campaign.queue else None
        return decide_power(state, power, link_up=self._link.state is LinkState.UP, draining=self.draining)

    def power(self, campaign: Campaign, now: datetime) -> Power | None:
        """None for a campaign that is not in power mode."""
        if not self._paces.in_power(campaign):
            return None
        queue = campaign.queue or ""
        return self._paces.power(campaign, self._agents.counts(queue, now).busy, self._tracker.calling(queue), now)

    def _queue_state(self, queue: str, now: datetime) -> QueueState:
        counts, in_flight = self._agents.counts(queue, now), self._tracker.in_flight()
        elsewhere = self._agents.claimed_elsewhere(queue, in_flight, now)
        unserved = counts.callers_waiting - counts.callers_rung
        return QueueState(counts.known, counts.free, unserved, in_flight.get(queue, 0), elsewhere)
