"""`/do-not-contact`: addresses that nobody calls or texts."""

from aiohttp import web

from admin.keys import CONTEXT
from admin.once import HEADERS, created
from admin.openapi import Operations, answer
from admin.schemas.common import PageOut
from admin.schemas.people import (
    AddedOut,
    DoNotContactOut,
    DoNotContactQuery,
    DoNotContactRemove,
    OneOrMany,
)
from dialer.operations import do_not_contact
from dialer.operations.do_not_contact import Added
from dialer.operations.once import Made

api = Operations("do not contact")


@api("GET", "/do-not-contact", "List the do-not-contact entries", answers={200: PageOut[DoNotContactOut]})
async def listing(request: web.Request, query: DoNotContactQuery) -> web.Response:
    """The newest first; `address` asks for one. An entry without a campaign is for all."""
    page = await do_not_contact.page(request.app[CONTEXT], query.query(), query.address)
    items = [DoNotContactOut.of(item) for item in page.items]
    return answer(PageOut[DoNotContactOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("POST", "/do-not-contact", "Put addresses on a do-not-contact list", answers={201: AddedOut}, headers=HEADERS)
async def add(request: web.Request, body: OneOrMany) -> web.Response:
    """One, or up to 10,000. When this answers, no call or text to them starts any more; what was queued is refused.

    If one can't be read, all are told and none is listed.
    """
    entries = body if isinstance(body, list) else [body]
    ctx, given = request.app[CONTEXT], [one.entry() for one in entries]

    async def add_and_keep(kept: Made) -> Added:
        """The answer is only known when all are listed; until it is kept, the same call again lists nobody twice."""
        added = await do_not_contact.add(ctx, given)
        async with ctx.db.write() as tx:
            await kept(tx, added)
        return added

    return await created(request, add_and_keep, _told)


def _told(added: Added) -> web.Response:
    return answer(AddedOut(added=added.added, known=added.known, refused=added.refused), 201)


@api("DELETE", "/do-not-contact", "Take an address off a list", answers={204: None}, problems=(404,))
async def remove_address(request: web.Request, query: DoNotContactRemove) -> web.Response:
    """Work that was refused for it does not come back by itself."""
    ctx = request.app[CONTEXT]
    entry = await do_not_contact.find(ctx, query.address, query.campaign_id)
    await do_not_contact.remove(ctx, entry.id)
    return web.Response(status=204)


@api("DELETE", "/do-not-contact/{entry_id}", "Take an entry off its list", answers={204: None})
async def remove(request: web.Request, entry_id: int) -> web.Response:
    await do_not_contact.remove(request.app[CONTEXT], entry_id)
    return web.Response(status=204)
