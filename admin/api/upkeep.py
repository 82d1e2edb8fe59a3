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
# From so many contacts on lists are called incomplete.
BEHIND = 1000
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
    """200 if calls can be made, else 503 with what is not ready; `degraded` is what does not keep all calls from being made."""
    ctx = request.app[CONTEXT]
    database = await _database(ctx)
    checks = {
        "database": database,
        "migrations": await _migrations(ctx) if database["ready"] else _check("the database does not answer"),
        "asterisk": _link(request),
    }
    degraded = {"sms_gateways": _sms_gateways(request), "contact_lists": await _lists(ctx, ready=database["ready"])}
    ready = all(check["ready"] for check in checks.values())
    status = "not ready" if not ready else "degraded" if any(one["degraded"] for one in degraded.values()) else "ready"
    return web.json_response({"status": status, "checks": checks, "degraded": degraded}, status=200 if ready else 503)


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
        return _check(reason)
    try:
        async with asyncio.timeout(CHECK_S):
            await reports.answers(ctx)
    except Exception as error:  # noqa: BLE001  (whatever a driver raises: it is not ready, and that is the answer)
        return _check(f"the database does not answer: {type(error).__name__}")
    return _check()


async def _migrations(ctx: Context) -> dict[str, Any]:
    if await reports.migrations_pending(ctx):
        return _check("the database is not that of this version: run `dialer migrate`")
    return _check()


def _check(reason: str | None = None) -> dict[str, Any]:
    return {"ready": reason is None, "reason": reason}


def _sms_gateways(request: web.Request) -> dict[str, Any]:
    """Texts wait for a gateway, calls do not. No reasons: the path needs no token, and the gateway's page has them."""
    live = request.app[LIVE]
    found = live.snapshot().get("gateways", ()) if live else ()
    states = {one["id"]: one["state"] for one in found if one["kind"] == "sms"}
    down = sorted(name for name, state in states.items() if state not in metrics.GATEWAY_UP)
    reason = f"not bound: {', '.join(down)}" if down else None
    return {"degraded": bool(down), "reason": reason, "states": states}


async def _lists(ctx: Context, *, ready: bool) -> dict[str, Any]:
    """How far the projection is behind from which lists of contacts are read (SQLite); an import leaves it behind for a while."""
    try:
        behind = await reports.not_listed(ctx) if ready else 0
    except Exception as error:  # noqa: BLE001  (a damaged file is made anew by the engine, which says so)
        return {"degraded": True, "reason": f"the lists can't be read: {type(error).__name__}", "contacts_behind": None}
    reason = f"{behind} contacts are not in the lists yet" if behind >= BEHIND else None
    return {"degraded": reason is not None, "reason": reason, "contacts_behind": behind}


def _link(request: web.Request) -> dict[str, Any]:
    live = request.app[LIVE]
    if live is None:
        return {"ready": False, "reason": "no engine runs in this process"}
    link = live.snapshot()["link"]
    ready = link["state"] == LINK_UP
    return {"ready": ready, "reason": None if ready else link.get("reason") or f"the link is {link['state']}"}
