"""What holds a contact back now: every condition, not the first (requirement K13). What decides is `pacing.eligibility`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from dialer.domain.campaign import Campaign
from dialer.domain.errors import NotFound
from dialer.domain.rules.counted import Tried
from dialer.domain.said import Said
from dialer.domain.transitions import PreviewState, RequestState
from dialer.operations import compliance, steps, suppression
from dialer.operations.context import Context
from dialer.pacing.eligibility import Facts, Offered, Place, eligibility
from dialer.pacing.no_rule import Work
from dialer.pacing.outlook import CallOutlook, Outlook
from dialer.pacing.reason import Reason
from dialer.store import attempts, campaigns, previews, standing
from dialer.store.requests import ContactRequest
from dialer.store.standing import MOST_COUNTED, Standing
from dialer.strategy.catalogue import CALL, SMS, WEBHOOK
from dialer.strategy.model import Strategy, default_strategy

_STEPS = {"voice": CALL.name, "sms": SMS.name}  # the step that uses each channel; none writes e-mails


@dataclass(frozen=True, slots=True)
class WhyNot:
    """`due_at`: when its next step is due. No reasons: it is started now. `changes_at`: when they are others, with time alone."""

    due_at: datetime | None
    reasons: tuple[Reason, ...]
    changes_at: datetime | None


async def why_not(ctx: Context, campaign_id: int, contact_id: int) -> WhyNot:
    now = ctx.clock()
    async with ctx.db.read() as tx:
        campaign = await campaigns.get(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        found = await standing.of_contact(tx, campaign_id, contact_id)
        if found is None:
            raise NotFound("contact in this campaign", contact_id)
        facts = await _facts(tx, ctx, campaign, found, now)
    answer = eligibility(facts, now)
    return WhyNot(found.due_at, answer.reasons, answer.changes_at)


async def _facts(tx: AsyncConnection, ctx: Context, campaign: Campaign, found: Standing, now: datetime) -> Facts:
    request = found.request
    before = 0
    if request is not None and request.state is RequestState.PENDING and request.due_at <= now:
        before = await standing.before(tx, request, campaign.load_order, now)
    tried: Sequence[Tried] = ()
    if request is not None and request.channel == "call":
        tried = (await compliance.tried_at(tx, ctx, [campaign.rules], [request.address], now)).get(request.address, ())
    return Facts(
        campaign=campaign,
        zone=found.zone,
        place=Place(found.state, found.node, found.due_at, found.stop_reason, found.result),
        work=_work(request) if request else None,
        before=before,
        before_most=MOST_COUNTED,
        importing=found.importing if found.node is None else None,
        unreachable=await _unreachable(tx, ctx, campaign, found) if found.node is None else (),
        suppressed=await _suppressed(tx, ctx, campaign.id, found),
        tried=tuple(tried),
        outlook=await _outlook(tx, ctx, campaign, request) if request else None,
        offered=await _offered(tx, request, now),
    )


async def _outlook(tx: AsyncConnection, ctx: Context, campaign: Campaign, request: ContactRequest) -> Outlook | None:
    """What the dialer in this process sees, and whether another node calls the number."""
    seen = ctx.engine.outlook(campaign, request)
    if not isinstance(seen, CallOutlook) or ctx.db.is_sqlite:  # one node
        return seen
    elsewhere = await attempts.called_elsewhere(tx, ctx.settings.node, [request.address])
    return replace(seen, in_another_call=seen.in_another_call or bool(elsewhere))


async def _offered(tx: AsyncConnection, request: ContactRequest | None, now: datetime) -> Offered | None:
    found = await previews.of_request(tx, request.id) if request and request.state is RequestState.CLAIMED else None
    if found is None or found.until <= now:
        return None
    return Offered(found.agent, found.until, accepted=found.state is PreviewState.ACCEPTED)


def _work(request: ContactRequest) -> Work:
    return Work(request.channel, request.address, request.due_at)


async def _unreachable(tx: AsyncConnection, ctx: Context, campaign: Campaign, found: Standing) -> tuple[str, ...]:
    """The channels of the strategy, if the contact has an address for none of them."""
    strategy = await _strategy(tx, ctx, campaign)
    steps_taken = {node.type for node in strategy.nodes}
    if WEBHOOK.name in steps_taken:
        return ()
    used = [channel for channel, step in _STEPS.items() if step in steps_taken]
    held = {channel for _address, channels in found.addresses for channel in channels}
    return () if held.intersection(used) else tuple("call" if channel == "voice" else channel for channel in used)


async def _strategy(tx: AsyncConnection, ctx: Context, campaign: Campaign) -> Strategy:
    if campaign.strategy_version is None:
        return default_strategy()
    return await steps.strategy_at(tx, ctx, campaign.id, campaign.strategy_version)


async def _suppressed(tx: AsyncConnection, ctx: Context, campaign_id: int, found: Standing) -> tuple[str, ...]:
    """The address of its call or text, or else all that a step could use, if they are on a do-not-contact list."""
    usable = {address for address, channels in found.addresses if _STEPS.keys() & set(channels)}
    addresses = {found.request.address} if found.request else usable
    listed = await suppression.barred(tx, ctx, campaign_id, addresses)
    return (
        tuple(Said("%(address)s is on a do-not-contact list", address=one) for one in sorted(listed))
        if listed >= addresses
        else ()
    )
