"""The queues of Asterisk: who is in them, what each agent does, and which campaigns call for them. It keeps itself up to date."""

from typing import Any

from aiohttp import web

from admin import streams
from admin.keys import CONTEXT, LIVE
from admin.pages import views
from admin.pages.live import AT_LEAST_EVERY_S, AT_MOST_EVERY_S, Drawn, drawn
from admin.pages.render import page
from dialer.operations import reports


async def index(request: web.Request) -> web.StreamResponse:
    return page(request, "queues.html", section="Queues and agents", **await _parts(request.app))


async def stream(request: web.Request) -> web.StreamResponse:
    app = request.app

    async def draw() -> Drawn:
        return drawn(["queues"], await _parts(app)), AT_LEAST_EVERY_S

    return await streams.shared(request, "queues", draw, AT_MOST_EVERY_S)


async def _parts(app: web.Application) -> dict[str, Any]:
    live = app[LIVE]
    snapshot = live.snapshot() if live else views.NO_LIVE
    used = await reports.by_queue(app[CONTEXT])
    known = {queue["name"] for queue in snapshot["queues"]}
    is_up = snapshot["link"]["state"] == "up"
    return {
        "link": snapshot["link"],
        "queues": [{**queue, "campaigns": used.get(queue["name"], [])} for queue in snapshot["queues"]],
        "gone": {name: users for name, users in used.items() if is_up and name not in known},
    }
