"""`/gateways`."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from admin.errors import Refused
from admin.keys import CONTEXT, LIVE
from admin.once import HEADERS, created
from admin.openapi import Operations, answer, etag, if_match
from admin.schemas.common import ListQuery, PageOut
from admin.schemas.gateways import GatewayOut, GatewayPatch, GatewayStatusOut, shown
from dialer.domain.gateway import Gateway
from dialer.operations import gateways

api = Operations("gateways")


@api("GET", "/gateways", "List gateways", answers={200: PageOut[GatewayOut]})
async def listing(request: web.Request, query: ListQuery) -> web.Response:
    page = await gateways.page(request.app[CONTEXT], query.query())
    items = [shown(item) for item in page.items]
    return answer(PageOut[GatewayOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("POST", "/gateways", "Add a gateway", answers={201: GatewayOut}, headers=HEADERS)
async def create(request: web.Request, body: Gateway) -> web.Response:
    """A voice gateway (a trunk of Asterisk) or an SMS gateway (an account at an SMSC, reached by SMPP)."""
    ctx = request.app[CONTEXT]
    return await created(
        request,
        lambda kept: gateways.create(ctx, body, kept=kept),
        lambda row: _shown(row, 201, {"Location": f"/api/v1/gateways/{row['id']}"}),
    )


@api("GET", "/gateways/{gateway_id}", "Read a gateway", answers={200: GatewayOut})
async def read(request: web.Request, gateway_id: str) -> web.Response:
    return _shown(await gateways.get(request.app[CONTEXT], gateway_id))


@api(
    "GET",
    "/gateways/{gateway_id}/status",
    "How an SMS gateway is now",
    answers={200: GatewayStatusOut},
    problems=(409,),
)
async def status(request: web.Request, gateway_id: str) -> web.Response:
    """409 for a voice gateway, and for one that does not run in this process."""
    row = await gateways.get(request.app[CONTEXT], gateway_id)
    if row["kind"] != "sms":
        raise Refused(409, f"{gateway_id} is a voice gateway: its state is in /live")
    live = request.app[LIVE]
    found = live.sms_gateway(gateway_id) if live else None
    if found is None:
        raise Refused(409, f"{gateway_id} does not run in this process: ask the server that has an engine")
    return answer(GatewayStatusOut.model_validate(found))


@api("PATCH", "/gateways/{gateway_id}", "Edit a gateway", answers={200: GatewayOut}, problems=(409,))
async def edit(request: web.Request, gateway_id: str, body: GatewayPatch) -> web.Response:
    """A password that is not given stays."""
    return _shown(await gateways.edit(request.app[CONTEXT], gateway_id, body.given(), if_match(request)))


@api("DELETE", "/gateways/{gateway_id}", "Remove a gateway", answers={204: None}, problems=(409,), versioned=True)
async def delete(request: web.Request, gateway_id: str) -> web.Response:
    """409 names the campaigns that use it."""
    await gateways.remove(request.app[CONTEXT], gateway_id, if_match(request))
    return web.Response(status=204)


def _shown(row: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return answer(shown(row), status, {**etag(row["revision"]), **(headers or {})})
