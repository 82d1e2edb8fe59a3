"""The campaigns that run, and the gateways, as this node's memory of the store. The store decides; this is for speed."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from dialer.domain.campaign import Campaign, active, calling_window, may_start
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.rules.holidays import warm
from dialer.domain.transitions import CampaignStatus
from dialer.domain.windows import Opening
from dialer.operations import events
from dialer.operations.context import Context
from dialer.store import campaigns, gateways
from dialer.store.requests import ContactRequest


@dataclass
class Board:
    ctx: Context
    campaigns: dict[int, Campaign] = field(default_factory=dict)  # the published ones
    voice: dict[str, VoiceGateway] = field(default_factory=dict)
    sms: dict[str, SmsGateway] = field(default_factory=dict)

    async def load(self) -> None:
        async with self.ctx.db.read() as tx:
            published = await campaigns.all_with_status(tx, CampaignStatus.PUBLISHED)
        for campaign in published:
            await _warm(campaign, self.ctx.clock())
        self.campaigns = {campaign.id: campaign for campaign in published}
        await self.load_gateways()
        await events.load(self.ctx)

    async def follow_webhooks(self) -> None:
        """Whom other nodes have events told to."""
        await events.load(self.ctx)

    async def load_gateways(self) -> None:
        self.voice, self.sms = await self._stored_gateways()

    async def gateways_outdated(self) -> bool:
        return (self.voice, self.sms) != await self._stored_gateways()

    async def _stored_gateways(self) -> tuple[dict[str, VoiceGateway], dict[str, SmsGateway]]:
        async with self.ctx.db.read() as tx:
            found = {**await gateways.all_of_kind(tx, "voice"), **await gateways.all_of_kind(tx, "sms")}
        voice = {name: one for name, one in found.items() if isinstance(one, VoiceGateway)}
        return voice, {name: one for name, one in found.items() if isinstance(one, SmsGateway)}

    async def refresh(self, campaign_id: int) -> None:
        async with self.ctx.db.read() as tx:
            campaign = await campaigns.get(tx, campaign_id)
        if campaign is None or campaign.status is not CampaignStatus.PUBLISHED:
            self.campaigns.pop(campaign_id, None)
        else:
            await _warm(campaign, self.ctx.clock())
            self.campaigns[campaign_id] = campaign

    def active(self, now: datetime) -> Iterable[Campaign]:
        """Published and within their validity."""
        return [campaign for campaign in self.campaigns.values() if active(campaign, now)]

    def may_run(self, campaign_id: int, now: datetime) -> bool:
        campaign = self.campaigns.get(campaign_id)
        return campaign is not None and active(campaign, now)

    def may_start(self, request: ContactRequest, now: datetime) -> bool:
        """Whether a call or text may start: its campaign runs, and the window is open for whom it goes to."""
        campaign = self.campaigns.get(request.campaign_id)
        return campaign is not None and may_start(campaign, request.zone, request.address, now)

    def window(self, request: ContactRequest, now: datetime) -> Opening | None:
        """When whom a call or text goes to may be called or texted; None without its campaign."""
        campaign = self.campaigns.get(request.campaign_id)
        return calling_window(campaign, request.zone, request.address, now) if campaign else None

    async def outdated(self) -> set[int]:
        """Campaigns that others (another node, a person in the database) changed since they were read."""
        async with self.ctx.db.read() as tx:
            published = await campaigns.revisions(tx, CampaignStatus.PUBLISHED)
        known = {campaign.id: campaign.revision for campaign in self.campaigns.values()}
        return {campaign_id for campaign_id, _ in published.items() ^ known.items()}


async def _warm(campaign: Campaign, now: datetime) -> None:
    """What its rules read once takes too long for a call to wait for."""
    for country in campaign.rules.countries():
        await asyncio.to_thread(warm, country, now.year)
