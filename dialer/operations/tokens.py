"""Tokens of programs as managers keep them; `users.create_token` makes one."""

from dialer.domain.errors import NotFound
from dialer.operations import audit
from dialer.operations.context import Context
from dialer.store import users
from dialer.store.types import AnyRow


async def listed(ctx: Context) -> list[AnyRow]:
    """`(id, name, role, rights, campaign_id, created_at, used_at, expires_at)` of all, by name."""
    async with ctx.db.read() as tx:
        return await users.tokens(tx)


async def revoke(ctx: Context, token_id: int) -> None:
    """It opens nothing any more, and streams that it has opened end. Raises `NotFound`."""
    async with ctx.db.write() as tx:
        found = next((one for one in await users.tokens(tx) if one.id == token_id), None)
        if found is None:
            raise NotFound("token", token_id)
        await users.remove_token(tx, found.name)
        old = {"role": found.role, "rights": found.rights, "campaign_id": found.campaign_id}
        await audit.write(tx, ctx, "delete", "token", found.name, name=found.name, before=old)
    ctx.ended(lambda one: one.csrf is None and one.name == found.name)
