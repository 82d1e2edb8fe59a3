"""`flows`: the strategy as the flow that the editor draws, and its deploy. Faults come back each with its node and field."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.language import _, said
from admin.pages import impact_words
from admin.pages.campaign import campaign_id, load
from admin.studio import drafts as told_drafts
from admin.studio.access import why_not_editable
from admin.studio.answers import faulty, refusal, retold_of, sent, told_faults
from admin.studio.arranging import arranged
from dialer.domain.campaign import Campaign
from dialer.domain.errors import Fault, IllegalTransition, Incomplete, InvalidInput, StaleEdit
from dialer.domain.transitions import CampaignStatus
from dialer.operations import drafts, edits, flows
from dialer.operations.deploying import BadStrategy
from dialer.strategy.nodered.entry import PREFIX
from dialer.strategy.read import NodeFault

_BRANCH = f"{PREFIX}branch"
DEPLOYED = "deployed"


async def read(request: web.Request) -> web.Response:
    """`{flows, rev, version}`, or the bare list for a client that does not ask for version 2 of the API.

    The draft if there is one, with what it was begun from as `original`, `rev` and `version`; what is deployed with
    `?show=deployed`. `draft` tells of the draft in either case.
    """
    campaign = await load(request)
    writes = why_not_editable(request, campaign) is None
    answer = await _shown(request, campaign)
    for name in answer.keys() & {"flows", "original"}:
        answer[name] = _for_editor(answer[name], writes)
    if request.headers.get("Node-RED-API-Version") == "v2":
        return web.json_response(answer)
    return web.json_response(answer["flows"])


async def _shown(request: web.Request, campaign: Campaign) -> dict[str, Any]:
    ctx = request.app[CONTEXT]
    # Of a campaign that has ended no draft comes to anything.
    draft = None if campaign.status is CampaignStatus.ENDED else await drafts.find(ctx, campaign.id)
    told = {"draft": told_drafts.told(draft, campaign)} if draft else {}
    if draft is None or request.query.get("show") == DEPLOYED:
        flow, rev = await flows.read(ctx, campaign.id)
        return {"flows": flow, "rev": rev, "version": campaign.strategy_version, **told}
    base = draft.kept.base
    original = await drafts.begun_from(ctx, campaign.id, base)
    return {"flows": draft.kept.flow, "rev": base.rev, "version": base.version, "original": original, **told}


async def foresee(request: web.Request) -> web.Response:
    """`{flows}` → `{faults, asks}`: what a deploy would mean for contacts who are on their way, to be asked before it."""
    try:
        flow = (await sent(request)).get("flows")
    except InvalidInput as error:
        return refusal(400, "unexpected_error", retold_of(error))
    ctx, campaign = request.app[CONTEXT], campaign_id(request)
    checked = await flows.check_flow(ctx, campaign, flow)
    impact = await edits.impact(ctx, campaign, checked.strategy) if checked.strategy else None
    asks = impact_words.lines(impact) if impact and impact.is_new and impact.in_flight else []
    return web.json_response({"faults": len(checked.faults), "asks": asks})


async def deploy(request: web.Request) -> web.Response:
    """`{flows, rev}` → `{rev, version, warnings}`. Without `rev` it replaces whatever is there: the editor asks its user before.

    The draft that was drawn on (`Studio-Draft`) goes with it; `draft` tells of one that is still there.
    """
    if why := why_not_editable(request, await load(request)):
        return refusal(403, "not_allowed", why)
    ctx, campaign, flow = request.app[CONTEXT], campaign_id(request), None
    by, draft = request[IDENTITY].name, request.headers.get(told_drafts.HEADER)
    try:
        body = await sent(request)
        flow, rev = body.get("flows"), _rev(body)
        new = await flows.deploy(ctx, campaign, flow, rev, by, draft)
    except BadStrategy as error:
        return faulty("invalid_flow", _("Nothing was deployed"), flow, error.node_faults)
    except Incomplete as error:
        return faulty("incomplete", _("Nothing was deployed"), flow, [_of_campaign(fault) for fault in error.faults])
    except InvalidInput as error:
        return refusal(400, "unexpected_error", retold_of(error))
    except StaleEdit:
        return refusal(409, "version_mismatch", _("Somebody else has deployed this strategy since it was loaded."))
    except IllegalTransition as error:
        return refusal(403, "not_allowed", said(str(error)))
    return await _deployed(request, flow, new)


async def _deployed(request: web.Request, flow: object, rev: str) -> web.Response:
    ctx, campaign = request.app[CONTEXT], await load(request)
    checked, left = await flows.check_flow(ctx, campaign.id, flow), await drafts.find(ctx, campaign.id)
    told = {"draft": told_drafts.told(left, campaign)} if left else {}
    warnings = told_faults(checked.warnings)
    return web.json_response({"rev": rev, "version": campaign.strategy_version, "warnings": warnings, **told})


def _rev(body: Mapping[str, Any]) -> str | None:
    """The revision that was edited, if it was said. Raises `InvalidInput`."""
    rev = body.get("rev")
    if rev is not None and not isinstance(rev, str):
        raise InvalidInput.single("rev", "should be text")
    return rev


def _of_campaign(fault: Fault) -> NodeFault:
    """What the campaign lacks; what a node lacks stands at the node."""
    prefix, _, rest = fault.field.partition(".")
    node, _, field = rest.partition(".")
    return (
        NodeFault(node, field, fault.reason)
        if prefix == "nodes" and field
        else NodeFault("", fault.field, fault.reason)
    )


def _for_editor(flow: Iterable[Mapping[str, Any]], writes: bool) -> list[dict[str, Any]]:
    return [_entry(entry, writes) for entry in arranged(list(flow))]


def _entry(entry: Mapping[str, Any], writes: bool) -> dict[str, Any]:
    """A branch says how many ways out it has; nobody who may not deploy can move anything."""
    if entry["type"] == _BRANCH:
        return {**entry, "outputs": len(entry.get("wires", ()))}
    if entry["type"] == "tab" and not writes:
        return {**entry, "locked": True}
    return dict(entry)
