"""`/attempts` and `/messages`: what was tried; `/replies`: what came back."""

from aiohttp import web

from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.common import ListQuery, PageOut
from admin.schemas.contacts import AttemptOut, MessageOut, ReplyOut
from dialer.operations import reports

api = Operations("attempts")


@api("GET", "/attempts", "List calls", answers={200: PageOut[AttemptOut]})
async def attempts(request: web.Request, query: ListQuery) -> web.Response:
    """Newest first by default."""
    page = await reports.attempts_page(request.app[CONTEXT], query.query())
    items = [AttemptOut.of(item) for item in page.items]
    return answer(PageOut[AttemptOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("GET", "/messages", "List texts", answers={200: PageOut[MessageOut]})
async def messages(request: web.Request, query: ListQuery) -> web.Response:
    """Newest first by default."""
    page = await reports.messages_page(request.app[CONTEXT], query.query())
    items = [MessageOut.of(item) for item in page.items]
    return answer(PageOut[MessageOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("GET", "/replies", "List replies", answers={200: PageOut[ReplyOut]})
async def replies(request: web.Request, query: ListQuery) -> web.Response:
    """Newest first by default; `filter=stop:eq:true` for those that asked not to be contacted."""
    page = await reports.replies_page(request.app[CONTEXT], query.query())
    items = [ReplyOut.of(item) for item in page.items]
    return answer(PageOut[ReplyOut](items=items, total=page.total, next_cursor=page.next_cursor))
