"""The agent page: who I am, ready or not, and the contact that is offered to me."""

from typing import Any

from aiohttp import web

from admin import streams
from admin.keys import CONTEXT
from admin.language import said
from admin.pages import contact as contact_page
from admin.pages.live import AT_LEAST_EVERY_S, SOON_S, Drawn, swapped
from admin.pages.render import page
from admin.previewing import previews_of, user_of
from dialer.domain.errors import Conflict, InvalidInput, NotFound
from dialer.engine.desks import Desk
from dialer.operations import campaigns

# The newest entries of the trail: the agent has a minute.
SHOWN_TRAIL = 12


async def show(request: web.Request) -> web.StreamResponse:
    return page(request, "agent.html", section="Agent", **await _parts(request))


async def watch(request: web.Request) -> web.StreamResponse:
    """Being open is the page's sign of life."""

    async def draw() -> Drawn:
        return {"agent_desk": swapped(request, "agent_desk", await _parts(request))}, AT_LEAST_EVERY_S

    return await streams.private(request, draw, SOON_S)


async def change(request: web.Request) -> web.StreamResponse:
    """Another telephone, or ready or not."""
    previews, form = previews_of(request), await request.post()
    desk = await previews.desks.of(user_of(request))
    try:
        if "agent" in form:
            await previews.choose(desk, str(form["agent"]))
        if "ready" in form:
            previews.get_ready(desk, ready=form["ready"] == "yes")
    except (InvalidInput, Conflict) as error:
        _tell(desk, error)
    raise web.HTTPSeeOther("/agent")


async def answer(request: web.Request) -> web.StreamResponse:
    """Accept, skip or reject."""
    previews, form = previews_of(request), await request.post()
    desk = await previews.desks.of(user_of(request))
    offer_id, reason = request.match_info["offer"], str(form.get("reason", "")).strip()[:200]
    try:
        match request.match_info["answer"]:
            case "accept":
                await previews.accept(desk, offer_id)
            case "skip":
                await previews.skip(desk, offer_id, reason)
            case _:
                await previews.reject(desk, offer_id, reason)
    except (Conflict, NotFound) as error:
        _tell(desk, error)
    raise web.HTTPSeeOther("/agent")


def _tell(desk: Desk, error: InvalidInput | Conflict | NotFound) -> None:
    """In the part of the page that is drawn anew: what was refused is past with the agent's next answer."""
    told = said(error.faults[0].reason if isinstance(error, InvalidInput) else str(error))
    desk.told = f"{told[:1].upper()}{told[1:]}."


async def _parts(request: web.Request) -> dict[str, Any]:
    previews = previews_of(request)
    desk = await previews.desks.of(user_of(request))
    return {"desk": desk, "agents": sorted(previews.agents()), **await _offered(request, desk)}


async def _offered(request: web.Request, desk: Desk) -> dict[str, Any]:
    held, ctx = previews_of(request).of(desk), request.app[CONTEXT]
    if held is None:
        return {"held": None}
    try:
        campaign = await campaigns.get(ctx, held.request.campaign_id)
        told = await contact_page.parts_of(ctx, campaign, held.request.contact_id)
    except NotFound:  # deleted meanwhile: the offer is about to go
        return {"held": None}
    shown = told["trail"][-SHOWN_TRAIL:]
    left_out = told["left_out"] + len(told["trail"]) - len(shown)
    return {**told, "trail": shown, "left_out": left_out, "held": held}
