"""A draft of a strategy in words: whose it is, what is wrong with it, and whether something was deployed since."""

from admin.language import _, ngettext
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
        return _("Nothing is deployed: the campaign can't be published.")
    if campaign.status is CampaignStatus.PUBLISHED:
        return _("Version %(version)s runs.", version=draft.deployed)
    return _("Version %(version)s is deployed.", version=draft.deployed)


def title(draft: Draft, zone: str) -> str:
    """`Draft of 2026-05-04 12:04 CEST by anna, not deployed: 3 faults`, in the campaign's zone."""
    saved, by = local(draft.kept.saved_at, zone), draft.kept.saved_by
    return _("Draft of %(saved)s by %(by)s, not deployed: %(faults)s", saved=saved, by=by, faults=count(draft))


def count(draft: Draft) -> str:
    number = len(draft.checked.faults)
    return ngettext("%(num)s fault", "%(num)s faults", number) if number else _("no faults")


def age(draft: Draft) -> str:
    """What was deployed since it was begun; empty if nothing was."""
    base, now = draft.kept.base.version, draft.deployed
    if not draft.is_older or now is None:
        return ""
    if base is None:
        return _("Older than what is deployed: version %(now)s came after it was begun.", now=now)
    if base == now:
        return _("Older than what is deployed: version %(now)s was drawn otherwise after it was begun.", now=now)
    return _(
        "Older than what is deployed: it was begun from version %(base)s, and version %(now)s came since.",
        base=base,
        now=now,
    )
