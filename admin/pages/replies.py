"""A campaign's replies: what its contacts answered to its texts."""

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import N_, labelled
from admin.pages.campaign import load
from admin.pages.lists import ListView, wanted
from admin.pages.render import page
from dialer.operations import reports

DEFAULT_SORT = "-received_at"
KINDS = (("", N_("All")), ("stop:eq:true", N_("Asked to stop")), ("stop:eq:false", N_("Other replies")))


async def index(request: web.Request) -> web.StreamResponse:
    campaign, looked = await load(request), wanted(request, DEFAULT_SORT)
    found = await reports.replies_page(request.app[CONTEXT], looked.query(), campaign.id)
    view = ListView(looked, found.items, found.total, found.next_cursor, found.total_is_exact)
    kind = next((one for one in view.given if one in dict(KINDS)), "")
    return page(
        request, "campaign/replies.html", section="Campaigns", tab="Replies", campaign=campaign, list=view, kinds=labelled(KINDS),
        kind=kind,
    )  # fmt: skip
