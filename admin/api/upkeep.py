"""`/healthz`, `/readyz`, `/metrics`: for whoever runs the server (requirement A4)."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from admin import metrics
from admin.keys import CONTEXT, LIVE
from dialer.engine.live import Live
from dialer.operations import reports
from dialer.operations.context import Context

CHECK_S = 5.0
LINK_UP = "up"


def install(app: web.Application) -> None:
    app[metrics.METRICS] = metrics.Metrics()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", show_metrics)


@web.middleware
async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Outermost, so that it sees what was answered in the end."""
    try:
        response = await handler(request)
    except web.HTTPException as answer:
        request.app[metrics.METRICS].answered(request, answer.status)
        raise
    request.app[metrics.METRICS].answered(request, response.status)
    return response


async def healthz(request: web.Request) -> web.Response:  # noqa: ARG001  (a handler)
    """The process answers: all that a supervisor should restart it for."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """200 if calls and texts can be made, else 503 with what is not ready."""
    checks = {"database": await _database(request.app[CONTEXT]), "asterisk": _link(request)}
    ready = all(check["ready"] for check in checks.values())
    return web.json_response(
        {"status": "ready" if ready else "not ready", "checks": checks}, status=200 if ready else 503
    )


async def show_metrics(request: web.Request) -> web.Response:
    counts = await reports.counts(request.app[CONTEXT])
    live = request.app[LIVE]
    snapshot = live.snapshot() if live else {}
    registry = request.app[metrics.METRICS].collect(counts, snapshot, _texts(live, snapshot))
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _texts(live: Live | None, snapshot: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What each SMS gateway that runs tells about itself."""
    names = [one["id"] for one in snapshot.get("gateways", ()) if one["kind"] == "sms"]
    found = {name: live.sms_gateway(name) for name in names} if live else {}
    return {name: one for name, one in found.items() if one is not None}


async def _database(ctx: Context) -> dict[str, Any]:
    if reason := ctx.db.trouble.reason:
        return {"ready": False, "reason": reason}
    try:
        async with asyncio.timeout(CHECK_S):
            pending = await reports.migrations_pending(ctx)
    except Exception as error:  # noqa: BLE001  (whatever a driver raises: it is not ready, and that is the answer)
        return {"ready": False, "reason": f"the database does not answer: {type(error).__name__}"}
    if pending:
        return {"ready": False, "reason": "the database is behind this version: run `dialer migrate`"}
    return {"ready": True, "reason": None}


def _link(request: web.Request) -> dict[str, Any]:
    live = request.app[LIVE]
    if live is None:
        return {"ready": False, "reason": "no engine runs in this process"}
    link = live.snapshot()["link"]
    ready = link["state"] == LINK_UP
    return {"ready": ready, "reason": None if ready else link.get("reason") or f"the link is {link['state']}"}
