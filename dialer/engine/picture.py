"""What an engine is doing, for the live pages and programs that watch: plain JSON."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from dialer.domain.campaign import Campaign, only_offers
from dialer.engine.outlook import why_no_agent

if TYPE_CHECKING:
    from dialer.engine.engine import Engine


def picture(engine: "Engine") -> dict[str, Any]:
    """As `Live.snapshot` describes it."""
    now = engine.ctx.clock()
    return {
        "link": {"state": engine.link.state.value, "reason": engine.link.reason},
        "queues": [_queue(engine, name, now) for name in engine.agents.queues()],
        "calls": engine.dialing.tracker.snapshot(),
        "campaigns": [_campaign(engine, campaign, now) for campaign in engine.board.campaigns.values()],
        "gateways": [
            *(
                {
                    "id": name,
                    "kind": "voice",
                    **engine.dialing.breakers.snapshot(name, engine.link.state.value, now),
                    **engine.dialing.caps.snapshot(name, now),
                }
                for name in engine.board.voice
            ),
            *engine.texting.gateways.snapshot(),
        ],
        "webhooks": engine.webhooks.snapshot(),
        "deliveries": engine.webhooks.deliveries.snapshot(),
    }


def _campaign(engine: "Engine", campaign: Campaign, now: datetime) -> dict[str, Any]:
    power = engine.dialing.decisions.power(campaign, now)
    return {
        "id": campaign.id,
        "title": campaign.title,
        "limited_by": engine.dialing.limited_by.get(campaign.id),
        "why": why_no_agent(engine.dialing, campaign, now),
        "ready": engine.dialing.ready_agents(campaign.queue or "") if only_offers(campaign) else None,
        "hopper": engine.dialing.feeds.size(campaign.id),
        "abandonment": engine.meters.of(campaign).shown(),
        "power": power and engine.dialing.paces.shown(power),
    }


def _queue(engine: "Engine", name: str, now: datetime) -> dict[str, Any]:
    queue = engine.agents.snapshot(name, now)
    members = [
        {
            "name": m.name,
            "interface": m.interface,
            "free": m.free,
            "why": [reason.value for reason in m.reasons],
            "doing": m.doing or "free",
            "since": m.since.isoformat() if m.since else None,
        }
        for m in queue.members
    ]
    return {"name": name, "free": queue.free, "waiting": queue.callers_waiting, "members": members}
