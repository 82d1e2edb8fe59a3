"""`flows`: the strategy as the flow that the editor draws, and its deploy. Faults come back each with its node and field."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.pages import impact_words
from admin.pages.campaign import campaign_id, load
from admin.studio.access import editable, why_not_editable
from admin.studio.arranging import arranged
from dialer.domain.errors import Fault, IllegalTransition, Incomplete, InvalidInput, StaleEdit
from dialer.operations import edits, flows
from dialer.operations.deploying import BadStrategy
from dialer.strategy.nodered.entry import PREFIX
from dialer.strategy.read import NodeFault

_BRANCH = f"{PREFIX}branch"


async def read(request: web.Request) -> web.Response:
    """`{flows, rev}`, or the bare list for a client that does not ask for version 2 of the API."""
    flow, rev = await flows.read(request.app[CONTEXT], campaign_id(request))
    writes = await editable(request)
    drawn = [_for_editor(entry, writes) for entry in arranged(flow)]
    if request.headers.get("Node-RED-API-Version") == "v2":
        return web.json_response({"flows": drawn, "rev": rev})
    return web.json_response(drawn)


async def foresee(request: web.Request) -> web.Response:
    """`{flows}` → `{faults, asks}`: what a deploy would mean for contacts who are on their way, to be asked before it."""
    try:
        flow, _rev = await _sent(request)
    except InvalidInput as error:
        return refusal(400, "unexpected_error", str(error))
    ctx, campaign = request.app[CONTEXT], campaign_id(request)
    checked = await flows.check_flow(ctx, campaign, flow)
    impact = await edits.impact(ctx, campaign, checked.strategy) if checked.strategy else None
    asks = impact_words.lines(impact) if impact and impact.is_new and impact.in_flight else []
    return web.json_response({"faults": len(checked.faults), "asks": asks})


async def deploy(request: web.Request) -> web.Response:
    """`{flows, rev}` → `{rev, warnings}`. Without `rev` it replaces whatever is there: the editor asks its user before."""
    if why := why_not_editable(request, await load(request)):
        return refusal(403, "not_allowed", why)
    ctx, campaign, flow = request.app[CONTEXT], campaign_id(request), None
    try:
        flow, rev = await _sent(request)
        new = await flows.deploy(ctx, campaign, flow, rev, by=request[IDENTITY].name)
    except BadStrategy as error:
        return _faulty("invalid_flow", flow, error.node_faults)
    except Incomplete as error:
        return _faulty("incomplete", flow, [_of_campaign(fault) for fault in error.faults])
    except InvalidInput as error:
        return refusal(400, "unexpected_error", str(error))
    except StaleEdit:
        return refusal(409, "version_mismatch", "Somebody else has deployed this strategy since it was loaded.")
    except IllegalTransition as error:
        return refusal(403, "not_allowed", str(error))
    checked = await flows.check_flow(ctx, campaign, flow)
    return web.json_response({"rev": new, "warnings": _told(checked.warnings)})


async def _sent(request: web.Request) -> tuple[object, str | None]:
    """The flow, and the revision that was edited if it was said. Raises `InvalidInput`."""
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        raise InvalidInput.single("body", "is not JSON, or nested too deeply") from None
    flow, rev = (body.get("flows"), body.get("rev")) if isinstance(body, dict) else (body, None)
    if rev is not None and not isinstance(rev, str):
        raise InvalidInput.single("rev", "should be text")
    return flow, rev


def refusal(status: int, code: str, message: str, **more: Any) -> web.Response:
    """An error as the editor reads it."""
    return web.json_response({"code": code, "message": message, **more}, status=status)


def _faulty(code: str, flow: object, faults: Sequence[NodeFault]) -> web.Response:
    names = _names(flow)
    lines = [f"{_named(fault, names)}{fault.field}: {fault.reason}" for fault in faults]
    count = "1 fault" if len(lines) == 1 else f"{len(lines)} faults"
    summary = f"{count}, see the list."
    return refusal(
        400, code, f"Nothing was deployed, {count}. " + "; ".join(lines), summary=summary, faults=_told(faults)
    )


def _told(faults: Iterable[NodeFault]) -> list[dict[str, str]]:
    return [{"node": fault.node, "field": fault.field, "reason": fault.reason} for fault in faults]


def _named(fault: NodeFault, names: Mapping[str, str]) -> str:
    if not fault.node:
        return ""
    name = names.get(fault.node)
    return f"{name} ({fault.node}), " if name else f"{fault.node}, "


def _names(flow: object) -> dict[str, str]:
    entries = [entry for entry in flow if isinstance(entry, dict)] if isinstance(flow, list) else []
    return {str(entry.get("id")): str(entry["name"]) for entry in entries if entry.get("name")}


def _of_campaign(fault: Fault) -> NodeFault:
    """What the campaign lacks; what a node lacks stands at the node."""
    prefix, _, rest = fault.field.partition(".")
    node, _, field = rest.partition(".")
    return (
        NodeFault(node, field, fault.reason)
        if prefix == "nodes" and field
        else NodeFault("", fault.field, fault.reason)
    )


def _for_editor(entry: Mapping[str, Any], writes: bool) -> dict[str, Any]:
    """A branch says how many ways out it has; nobody who may not deploy can move anything."""
    if entry["type"] == _BRANCH:
        return {**entry, "outputs": len(entry.get("wires", ()))}
    if entry["type"] == "tab" and not writes:
        return {**entry, "locked": True}
    return dict(entry)
