"""Where a campaign's contacts came from. The file itself is sent to the API by the page's script, so that it is streamed."""

from types import SimpleNamespace
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT
from admin.pages.campaign import load
from admin.pages.render import page
from dialer.domain.campaign import Campaign
from dialer.operations import reports, sources
from dialer.operations.context import Context
from dialer.store.listing import Query

# The newest, as many as anybody looks at; the API has them all.
SHOWN = Query(limit=100, sort="-created_at")


async def index(request: web.Request) -> web.StreamResponse:
    campaign = await load(request)
    parts = await listed(request.app[CONTEXT], campaign)
    return page(request, "campaign/sources.html", section="Campaigns", tab="Sources", **parts)


async def listed(ctx: Context, campaign: Campaign) -> dict[str, Any]:
    """What the list shows and the stream keeps up to date."""
    found = await reports.sources_page(ctx, campaign.id, SHOWN)
    return {
        "campaign": campaign,
        "zone_label": campaign.time_zone,
        "sources": [{**item, "progress": sources.progress(SimpleNamespace(**item))} for item in found.items],
    }
