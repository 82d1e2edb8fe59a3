"""The strategy of a campaign as Node-RED flow JSON, for the editor and for programs."""

import asyncio

from dialer.domain.errors import NotFound
from dialer.operations import advising, deploying, strategies
from dialer.operations.context import Context
from dialer.operations.deploying import BadStrategy, Drawn, Stored, known_here, sound
from dialer.store import campaigns, contact_fields, gateways
from dialer.strategy.check import Checked, check
from dialer.strategy.known import Known
from dialer.strategy.nodered.compile import Compiled, from_flow
from dialer.strategy.nodered.drawing import Flow, to_flow


async def read(ctx: Context, campaign_id: int) -> tuple[Flow, str]:
    """The flow as it was drawn last, or drawn from the strategy's steps; and its revision, for `deploy`."""
    stored = await strategies.current(ctx, campaign_id)
    return of_stored(stored), stored.rev


def of_stored(stored: Stored) -> Flow:
    return stored.drawing if stored.drawing is not None else to_flow(sound(check(stored.document)))


async def check_flow(ctx: Context, campaign_id: int, flow: object) -> Checked:
    """Faults and warnings, each with its node; nothing is saved."""
    return await advising.checked(ctx, campaign_id, lambda known: from_flow(flow, known).checked)


async def deploy(
    ctx: Context,
    campaign_id: int,
    flow: object,
    rev: str | None = None,
    by: str | None = None,
    draft: str | None = None,
) -> str:
    """Compile a flow and deploy it; the revision that is there now. Who only moves nodes makes no new version.

    `rev` is the revision that was edited, None for whichever is there; `by` is who deploys; `draft` the draft that the
    flow was made from, which goes with it. Raises `BadStrategy`
    (an `InvalidInput`) with every fault at its node, `StaleEdit` if another revision is there, and what
    `deploying.put` raises.
    """
    compiled = await _compile(ctx, campaign_id, flow)

    def understand(known: Known, _before: Flow | None) -> Drawn:
        """Compiled is it; only the names are looked up once more, within the transaction."""
        return Drawn(sound(check(compiled.document, known)), compiled.drawing)

    if compiled.document is None:
        raise BadStrategy(compiled.checked.faults)
    return (await deploying.put(ctx, campaign_id, understand, rev=rev, by=by, draft=draft)).rev


async def _compile(ctx: Context, campaign_id: int, flow: object) -> Compiled:
    async with ctx.db.read() as tx:
        if await campaigns.get(tx, campaign_id) is None:
            raise NotFound("campaign", campaign_id)
        known = known_here(ctx, await gateways.kinds(tx), await contact_fields.all_fields(tx))
    # A large one takes its time, during which calls go on.
    return await asyncio.to_thread(from_flow, flow, known)
