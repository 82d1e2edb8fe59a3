"""What a deploy would change for the contacts of a campaign, told before it happens (S3)."""

from collections.abc import Mapping
from dataclasses import dataclass

from dialer.operations import deploying, steps
from dialer.operations.context import Context
from dialer.store import campaigns, strategies
from dialer.strategy.edits import next_step_changes
from dialer.strategy.fields import OnEdit
from dialer.strategy.model import Strategy, digest


@dataclass(frozen=True, slots=True)
class Impact:
    """By the rule of the strategy that would be deployed.

    `is_new`: it means something else than the present version. `not_started` contacts are in the campaign and have yet to
    enter, `starting` of them on the new version; `in_flight` ones stand at a step, of whom those in `changing` (by step)
    would meet another step next.
    """

    is_new: bool
    rule: OnEdit
    not_started: int
    starting: int
    in_flight: int
    changing: Mapping[str, int]


async def impact(ctx: Context, campaign_id: int, strategy: Strategy) -> Impact:
    """Of a strategy that passed the check, for a campaign that exists."""
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
        assert campaign is not None  # noqa: S101  (the check of the strategy asked for it)
        is_new = deploying.digest_of(await deploying.present(tx, campaign)) != digest(strategy)
        standing = await strategies.standing(tx, campaign_id)
        rule, changing = strategy.limits.on_edit, dict[str, int]()
        for version, node, number in standing:
            if node is None or not is_new or rule is not OnEdit.NEXT_STEP:
                continue
            old = await steps.strategy_at(tx, ctx, campaign_id, version)
            if next_step_changes(old, strategy, node):
                changing[node] = changing.get(node, 0) + number
    not_started = sum(number for _, node, number in standing if node is None)
    keeps = rule is OnEdit.KEEP and campaign.published_at is not None
    in_flight = sum(number for *_, number in standing) - not_started
    return Impact(is_new, rule, not_started, 0 if keeps else not_started, in_flight, changing)
