"""`/campaigns/{campaign_id}/strategy`."""

from collections.abc import Iterable

from aiohttp import web

from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.strategies import CheckOut, NodeFaultOut, StrategyIn, StrategyOut
from dialer.operations import strategies
from dialer.strategy.read import NodeFault

api = Operations("strategies")


@api("GET", "/campaigns/{campaign_id}/strategy", "Read the strategy", answers={200: StrategyOut})
async def read(request: web.Request, campaign_id: int) -> web.Response:
    """A campaign without one of its own has the default: call once, done."""
    return answer(StrategyOut(await strategies.get(request.app[CONTEXT], campaign_id)))


@api("PUT", "/campaigns/{campaign_id}/strategy", "Deploy a strategy", answers={200: StrategyOut}, problems=(409,))
async def deploy(request: web.Request, campaign_id: int, body: StrategyIn) -> web.Response:
    """A new version; 422 names every fault as `nodes.NODE.FIELD`. Contacts in flight keep the version they are on."""
    return answer(StrategyOut(await strategies.deploy(request.app[CONTEXT], campaign_id, body.root)))


@api("POST", "/campaigns/{campaign_id}/strategy/check", "Check a strategy", answers={200: CheckOut})
async def check(request: web.Request, campaign_id: int, body: StrategyIn) -> web.Response:
    """Nothing is saved."""
    checked = await strategies.check_document(request.app[CONTEXT], campaign_id, body.root)
    return answer(CheckOut(faults=_shown(checked.faults), warnings=_shown(checked.warnings)))


def _shown(faults: Iterable[NodeFault]) -> list[NodeFaultOut]:
    return [NodeFaultOut(node=fault.node, field=fault.field, reason=fault.reason) for fault in faults]
