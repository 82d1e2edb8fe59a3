"""A campaign's strategy as a readable list of steps, and as the JSON that can be edited, checked and saved."""

import json
from collections.abc import Iterable
from typing import Any

import orjson
from aiohttp import web

from admin.keys import CONTEXT
from admin.language import N_, _, said
from admin.pages import draft_words, views
from admin.pages.campaign import campaign_id, load
from admin.pages.render import page
from dialer.domain.errors import Fault, IllegalTransition, Incomplete, InvalidInput
from dialer.operations import edits, strategies
from dialer.strategy.read import NodeFault

REFUSED = N_("Nothing was saved")
UNFOLDS = N_("Nothing was saved yet. The steps would be drawn otherwise, and this would go from the drawing:")


async def show(request: web.Request) -> web.StreamResponse:
    saved = "saved" in request.query
    return await _page(request, checked=_checked(_("Saved."), (), ()) if saved else None)


async def save(request: web.Request) -> web.StreamResponse:
    """Deploy what stands in the form; whatever speaks against it is listed at its step, and nothing is stored then (S2)."""
    form = await request.post()
    text, ctx, campaign = str(form.get("document", "")), request.app[CONTEXT], campaign_id(request)
    try:
        document = read(text)
        if not form.get("unfold") and (lost := await strategies.unfolded_by(ctx, campaign, document)):
            return await _page(request, typed=text, checked={**_checked(said(UNFOLDS), (), ()), "unfolds": lost})
        await strategies.deploy(ctx, campaign, document)
    except (InvalidInput, Incomplete) as error:
        return await _page(
            request, typed=text, checked=_checked(said(REFUSED), _at_nodes(error.faults), ()), status=422
        )
    except IllegalTransition as error:
        refused = _checked(said(REFUSED), (NodeFault("", "campaign", str(error)),), ())
        return await _page(request, typed=text, checked=refused, status=409)
    raise web.HTTPSeeOther(f"/campaigns/{campaign_id(request)}/strategy?saved=1")


async def check(request: web.Request) -> web.StreamResponse:
    """Faults and warnings of what stands in the form; nothing is saved."""
    text = str((await request.post()).get("document", ""))
    try:
        found = await strategies.check_document(request.app[CONTEXT], campaign_id(request), read(text))
    except InvalidInput as error:
        checked = _checked(_("It can't be read"), _at_nodes(error.faults), ())
    else:
        title = _("It can't run like this") if found.faults else _("It can run. Nothing was saved yet.")
        checked = _checked(title, found.faults, found.warnings)
        if found.strategy is not None:
            checked["impact"] = await edits.impact(request.app[CONTEXT], campaign_id(request), found.strategy)
    return page(request, "parts/swapped.html", part="parts/checked.html", checked=checked)


def read(text: str) -> object:
    """The JSON in the form; raises `InvalidInput` with the line and column where it breaks."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        told = {"why": error.msg, "line": error.lineno, "column": error.colno}
        reason = _("is not JSON: %(why)s at line %(line)s, column %(column)s", **told)
        raise InvalidInput.single("document", reason) from None
    except (RecursionError, ValueError):  # a number of thousands of digits is a ValueError
        raise InvalidInput.single("document", _("is nested too deeply, or has a number that is too long")) from None


async def _page(
    request: web.Request, *, typed: str | None = None, checked: dict[str, Any] | None = None, status: int = 200
) -> web.Response:
    campaign, ctx = await load(request), request.app[CONTEXT]
    document: Any = await strategies.get(ctx, campaign.id)
    text = typed if typed is not None else orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
    return page(
        request, "campaign/strategy.html", status=status, section="Campaigns", tab="Strategy",
        campaign=campaign, strategy=views.readable(document), document=text, checked=checked,
        kept_draft=await draft_words.notice(ctx, campaign),
    )  # fmt: skip


def _checked(title: str, faults: Iterable[NodeFault], warnings: Iterable[NodeFault]) -> dict[str, Any]:
    return {"title": title, "faults": list(faults), "warnings": list(warnings)}


def _at_nodes(faults: Iterable[Fault]) -> list[NodeFault]:
    """`nodes.NODE.FIELD` as node and field; a node's id may have no dot in it."""
    return [_at_node(fault) for fault in faults]


def _at_node(fault: Fault) -> NodeFault:
    prefix, _dot, rest = fault.field.partition(".")
    node, _dot, field = rest.partition(".")
    if prefix == "nodes" and field:
        return NodeFault(node, field, fault.reason)
    return NodeFault("", fault.field, fault.reason)
