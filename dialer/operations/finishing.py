"""When a campaign will be through, out of what was counted."""

from dataclasses import dataclass
from functools import partial

from dialer.domain.campaign import Campaign, active, calling_window
from dialer.domain.series import Span
from dialer.domain.transitions import EnrollmentState
from dialer.operations import counting, series
from dialer.operations.context import Context
from dialer.pacing.finish import Finish, finish, rate
from dialer.store import result_counts

_AHEAD = (EnrollmentState.PENDING, EnrollmentState.IN_PROGRESS, EnrollmentState.WAITING)


@dataclass(frozen=True, slots=True)
class Outlook:
    """`remaining` contacts; `finish` is None while it can't be told. `runs`: published, and within its validity.

    `stopped` were taken out of their place when the campaign was unpublished or its validity ended; `total` is everybody.
    """

    remaining: int
    runs: bool
    finish: Finish | None
    stopped: int = 0
    total: int = 0


async def outlook(ctx: Context, campaign: Campaign) -> Outlook:
    now = ctx.clock()
    counts = (await counting.by_state(ctx, [campaign.id]))[campaign.id]
    remaining, done = sum(counts.get(one, 0) for one in _AHEAD), counts.get(EnrollmentState.DONE, 0)
    if not remaining or not done or not active(campaign, now):
        stopped = counts.get(EnrollmentState.STOPPED, 0)
        return Outlook(remaining, active(campaign, now), None, stopped, sum(counts.values()))
    opening = partial(calling_window, campaign, None, None)
    async with ctx.db.read() as tx:
        acted = sum(one.number for one in await result_counts.by_step(tx, campaign.id))
    for span in Span:  # of the last hour, or if it was closed, of the last day
        points = await series.read(ctx, span, campaign.id)
        if (per_minute := rate(points, opening, span.step)) is not None:
            return Outlook(remaining, True, finish(remaining, acted / done, per_minute, opening, now))
    return Outlook(remaining, True, None)
