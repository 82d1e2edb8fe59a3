"""`/audit`: who changed what, for managers."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web

from admin.api import csv_stream
from admin.keys import CONTEXT
from admin.openapi import Media, Operations, answer
from admin.schemas.audit import AuditOut
from admin.schemas.common import ExportQuery, ListQuery, PageOut
from dialer.operations import audit

api = Operations("audit")

COLUMNS = ("id", "at", "who", "kind", "address", "action", "thing", "thing_id", "name", "before", "after")


@api("GET", "/audit", "List changes", answers={200: PageOut[AuditOut]})
async def listing(request: web.Request, query: ListQuery) -> web.Response:
    """The newest first; for managers. `total` is at most 10,000."""
    page = await audit.page(request.app[CONTEXT], query.query())
    items = [AuditOut.of(item) for item in page.items]
    return answer(PageOut[AuditOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("GET", "/audit.csv", "Take along all changes", answers={200: Media({"text/csv": {"type": "string"}})})
async def export(request: web.Request, query: ExportQuery) -> web.StreamResponse:
    """Those that `filter` and `q` fit. Cells that a spreadsheet would run as a formula begin with `'`."""
    pages = audit.pages(request.app[CONTEXT], query.query())
    first = await anext(pages)  # what is wrong with the question is answered before a file begins
    return await csv_stream.send(request, "audit.csv", _rows(first, pages))


async def _rows(
    first: Sequence[Mapping[str, Any]], others: AsyncIterator[Sequence[Mapping[str, Any]]]
) -> AsyncIterator[list[Any]]:
    yield list(COLUMNS)
    for item in first:
        yield _row(item)
    async for page in others:
        for item in page:
            yield _row(item)


def _row(item: Mapping[str, Any]) -> list[Any]:
    return [_written(item[name]) for name in COLUMNS]


def _written(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value
