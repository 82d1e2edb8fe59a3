"""Where a campaign's contacts came from: the list of sources, and what can be done with each.

A file itself is sent to the API by the page's script, so that it is streamed.
"""

from types import SimpleNamespace
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import _, said
from admin.pages import source_ways
from admin.pages.campaign import load
from admin.pages.render import page
from dialer.domain.campaign import Campaign
from dialer.domain.errors import DomainError, IllegalTransition, InvalidInput
from dialer.operations import removal, reports, sources
from dialer.operations.context import Context
from dialer.operations.sources import NotRemovable
from dialer.store.listing import Query

# The newest, as many as anybody looks at; the API has them all.
SHOWN = Query(limit=100, sort="-created_at")


async def index(request: web.Request) -> web.StreamResponse:
    return await _page(request)


async def removal_dialog(request: web.Request) -> web.StreamResponse:
    """What a removal would do, to be confirmed: a dialog in the page, or a page of its own."""
    campaign, source_id, ctx = await load(request), _source_id(request), request.app[CONTEXT]
    source = await sources.get(ctx, campaign.id, source_id)
    found = await removal.preview(ctx, campaign.id, source_id)
    in_page = request.headers.get("HX-Request") == "true"
    template = "parts/swapped.html" if in_page else "campaign/removal.html"
    return page(
        request, template, part="parts/removal.html", section="Campaigns", tab="Sources", campaign=campaign,
        source=source, found=found,
    )  # fmt: skip


async def remove(request: web.Request) -> web.StreamResponse:
    campaign = await load(request)
    try:
        await removal.remove(request.app[CONTEXT], campaign.id, _source_id(request))
    except NotRemovable as error:
        return await _refused(request, error)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.id}/sources")


async def cancel(request: web.Request) -> web.StreamResponse:
    campaign = await load(request)
    try:
        await sources.cancel(request.app[CONTEXT], campaign.id, _source_id(request))
    except IllegalTransition as error:
        return await _refused(request, error)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.id}/sources")


async def add_filter(request: web.Request) -> web.StreamResponse:
    """Of contacts that are here already; what is wrong stands in the form, with all that was typed."""
    campaign, form = await load(request), await request.post()
    try:
        await source_ways.take(request.app[CONTEXT], campaign, form)
    except InvalidInput as error:
        ways = await source_ways.parts(request, campaign, form, source_ways.told(error))
        return await _page(request, 422, **ways)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.id}/sources")


def _source_id(request: web.Request) -> int:
    return int(request.match_info["source"])


async def _refused(request: web.Request, error: DomainError) -> web.Response:
    return await _page(request, 409, told={"title": _("That was not possible"), "text": said(str(error))})


async def _page(request: web.Request, status: int = 200, **more: Any) -> web.Response:
    campaign = await load(request)
    shown = {
        "told": None,
        **await listed(request.app[CONTEXT], campaign),
        **await source_ways.parts(request, campaign),
        **more,
    }
    return page(request, "campaign/sources.html", status=status, section="Campaigns", tab="Sources", **shown)


async def listed(ctx: Context, campaign: Campaign) -> dict[str, Any]:
    """What the list shows and the stream keeps up to date."""
    found, now = await reports.sources_page(ctx, campaign.id, SHOWN), ctx.clock()
    return {
        "campaign": campaign,
        "zone_label": campaign.time_zone,
        "sources": [
            {**item, "progress": sources.progress(row), **sources.pace(row, now)}
            for item in found.items
            if (row := SimpleNamespace(**item))
        ],
    }
