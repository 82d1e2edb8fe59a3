"""The studio: our frame around the Node-RED editor, and the page of the editor itself."""

from aiohttp import web

from admin.pages.campaign import load
from admin.pages.render import page
from admin.studio import files
from admin.studio.access import why_not_editable
from admin.studio.flows import DEPLOYED

# The editor sets styles on its elements. Scripts come from files of this server, and what they ask for stays here.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; object-src 'none'"
)


async def frame(request: web.Request) -> web.StreamResponse:
    campaign = await load(request)
    why = why_not_editable(request, campaign)
    show = DEPLOYED if request.query.get("show") == DEPLOYED else None
    return page(
        request, "studio/frame.html", section="Campaigns", campaign=campaign, read_only=why, version=files.version(),
        show=show,
    )  # fmt: skip


async def editor(request: web.Request) -> web.StreamResponse:
    campaign = await load(request)
    writes = why_not_editable(request, campaign) is None
    response = page(request, "studio/editor.html", campaign=campaign, writes=writes, editor=files.address)
    response.headers["Content-Security-Policy"] = POLICY
    return response
