"""`/campaigns/{campaign_id}/simulate`."""

from aiohttp import web

from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.simulation import SimulationOut
from admin.staying import while_connected
from dialer.operations import dry_runs
from dialer.simulation.assumptions import Assumptions

api = Operations("dry runs")


@api(
    "POST",
    "/campaigns/{campaign_id}/simulate",
    "Simulate the campaign",
    answers={200: SimulationOut},
    problems=(409, 429),
)
async def simulate(request: web.Request, campaign_id: int, body: Assumptions) -> web.Response:
    """A dry run on a virtual clock, by the dialer's own rules, over the campaign's contacts that are not through yet.

    Nothing is called, sent or changed. One runs at a time and a few wait; it ends when the connection does. A week of
    100,000 contacts takes about half a minute.
    """
    result = await while_connected(request, dry_runs.simulate(request.app[CONTEXT], campaign_id, body))
    return answer(SimulationOut.model_validate(result))
