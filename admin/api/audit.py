"""`/audit`: who changed what, for managers."""

from aiohttp import web

from admin.api import csv_stream
from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.audit import AuditOut
from admin.schemas.common import ExportQuery, ListQuery, PageOut
from dialer.operations import audit, exports

api = Operations("audit")

COLUMNS = ("id", "at", "who", "kind", "address", "action", "thing", "thing_id", "name", "before", "after")


@api("GET", "/audit", "List changes", answers={200: PageOut[AuditOut]})
async def listing(request: web.Request, query: ListQuery) -> web.Response:
    """The newest first; for managers. `total` is at most 10,000."""
    page = await audit.page(request.app[CONTEXT], query.query())
    items = [AuditOut.of(item) for item in page.items]
    return answer(PageOut[AuditOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("GET", "/audit/export.csv", "Take along all changes", answers=csv_stream.ANSWERS)
async def export(request: web.Request, query: ExportQuery) -> web.StreamResponse:
    """Those that `filter` and `q` fit, newest first. Cells that a spreadsheet would run as a formula begin with `'`."""
    return await csv_stream.send_parts(
        request, "audit.csv", COLUMNS, exports.audit(request.app[CONTEXT], query.query())
    )
