"""Test messages on the page of an SMS gateway: a form, and what became of the last ones."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.language import said
from admin.pages import gateways as gateway_pages
from admin.pages.faults import by_field
from admin.pages.render import page
from dialer.domain.errors import Conflict, InvalidInput
from dialer.operations import gateways, trials
from dialer.operations.context import Context
from dialer.operations.trials import Hasty
from dialer.store.listing import Query

SHOWN = 10
FIELDS = ("number", "text")


async def last(ctx: Context, gateway_id: str) -> Sequence[Mapping[str, Any]]:
    """The newest, as the page lists them."""
    return (await trials.page(ctx, gateway_id, Query(limit=SHOWN))).items


async def shown(request: web.Request, gateway_id: str) -> dict[str, Any]:
    """What the page of a gateway shows of them before anything is typed."""
    return {
        "trials": await last(request.app[CONTEXT], gateway_id),
        "test": dict.fromkeys(FIELDS, ""),
        "test_faults": {},
    }


async def send(request: web.Request) -> web.StreamResponse:
    ctx, typed = request.app[CONTEXT], await _typed(request)
    row = await gateways.get(ctx, request.match_info["gateway"])
    try:
        await trials.ask(ctx, row["id"], typed["number"], typed["text"], request[IDENTITY].name)
    except InvalidInput as error:
        faults, status = by_field(error.faults, FIELDS), 422
    except (Conflict, Hasty) as error:
        faults, status = {"": [said(str(error))]}, 429 if isinstance(error, Hasty) else 409
    else:
        raise web.HTTPSeeOther(f"/gateways/{row['id']}#tests")
    told = {**await shown(request, row["id"]), "test": typed, "test_faults": faults}
    return gateway_pages.stored_page(request, row, told, status=status)


async def look(request: web.Request) -> web.StreamResponse:
    """While typing: how the text would go out. Nothing is sent."""
    ctx, text = request.app[CONTEXT], (await _typed(request))["text"]
    try:
        cut = await trials.cut(ctx, request.match_info["gateway"], text) if text.strip() else None
        fault = ""
    except InvalidInput as error:
        cut, fault = None, "; ".join(said(one.reason) for one in error.faults)
    return page(request, "parts/trial_cut.html", cut=cut, fault=fault)


async def _typed(request: web.Request) -> dict[str, str]:
    form = await request.post()
    return {name: str(form.get(name, "")).replace("\r\n", "\n").strip() for name in FIELDS}
