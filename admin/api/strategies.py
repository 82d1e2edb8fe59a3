"""`/campaigns/{campaign_id}/strategy`."""

import asyncio
from collections.abc import Iterable

from aiohttp import web

from admin.errors import Refused, malformed
from admin.keys import CONTEXT, IDENTITY
from admin.openapi import BODY_S, Media, Operations, answer, etag, if_match_tag
from admin.schemas.strategies import (
    CheckOut,
    FlowIn,
    FlowOut,
    ImpactOut,
    NodeFaultOut,
    StrategyIn,
    StrategyOut,
    TemplateOut,
    TemplatesOut,
)
from dialer.operations import edits, flows, strategies, texts
from dialer.operations.deploying import Stored
from dialer.strategy.check import Checked
from dialer.strategy.read import NodeFault
from dialer.strategy.templates import TEMPLATES

api = Operations("strategies")

_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml", "text/plain")
YAML = Media({_TYPES[0]: {"type": "string"}})
IF_MATCH = {"If-Match": "The `ETag` that was read: refuses the deploy (409) if somebody else was faster."}


@api("GET", "/strategy-templates", "List strategies to start from", answers={200: TemplatesOut})
async def templates(_request: web.Request) -> web.Response:
    """The same for every campaign."""
    items = [TemplateOut(name=t.name, label=t.label, help=t.help, strategy=t.document) for t in TEMPLATES]
    return answer(TemplatesOut(items=items))


@api("GET", "/campaigns/{campaign_id}/strategy", "Read the strategy", answers={200: StrategyOut})
async def read(request: web.Request, campaign_id: int) -> web.Response:
    """A campaign without one of its own has the default: call once, done. The `ETag` is that of the flow, too."""
    return _document(await strategies.current(request.app[CONTEXT], campaign_id))


@api(
    "PUT",
    "/campaigns/{campaign_id}/strategy",
    "Deploy a strategy",
    answers={200: StrategyOut},
    problems=(409,),
    headers=IF_MATCH,
)
async def deploy(request: web.Request, campaign_id: int, body: StrategyIn) -> web.Response:
    """A new version; 422 names every fault as `nodes.NODE.FIELD`. Who follows it, `on_edit` of its contact-in says."""
    rev, by = if_match_tag(request), request[IDENTITY].name
    return _document(await strategies.put(request.app[CONTEXT], campaign_id, body.root, rev=rev, by=by))


@api("POST", "/campaigns/{campaign_id}/strategy/check", "Check a strategy", answers={200: CheckOut})
async def check(request: web.Request, campaign_id: int, body: StrategyIn) -> web.Response:
    """Nothing is saved."""
    return await _checked(
        request, campaign_id, await strategies.check_document(request.app[CONTEXT], campaign_id, body.root)
    )


@api("GET", "/campaigns/{campaign_id}/strategy/flow", "Read the strategy as a Node-RED flow", answers={200: FlowOut})
async def read_flow(request: web.Request, campaign_id: int) -> web.Response:
    """As it was drawn last, with groups, comments and subflows; the `ETag` changes with the drawing, too."""
    return await _flow(request, campaign_id)


@api(
    "PUT",
    "/campaigns/{campaign_id}/strategy/flow",
    "Deploy a Node-RED flow",
    answers={200: FlowOut},
    problems=(409,),
    headers=IF_MATCH,
)
async def deploy_flow(request: web.Request, campaign_id: int, body: FlowIn) -> web.Response:
    """A new version unless only the drawing changed; 422 names every fault as `nodes.NODE.FIELD`."""
    rev, by = if_match_tag(request), request[IDENTITY].name
    await flows.deploy(request.app[CONTEXT], campaign_id, body.root, rev, by)
    return await _flow(request, campaign_id)


@api("POST", "/campaigns/{campaign_id}/strategy/flow/check", "Check a Node-RED flow", answers={200: CheckOut})
async def check_flow(request: web.Request, campaign_id: int, body: FlowIn) -> web.Response:
    """Nothing is saved. Warnings say what was translated, and what is left out."""
    return await _checked(request, campaign_id, await flows.check_flow(request.app[CONTEXT], campaign_id, body.root))


@api("GET", "/campaigns/{campaign_id}/strategy/text", "Read the strategy as text", answers={200: YAML})
async def read_text(request: web.Request, campaign_id: int) -> web.Response:
    """YAML for review in git: the steps, then where they are drawn, then what else is drawn."""
    return await _text(request, campaign_id)


@api(
    "PUT",
    "/campaigns/{campaign_id}/strategy/text",
    "Deploy a strategy written as text",
    answers={200: YAML},
    problems=(408, 409, 415),
    sends=YAML,
    headers=IF_MATCH,
)
async def deploy_text(request: web.Request, campaign_id: int) -> web.Response:
    """A new version unless only places changed; 422 names every fault. A text without a drawing keeps what was drawn."""
    rev, by = if_match_tag(request), request[IDENTITY].name
    await texts.deploy(request.app[CONTEXT], campaign_id, await read_body(request), rev, by)
    return await _text(request, campaign_id)


@api(
    "POST",
    "/campaigns/{campaign_id}/strategy/text/check",
    "Check a strategy written as text",
    answers={200: CheckOut},
    problems=(408, 415),
    sends=YAML,
)
async def check_text(request: web.Request, campaign_id: int) -> web.Response:
    """Nothing is saved."""
    return await _checked(
        request, campaign_id, await texts.check_text(request.app[CONTEXT], campaign_id, await read_body(request))
    )


async def read_body(request: web.Request) -> str:
    """A text in UTF-8; how large it may be is the application's limit."""
    if request.content_type not in _TYPES:
        raise Refused(415, f"send the text as `Content-Type: {_TYPES[0]}`")
    try:
        async with asyncio.timeout(BODY_S):
            return (await request.read()).decode()
    except TimeoutError:
        raise Refused(408, f"the body did not come within {BODY_S:.0f} s") from None
    except UnicodeDecodeError:
        raise malformed("the body is not text in UTF-8") from None


async def _text(request: web.Request, campaign_id: int) -> web.Response:
    text, rev = await texts.read(request.app[CONTEXT], campaign_id)
    return web.Response(body=text.encode(), content_type=_TYPES[0], charset="utf-8", headers=etag(rev))


def _document(stored: Stored) -> web.Response:
    return answer(StrategyOut(stored.document), headers=etag(stored.rev))


async def _flow(request: web.Request, campaign_id: int) -> web.Response:
    flow, rev = await flows.read(request.app[CONTEXT], campaign_id)
    return answer(FlowOut(flow), headers=etag(rev))


async def _checked(request: web.Request, campaign_id: int, checked: Checked) -> web.Response:
    impact = await edits.impact(request.app[CONTEXT], campaign_id, checked.strategy) if checked.strategy else None
    told = ImpactOut.model_validate(impact, from_attributes=True) if impact else None
    return answer(CheckOut(faults=shown(checked.faults), warnings=shown(checked.warnings), impact=told))


def shown(faults: Iterable[NodeFault]) -> list[NodeFaultOut]:
    return [NodeFaultOut(node=fault.node, field=fault.field, reason=fault.reason) for fault in faults]
