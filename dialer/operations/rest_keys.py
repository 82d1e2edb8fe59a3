"""A campaign's own key, which opens its REST source and nothing else. It is made from the secret key, never stored."""

import hashlib
import hmac

from dialer.domain.errors import NotFound
from dialer.operations import audit
from dialer.operations.context import Context
from dialer.store import campaigns, pushes


async def get(ctx: Context, campaign_id: int) -> str:
    """The key that is in force."""
    async with ctx.db.read() as tx:
        if await campaigns.get(tx, campaign_id) is None:
            raise NotFound("campaign", campaign_id)
        number = await pushes.key_number(tx, campaign_id)
    return _key(ctx, campaign_id, number)


async def renew(ctx: Context, campaign_id: int) -> str:
    """Another key; the one before opens nothing any more."""
    async with ctx.db.write() as tx:
        campaign = await campaigns.hold(tx, campaign_id)
        if campaign is None:
            raise NotFound("campaign", campaign_id)
        old = {"key_number": await pushes.key_number(tx, campaign_id)}
        number = await pushes.next_key(tx, campaign_id)
        new = {"key_number": number}
        await audit.write(tx, ctx, "renew key", "campaign", campaign_id, name=campaign.title, before=old, after=new)
    return _key(ctx, campaign_id, number)


async def opens(ctx: Context, campaign_id: int, given: str) -> bool:
    """Whether this is the campaign's key now."""
    async with ctx.db.read() as tx:
        number = await pushes.key_number(tx, campaign_id)
    return hmac.compare_digest(_key(ctx, campaign_id, number).encode(), given.encode("utf-8", "replace"))


def _key(ctx: Context, campaign_id: int, number: int) -> str:
    return "dlc_" + hmac.new(ctx.secret, f"rest:{campaign_id}:{number}".encode(), hashlib.sha256).hexdigest()
