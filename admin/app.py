"""The web application: pages and API of one server. `make_app` puts it together; everything else is in its own file."""

import asyncio

import structlog
from aiohttp import web

from admin import auth, connections, errors, language, speaking, turns
from admin.api import routes as api_routes
from admin.api import upkeep, uploads
from admin.keys import (
    BEGUN,
    CONTEXT,
    ERROR_PAGE,
    IDENTITY,
    LARGE,
    LIVE,
    PREVIEWS,
    PUSHES,
    THROTTLE,
    UPLOADS,
    Identity,
    Problem,
)
from admin.pages import error_page
from admin.pages.render import ready
from admin.pages.routes import routes
from admin.shown_once import SHOWN_ONCE, ShownOnce
from admin.studio.routes import routes as studio_routes
from admin.throttle import LoginThrottle, PushThrottle
from dialer.engine.live import Live
from dialer.engine.previews import Previews
from dialer.operations.context import Context

__all__ = ["CONTEXT", "ERROR_PAGE", "IDENTITY", "LIVE", "Identity", "Problem", "make_app"]

log = structlog.get_logger()

# Bodies that are read into memory; uploads are streamed and have a bound of their own (settings.http.max_upload_mb).
MAX_BODY = 2 << 20
# Large pushes that are read at the same moment; the others wait for their turn with their bytes in the network.
LARGE_BODIES = 3
# Scripts and styles come from files of this server only. A page may set a header of its own to be let do more.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def make_app(ctx: Context, live: Live | None, previews: Previews | None = None) -> web.Application:
    """Without `live` and `previews` (no engine in this process) the live views and the agent page say so."""
    middlewares = [
        upkeep.count,
        speaking.speak,
        errors.errors,
        errors.plain_bodies,
        turns.take_turns,
        connections.timely_forms,
        auth.auth,
    ]
    app = web.Application(middlewares=middlewares, client_max_size=MAX_BODY)
    app[CONTEXT], app[LIVE], app[PREVIEWS], app[THROTTLE] = ctx, live, previews, LoginThrottle()
    app[PUSHES], app[LARGE] = PushThrottle(ctx.settings.rest), asyncio.Semaphore(LARGE_BODIES)
    app[turns.TURNS], app[SHOWN_ONCE] = turns.Turns(), ShownOnce()
    app[UPLOADS] = asyncio.Semaphore(uploads.AT_ONCE)
    app[speaking.LANGUAGES] = language.load(ctx.settings.http.language, ctx.settings.http.locale_dir)
    app[ERROR_PAGE] = error_page.show
    app.on_response_prepare.append(_add_headers)
    app.cleanup_ctx.append(ready)
    upkeep.install(app)
    api_routes.install(app)
    app.add_routes(studio_routes())  # before the pages, whose /static/ takes every name
    app.add_routes(routes())
    return app


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    request[BEGUN] = response
    response.headers["Server"] = connections.SERVER  # aiohttp has put its own there
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if response.content_type == "text/event-stream":
        response.headers["Cache-Control"] = "no-store"  # a page like any other; aiohttp_sse lets it be kept
    elif not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
