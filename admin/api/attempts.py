"""`/attempts` and `/messages`: what was tried; `/replies`: what came back."""

from typing import Any, TypeVar

from aiohttp import web

from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.common import CountingQuery, LongPageOut
from admin.schemas.contacts import AttemptOut, MessageOut, ReplyOut
from dialer.operations import reports
from dialer.store import lists
from dialer.store.listing import Page

api = Operations("attempts")
Paged = TypeVar("Paged", bound=LongPageOut[Any])


@api("GET", "/attempts", "List calls", answers={200: LongPageOut[AttemptOut]})
async def attempts(request: web.Request, query: CountingQuery) -> web.Response:
    """Newest first by default; the total is counted as far as 10,000, or to its end with `count=exact`."""
    page = await reports.tries_page(request.app[CONTEXT], lists.ATTEMPTS, query.query())
    items = [AttemptOut.of(item) for item in page.items]
    return answer(_long(LongPageOut[AttemptOut], items, page))


@api("GET", "/messages", "List texts", answers={200: LongPageOut[MessageOut]})
async def messages(request: web.Request, query: CountingQuery) -> web.Response:
    """Newest first by default; the total is counted as far as 10,000, or to its end with `count=exact`."""
    page = await reports.tries_page(request.app[CONTEXT], lists.MESSAGES, query.query())
    items = [MessageOut.of(item) for item in page.items]
    return answer(_long(LongPageOut[MessageOut], items, page))


@api("GET", "/replies", "List replies", answers={200: LongPageOut[ReplyOut]})
async def replies(request: web.Request, query: CountingQuery) -> web.Response:
    """Newest first by default; `filter=stop:eq:true` for those that asked not to be contacted. Counted as calls are."""
    page = await reports.replies_page(request.app[CONTEXT], query.query())
    items = [ReplyOut.of(item) for item in page.items]
    return answer(_long(LongPageOut[ReplyOut], items, page))


def _long(made: type[Paged], items: list[Any], page: Page) -> Paged:
    return made(items=items, total=page.total, next_cursor=page.next_cursor, total_is_exact=page.total_is_exact)
