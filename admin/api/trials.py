"""`/gateways/{id}/test`: test messages."""

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.openapi import Operations, answer
from admin.schemas.common import ListQuery, PageOut
from admin.schemas.gateways import CutOut, TestIn, TestOut, TextIn
from dialer.operations import trials

api = Operations("gateways")


@api("POST", "/gateways/{gateway_id}/test", "Send a test message", answers={202: TestOut}, problems=(409, 429))
async def send(request: web.Request, gateway_id: str, body: TestIn) -> web.Response:
    """One text to one number, of no campaign, sent at most once; `Location` tells what becomes of it.

    409 for a voice gateway and while the gateway is not bound; 422 names a number on the do-not-contact list of everybody;
    429 after ten within a minute. Calling hours do not apply: somebody sends it by hand.
    """
    by = request[IDENTITY].name
    row = await trials.ask(request.app[CONTEXT], gateway_id, body.number, body.text, by)
    location = f"/api/v1/gateways/{gateway_id}/tests/{row.id}"
    return answer(TestOut.of(dict(row._mapping)), 202, {"Location": location})  # noqa: SLF001  (SQLAlchemy's public name for it)


@api("POST", "/gateways/{gateway_id}/test/look", "See how a text would go out", answers={200: CutOut}, problems=(409,))
async def look(request: web.Request, gateway_id: str, body: TextIn) -> web.Response:
    """Nothing is sent. 409 for a voice gateway; 422 for a text that the gateway cannot send."""
    return answer(CutOut.of(await trials.cut(request.app[CONTEXT], gateway_id, body.text)))


@api("GET", "/gateways/{gateway_id}/tests", "List test messages", answers={200: PageOut[TestOut]})
async def listing(request: web.Request, gateway_id: str, query: ListQuery) -> web.Response:
    """Who has sent what to which number, and what became of it; the newest first."""
    page = await trials.page(request.app[CONTEXT], gateway_id, query.query())
    items = [TestOut.of(item) for item in page.items]
    return answer(PageOut[TestOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("GET", "/gateways/{gateway_id}/tests/{test_id}", "Read a test message", answers={200: TestOut})
async def read(request: web.Request, gateway_id: str, test_id: int) -> web.Response:
    row = await trials.get(request.app[CONTEXT], gateway_id, test_id)
    return answer(TestOut.of(dict(row._mapping)))  # noqa: SLF001
