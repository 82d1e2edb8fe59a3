"""`/agent/preview`: the agent's own place. Contacts that are offered to it, and its answers."""

from typing import Any

from aiohttp import web

from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.previewing import previews_of, user_of
from admin.schemas.agent import AnswerIn, DeskIn, DeskOut, OfferOut
from dialer.engine.desks import Desk
from dialer.engine.previews import Previews
from dialer.operations import history

api = Operations("agent")
SHOWN_TRAIL = 20


@api("GET", "/agent/preview", "What is offered to me", answers={200: DeskOut}, problems=(409,))
async def show(request: web.Request) -> web.Response:
    """Asking is a sign of life: who does not ask for 15 seconds is not offered anything, and what was offered goes back."""
    previews = previews_of(request)
    return await _told(request, previews, await previews.desks.of(user_of(request)))


@api("PUT", "/agent/preview", "Say who I am, and whether I am ready", answers={200: DeskOut}, problems=(409,))
async def change(request: web.Request, body: DeskIn) -> web.Response:
    """`agent` is the interface of a queue member, as `GET /queues` shows it; it is remembered for users."""
    previews = previews_of(request)
    desk = await previews.desks.of(user_of(request))
    if body.agent is not None:
        await previews.choose(desk, body.agent)
    if body.ready is not None:
        previews.get_ready(desk, ready=body.ready)
    return await _told(request, previews, desk)


@api("POST", "/agent/preview/{offer_id}/accept", "Accept an offer", answers={200: DeskOut}, problems=(409,))
async def accept(request: web.Request, offer_id: str) -> web.Response:
    """The agent's telephone rings, then the contact's. A second time it changes nothing; 409 if the offer is over."""
    previews = previews_of(request)
    desk = await previews.desks.of(user_of(request))
    await previews.accept(desk, offer_id)
    return await _told(request, previews, desk)


@api("POST", "/agent/preview/{offer_id}/skip", "Skip an offer", answers={200: DeskOut}, problems=(409,))
async def skip(request: web.Request, offer_id: str, body: AnswerIn) -> web.Response:
    """The contact is offered again later, to whomever. A second time it changes nothing; 409 if the offer is over."""
    previews = previews_of(request)
    desk = await previews.desks.of(user_of(request))
    await previews.skip(desk, offer_id, body.reason)
    return await _told(request, previews, desk)


@api("POST", "/agent/preview/{offer_id}/reject", "Reject an offer", answers={200: DeskOut}, problems=(409,))
async def reject(request: web.Request, offer_id: str, body: AnswerIn) -> web.Response:
    """The contact is through the strategy, with the result `rejected_by_agent`. A second time it changes nothing."""
    previews = previews_of(request)
    desk = await previews.desks.of(user_of(request))
    await previews.reject(desk, offer_id, body.reason)
    return await _told(request, previews, desk)


async def _told(request: web.Request, previews: Previews, desk: Desk) -> web.Response:
    held = previews.of(desk)
    offered = None
    if held is not None:
        ctx, one = request.app[CONTEXT], held.request
        person: dict[str, Any] = await history.contact_in(ctx, one.campaign_id, one.contact_id)
        trail = await history.trail_of(ctx, one.contact_id, one.campaign_id)
        offered = OfferOut(
            id=held.offer.id, stage=held.stage, offered_at=held.offer.offered_at, until=held.until,
            campaign_id=one.campaign_id, step=one.node, number=one.address, contact_id=one.contact_id,
            first_name=person["first_name"], last_name=person["last_name"], attributes=person["attributes"],
            trail=[{"at": e["at"], "kind": e["kind"], "data": e["data"]} for e in trail[-SHOWN_TRAIL:]],
        )  # fmt: skip
    return answer(DeskOut(agent=desk.agent or None, ready=desk.ready, told=desk.told or None, offer=offered))
