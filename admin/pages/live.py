"""Pages that keep themselves up to date: streams of the parts that changed, drawn by the templates of the pages themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp_sse import EventSourceResponse
from markupsafe import Markup

from admin.api.live import following
from admin.keys import CONTEXT, LIVE
from admin.pages import trials, views
from admin.pages.campaign import live_parts, load
from admin.pages.contact import in_campaign
from admin.pages.gateways import texts
from admin.pages.render import page, to_html
from admin.pages.sources import listed
from dialer.domain.transitions import SourceState
from dialer.engine.live import Live
from dialer.operations import gateways

# Each look costs a count of the campaign's contacts: a look, then a pause of at least this many times its length.
REST, AT_MOST_EVERY_S = 5.0, 0.4
# With nothing to ring the bell (a window that closes, a validity that ends), look again all the same.
AT_LEAST_EVERY_S = 5.0
WHILE_IMPORTING_S = 0.5
# Rates move although no state changes.
RATES_S = 1.0
BUSY = frozenset({SourceState.PENDING, SourceState.RUNNING, SourceState.REMOVING})
OOB = Markup('hx-swap-oob="outerMorph"')

Draw = Callable[[], Awaitable[tuple[str, float]]]


async def board(request: web.Request) -> web.StreamResponse:
    return page(request, "live.html", section="Live", **_board(request))


async def board_stream(request: web.Request) -> web.StreamResponse:
    async def draw() -> tuple[str, float]:
        return swapped(request, "board", _board(request)), AT_LEAST_EVERY_S

    return await stream(request, draw)


async def campaign_stream(request: web.Request) -> web.StreamResponse:
    """The overview's counts, agents and calls; with `?show=` only the list of `sources`, or the campaign's `state`."""
    await load(request)  # 404 before the stream begins
    draws = {"sources": _draw_sources, "state": _draw_state}
    return await stream(request, draws.get(request.query.get("show", ""), _draw)(request))


async def contact_stream(request: web.Request) -> web.StreamResponse:
    """A contact's place in a campaign, its delivery and its trail, as its calls and texts go on."""
    await in_campaign(request)  # 404 before the stream begins

    async def draw() -> tuple[str, float]:
        parts = await in_campaign(request)
        names = ("contact_state", "contact_place", "contact_delivery", "contact_trail")
        return "".join(swapped(request, name, parts) for name in names), AT_LEAST_EVERY_S

    return await stream(request, draw)


async def gateway_stream(request: web.Request) -> web.StreamResponse:
    """How an SMS gateway is."""
    name = request.match_info["gateway"]
    is_sms = (await gateways.get(request.app[CONTEXT], name))["kind"] == "sms"  # 404 before the stream begins

    async def draw() -> tuple[str, float]:
        sent = {"trials": await trials.last(request.app[CONTEXT], name)} if is_sms else None
        shown = swapped(request, "sms_gateway", {"sms": texts(request, name)})
        return shown + (swapped(request, "trials", sent) if sent else ""), RATES_S

    return await stream(request, draw)


def _draw(request: web.Request) -> Draw:
    async def draw() -> tuple[str, float]:
        campaign = await load(request)
        parts = await live_parts(request, campaign)
        names = ("state", "counts", "pacing", "meter", "agents", "calls")
        return "".join(swapped(request, name, parts) for name in names), AT_LEAST_EVERY_S

    return draw


def _draw_state(request: web.Request) -> Draw:
    async def draw() -> tuple[str, float]:
        return swapped(request, "state", {"campaign": await load(request)}), AT_LEAST_EVERY_S

    return draw


def _draw_sources(request: web.Request) -> Draw:
    async def draw() -> tuple[str, float]:
        parts = await listed(request.app[CONTEXT], await load(request))
        busy = any(one["state"] in BUSY and one["kind"] != "rest" for one in parts["sources"])
        return swapped(request, "sources", parts), WHILE_IMPORTING_S if busy else AT_LEAST_EVERY_S

    return draw


def _board(request: web.Request) -> dict[str, Any]:
    live = request.app[LIVE]
    return dict(live.snapshot() if live else views.NO_LIVE)


def swapped(request: web.Request, part: str, context: dict[str, Any]) -> str:
    """A part that htmx puts in the place of the one with the same id."""
    return to_html(request, "parts/swapped.html", part=f"parts/{part}.html", **{**context, "oob": OOB})


async def stream(request: web.Request, draw: Draw) -> web.StreamResponse:
    async def follow(source: Live, sent: EventSourceResponse) -> None:
        loop, shown = asyncio.get_running_loop(), ""
        with source.watch() as bell:
            while sent.is_connected():
                began = loop.time()
                text, again_s = await draw()
                if text != shown:
                    await sent.send(text)
                    shown = text
                await asyncio.sleep(max(AT_MOST_EVERY_S, REST * (loop.time() - began)))
                await bell.wait(again_s)

    return await following(request, follow)
