"""`/tokens`: what programs come in with; for managers."""

from aiohttp import web

from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.users import NewTokenOut, TokenIn, TokenOut, TokensOut
from dialer.operations import tokens, users

api = Operations("tokens")


@api("GET", "/tokens", "List tokens", answers={200: TokensOut})
async def listing(request: web.Request) -> web.Response:
    """By name. The tokens themselves are not kept."""
    found = await tokens.listed(request.app[CONTEXT])
    return answer(TokensOut(items=[TokenOut.of(one) for one in found]))


@api("POST", "/tokens", "Create a token", answers={201: NewTokenOut})
async def create(request: web.Request, body: TokenIn) -> web.Response:
    """It is shown this once. It can be narrower than its role: some of its rights, one campaign, until an instant."""
    made = await users.create_token(request.app[CONTEXT], body.name, body.role, body.scope())
    return answer(NewTokenOut(token=made), 201)


@api("DELETE", "/tokens/{token_id}", "Revoke a token", answers={204: None})
async def revoke(request: web.Request, token_id: int) -> web.Response:
    """From now on it opens nothing, and streams that it has opened end."""
    await tokens.revoke(request.app[CONTEXT], token_id)
    return web.Response(status=204)
