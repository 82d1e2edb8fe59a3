"""A draft of a strategy in words: whose it is, what is wrong with it, and whether something was deployed since."""

from admin.pages.render import local
from dialer.domain.campaign import Campaign
from dialer.domain.transitions import CampaignStatus
from dialer.operations import drafts
from dialer.operations.context import Context
from dialer.operations.drafts import Draft


async def notice(ctx: Context, campaign: Campaign) -> dict[str, str] | None:
    """What a campaign's pages say of its draft; nothing of one that has ended, as no draft of it comes to anything."""
    draft = None if campaign.status is CampaignStatus.ENDED else await drafts.find(ctx, campaign.id)
    if draft is None:
        return None
    return {"title": title(draft, campaign.time_zone), "age": age(draft), "runs": _runs(draft, campaign)}


def _runs(draft: Draft, campaign: Campaign) -> str:
    if draft.deployed is None:
        return "Nothing is deployed: the campaign can't be published."
    return f"Version {draft.deployed} {'runs' if campaign.status is CampaignStatus.PUBLISHED else 'is deployed'}."


def title(draft: Draft, zone: str) -> str:
    """`Draft of 2026-05-04 12:04 CEST by anna, not deployed: 3 faults`, in the campaign's zone."""
    return f"Draft of {local(draft.kept.saved_at, zone)} by {draft.kept.saved_by}, not deployed: {count(draft)}"


def count(draft: Draft) -> str:
    number = len(draft.checked.faults)
    return {0: "no faults", 1: "1 fault"}.get(number, f"{number:,} faults")


def age(draft: Draft) -> str:
    """What was deployed since it was begun; empty if nothing was."""
    base, now = draft.kept.base.version, draft.deployed
    if not draft.is_older or now is None:
        return ""
    if base is None:
        return f"Older than what is deployed: version {now} came after it was begun."
    if base == now:
        return f"Older than what is deployed: version {now} was drawn otherwise after it was begun."
    return f"Older than what is deployed: it was begun from version {base}, and version {now} came since."
