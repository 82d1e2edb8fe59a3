"""Which campaigns could use a free agent now, and whose turn it is (`pacing.sharing`)."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime

from dialer.domain.agents import Agents
from dialer.domain.campaign import Campaign, automatic, may_contact
from dialer.engine.board import Board
from dialer.engine.feeds import Feeds
from dialer.engine.limits import Limits
from dialer.pacing.outlook import Other
from dialer.pacing.progressive import Limit, PacingDecision
from dialer.pacing.sharing import Contender, Turns, connected

Decide = Callable[[Campaign, str, datetime], PacingDecision]
Limited = Callable[[Campaign, Limit | None], None]
Group = dict[Contender, Campaign]


class Contest:
    def __init__(self, board: Board, agents: Agents, feeds: Feeds, limits: Limits) -> None:
        self._board, self._agents, self._feeds, self._limits = board, agents, feeds, limits
        self.turns = Turns()

    def groups(self, decide: Decide, limited: Limited, now: datetime) -> list[Group]:
        """Campaigns that could use a call now, those that compete for the same agents together.

        Their hoppers are seen to. Of each that can't, `limited` is told why.
        """
        found = self._dialing(now)
        self.turns.keep(self._board.campaigns)
        ready: list[Campaign] = []
        for campaign in found:
            decision, allowed = decide(campaign, campaign.queue or "", now), self._limits.campaign_room(campaign)
            if decision.originate <= 0:
                is_busy = decision.limited_by is Limit.NO_AGENT_FREE
                limited(campaign, self._why_busy(campaign, found, now) if is_busy else decision.limited_by)
            elif allowed.calls <= 0:
                limited(campaign, allowed.limited_by)
            else:
                self._feeds.take(campaign, 0, now, likely=min(decision.originate, allowed.calls))
                if self._feeds.size(campaign.id):
                    ready.append(campaign)
                else:
                    limited(campaign, nothing_due(campaign, now))
        return self._grouped(ready, now)

    def others(self, campaign: Campaign, decide: Decide, now: datetime) -> tuple[Other, ...]:
        """Campaigns that could use the same agents, with the calls that they have ready and agents for. For people who ask."""
        usable = {
            one.id: decide(one, one.queue or "", now).originate for one in self._dialing(now) if one.id != campaign.id
        }
        found = [one for one in self._dialing(now) if usable.get(one.id)]
        together = self._compete([*found, campaign], now)
        return tuple(
            Other(contender(one), one.title, one.queue or "", ready)
            for one in found
            if together[one.queue or ""] == together[campaign.queue or ""]
            and (ready := min(usable[one.id], self._feeds.size(one.id), self._limits.campaign_room(one).calls)) > 0
        )

    def _dialing(self, now: datetime) -> list[Campaign]:
        return [one for one in self._board.active(now) if automatic(one)]

    def _why_busy(self, campaign: Campaign, found: list[Campaign], now: datetime) -> Limit:
        """Of no use is a free agent to a campaign that has nobody to call."""
        if self._feeds.has_none(campaign.id, now):
            return nothing_due(campaign, now)
        return Limit.HIGHER_PRIORITY if self._has_a_better(campaign, found) else Limit.NO_AGENT_FREE

    def _has_a_better(self, campaign: Campaign, found: list[Campaign]) -> bool:
        """Whether one of a higher priority in the same queue has calls ready: it gets the next agents."""
        return any(
            one.queue == campaign.queue and one.priority > campaign.priority and self._feeds.size(one.id)
            for one in found
        )

    def _grouped(self, ready: list[Campaign], now: datetime) -> list[Group]:
        together = self._compete(ready, now)
        groups: dict[int, Group] = defaultdict(dict)
        for campaign in ready:
            groups[together[campaign.queue or ""]][contender(campaign)] = campaign
        return list(groups.values())

    def _compete(self, campaigns: list[Campaign], now: datetime) -> Mapping[str, int]:
        """By queue the number of its group. A campaign without a queue of its own may call for any of them."""
        queues = {campaign.queue or "" for campaign in campaigns}
        if len(queues) == 1 or "" in queues:
            return dict.fromkeys(queues, 0)
        return connected({queue: self._agents.free(queue, now) for queue in sorted(queues)})


def contender(campaign: Campaign) -> Contender:
    return Contender(campaign.id, campaign.priority, campaign.weight)


def nothing_due(campaign: Campaign, now: datetime) -> Limit:
    return Limit.NOTHING_DUE if may_contact(campaign, None, None, now) else Limit.OUTSIDE_WINDOW
