"""Who may change a strategy in the studio: people with the right to write, as long as the campaign has not ended."""

from aiohttp import web

from admin.auth import may
from admin.keys import IDENTITY
from admin.language import _
from admin.pages.campaign import load
from admin.pages.words import plain
from dialer.domain.campaign import Campaign
from dialer.domain.transitions import CampaignStatus
from dialer.operations.users import Right


async def editable(request: web.Request) -> bool:
    return why_not_editable(request, await load(request)) is None


def why_not_editable(request: web.Request, campaign: Campaign) -> str | None:
    """The reason for a person, or None."""
    if campaign.status is CampaignStatus.ENDED:
        return _("The campaign has ended: its strategy can be looked at, not changed.")
    identity = request[IDENTITY]
    if not may(identity, Right.WRITE):
        return _(
            "%(name)s is a %(role)s, who may look at a strategy and not change it.",
            name=identity.name,
            role=plain(identity.role),
        )
    return None
