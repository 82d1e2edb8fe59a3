"""`/replies/export.csv`, and that of a campaign: replies to take along."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from aiohttp import web

from admin.api import csv_stream
from admin.keys import CONTEXT
from admin.openapi import Media, Operations
from admin.schemas.common import ExportQuery
from dialer.operations import exports

api = Operations("attempts")

CSV = {200: Media({"text/csv": {"type": "string"}})}
COLUMNS = (
    "id", "received_at", "source", "first_name", "last_name", "text", "stop", "answered", "destination", "gateway",
    "campaign_id", "contact_id", "confirmation",
)  # fmt: skip


@api("GET", "/replies/export.csv", "Take along all replies", answers=CSV)
async def everything(request: web.Request, query: ExportQuery) -> web.StreamResponse:
    """Those that `filter` and `q` fit, as in the list. Cells that a spreadsheet would run as a formula begin with `'`."""
    return await _send(request, query, None, "replies.csv")


@api("GET", "/campaigns/{campaign_id}/replies/export.csv", "Take along a campaign's replies", answers=CSV)
async def of_campaign(request: web.Request, campaign_id: int, query: ExportQuery) -> web.StreamResponse:
    """As `/replies/export.csv`: those to its texts."""
    return await _send(request, query, campaign_id, f"replies-{campaign_id}.csv")


async def _send(request: web.Request, query: ExportQuery, campaign_id: int | None, name: str) -> web.StreamResponse:
    pages = exports.replies(request.app[CONTEXT], query.query(), campaign_id)
    first = await anext(pages)  # what is wrong with the question is answered before a file begins
    return await csv_stream.send(request, name, _rows(first, pages))


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
    return [item[name] for name in COLUMNS]
