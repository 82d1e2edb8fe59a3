"""Pages that keep themselves up to date: streams of the parts that changed, drawn by the templates of the pages themselves.

What is the same for everybody is drawn once for all who look. Parts with something of the one who looks (its rights, its
forms) are drawn for it alone.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web
from markupsafe import Markup

from admin import streams
from admin.keys import CONTEXT, LIVE
from admin.pages import rates, render, trials, views
from admin.pages.campaign import campaign_id, live_parts, load
from admin.pages.contact import in_campaign
from admin.pages.gateways import texts
from admin.pages.render import page, to_html
from admin.pages.sources import listed
from dialer.domain.transitions import SourceState
from dialer.operations import campaigns, gateways

# A person follows no more than that; with 100 agents at work there is something new at every look.
AT_MOST_EVERY_S = 1.0
# Of one thing that seldom changes.
SOON_S = 0.4
# With nothing to ring the bell (a window that closes, a validity that ends), look again all the same.
AT_LEAST_EVERY_S = 5.0
WHILE_IMPORTING_S = 0.5
# Rates move although no state changes.
RATES_S = 1.0
BUSY = frozenset({SourceState.PENDING, SourceState.RUNNING, SourceState.REMOVING})
OOB = Markup('hx-swap-oob="outerMorph"')
OVERVIEW = ("state", "readiness", "counts", "pacing", "meter", "agents", "calls")
CONTACT = ("contact_state", "contact_place", "contact_delivery", "contact_trail")

Drawn = tuple[Mapping[str, str], float]


async def board(request: web.Request) -> web.StreamResponse:
    app = request.app
    return page(request, "live.html", section="Live", **await _board(app), **await rates.shown(app[CONTEXT], None))


async def board_stream(request: web.Request) -> web.StreamResponse:
    app = request.app

    async def draw_rates() -> Mapping[str, str]:
        return drawn(["rates"], await rates.shown(app[CONTEXT], None))

    over_all = rates.rarely(draw_rates)

    async def draw() -> Drawn:
        return {**drawn(["board"], await _board(app)), **await over_all()}, AT_LEAST_EVERY_S

    return await streams.shared(request, "board", draw, AT_MOST_EVERY_S)


async def campaign_stream(request: web.Request) -> web.StreamResponse:
    """The overview's counts, agents and calls; with `?show=` only the list of `sources`, or the campaign's `state`."""
    await load(request)  # 404 before the stream begins
    app, one, show = request.app, campaign_id(request), request.query.get("show", "")

    async def draw_rates() -> Mapping[str, str]:
        return drawn(["rates"], await rates.shown(app[CONTEXT], await campaigns.get(app[CONTEXT], one)))

    own_rates = rates.rarely(draw_rates)

    async def draw() -> Drawn:
        parts = drawn(OVERVIEW, await live_parts(app, await campaigns.get(app[CONTEXT], one)))
        return {**parts, **await own_rates()}, AT_LEAST_EVERY_S

    async def draw_state() -> Drawn:
        return drawn(["state"], {"campaign": await campaigns.get(app[CONTEXT], one)}), AT_LEAST_EVERY_S

    if show == "sources":
        return await _sources(request)
    if show == "state":
        return await streams.shared(request, ("state", one), draw_state, SOON_S)
    return await streams.shared(request, ("overview", one), draw, AT_MOST_EVERY_S)


async def _sources(request: web.Request) -> web.StreamResponse:
    async def draw() -> Drawn:
        parts = await listed(request.app[CONTEXT], await load(request))
        busy = any(one["state"] in BUSY and one["kind"] != "rest" for one in parts["sources"])
        return {"sources": swapped(request, "sources", parts)}, WHILE_IMPORTING_S if busy else AT_LEAST_EVERY_S

    return await streams.private(request, draw, SOON_S)


async def contact_stream(request: web.Request) -> web.StreamResponse:
    """A contact's place in a campaign, its delivery and its trail, as its calls and texts go on."""
    await in_campaign(request)  # 404 before the stream begins

    async def draw() -> Drawn:
        parts = await in_campaign(request)
        return {name: swapped(request, name, parts) for name in CONTACT}, AT_LEAST_EVERY_S

    return await streams.private(request, draw, SOON_S)


async def gateway_stream(request: web.Request) -> web.StreamResponse:
    """How an SMS gateway is."""
    app, name = request.app, request.match_info["gateway"]
    is_sms = (await gateways.get(app[CONTEXT], name))["kind"] == "sms"  # 404 before the stream begins

    async def draw() -> Drawn:
        parts = drawn(["sms_gateway"], {"sms": texts(app, name)})
        if is_sms:
            parts |= drawn(["trials"], {"trials": await trials.last(app[CONTEXT], name)})
        return parts, RATES_S

    return await streams.shared(request, ("gateway", name), draw, SOON_S)


async def _board(app: web.Application) -> dict[str, Any]:
    live = app[LIVE]
    snapshot = live.snapshot() if live else views.NO_LIVE
    return {**snapshot, "held": await views.held(app[CONTEXT], snapshot["campaigns"])}


def drawn(parts: Iterable[str], context: Mapping[str, Any]) -> dict[str, str]:
    """Parts that are the same for everybody, by name."""
    return {name: render.shared("parts/swapped.html", **_swap(name, context)) for name in parts}


def swapped(request: web.Request, part: str, context: Mapping[str, Any]) -> str:
    """A part that htmx puts in the place of the one with the same id."""
    return to_html(request, "parts/swapped.html", **_swap(part, context))


def _swap(part: str, context: Mapping[str, Any]) -> dict[str, Any]:
    return {**context, "part": f"parts/{part}.html", "oob": OOB}
