"""`/campaigns/{campaign_id}/sources`: contact files."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from types import SimpleNamespace

from aiohttp import web

from admin.api import csv_stream
from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.common import ListQuery, PageOut
from admin.schemas.contacts import RemovalOut, SourceOut
from admin.schemas.sources import SelectionIn, SelectionOut
from dialer.domain.spreadsheet import ADDED, reason_and_remedy
from dialer.domain.transitions import SourceState
from dialer.operations import removal, reports, selections, sources
from dialer.operations.context import Context
from dialer.store.types import AnyRow

api = Operations("sources")


@api(
    "POST",
    "/campaigns/{campaign_id}/sources/filter",
    "Add contacts that are here already",
    answers={202: SourceOut},
    problems=(404, 409),
)
async def select(request: web.Request, campaign_id: int, body: SelectionIn) -> web.Response:
    """Those of all contacts that fit now; they are added in the background, and who is in the campaign stays as it is."""
    ctx = request.app[CONTEXT]
    source = await selections.take(ctx, campaign_id, body.filter, body.q, body.name)
    headers = {"Location": f"/api/v1/campaigns/{campaign_id}/sources/{source.id}"}
    return answer(SourceOut.of(source, ctx.clock()), 202, headers)


@api(
    "POST",
    "/campaigns/{campaign_id}/sources/filter/preview",
    "How many contacts that are here already fit",
    answers={200: SelectionOut},
    problems=(409,),
)
async def preview_selection(request: web.Request, campaign_id: int, body: SelectionIn) -> web.Response:
    found = await selections.preview(request.app[CONTEXT], campaign_id, body.filter, body.q)
    return answer(SelectionOut(total=found.total, already=found.already))


@api("GET", "/campaigns/{campaign_id}/sources", "List sources", answers={200: PageOut[SourceOut]})
async def listing(request: web.Request, campaign_id: int, query: ListQuery) -> web.Response:
    page = await reports.sources_page(request.app[CONTEXT], campaign_id, query.query())
    items = [SourceOut.of(SimpleNamespace(**item), request.app[CONTEXT].clock()) for item in page.items]
    return answer(PageOut[SourceOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("GET", "/campaigns/{campaign_id}/sources/{source_id}", "Read a source", answers={200: SourceOut})
async def read(request: web.Request, campaign_id: int, source_id: int) -> web.Response:
    """`progress` goes from 0 to 1."""
    ctx = request.app[CONTEXT]
    return answer(SourceOut.of(await sources.get(ctx, campaign_id, source_id), ctx.clock()))


@api(
    "POST",
    "/campaigns/{campaign_id}/sources/{source_id}/cancel",
    "Stop an import",
    answers={200: SourceOut},
    problems=(409,),
)
async def cancel(request: web.Request, campaign_id: int, source_id: int) -> web.Response:
    """What it brought so far stays; 409 for an import that is over."""
    ctx = request.app[CONTEXT]
    return answer(SourceOut.of(await sources.cancel(ctx, campaign_id, source_id), ctx.clock()))


@api(
    "GET",
    "/campaigns/{campaign_id}/sources/{source_id}/removal",
    "What removing a source would do",
    answers={200: RemovalOut},
)
async def preview_removal(request: web.Request, campaign_id: int, source_id: int) -> web.Response:
    """In contacts, and what would stay by reason: `contacted`, `in_progress`, `shared`, `edited`, `joined`, `handed_over`.

    The last are those whom another source of the campaign brought too: they are that one's then.
    """
    found = await removal.preview(request.app[CONTEXT], campaign_id, source_id)
    return answer(RemovalOut(**{**asdict(found), "kept": dict(found.kept)}))


@api(
    "DELETE",
    "/campaigns/{campaign_id}/sources/{source_id}",
    "Remove a source",
    answers={200: SourceOut, 202: SourceOut, 204: None},
    problems=(409,),
)
async def delete(request: web.Request, campaign_id: int, source_id: int) -> web.Response:
    """Takes back exactly what it brought and had not been contacted; `kept` counts what stays, by reason.

    204: nothing stays, and the source is gone; 200: the source is `removed`, and something stays; 202: it is a large one,
    and goes on in the background. 409 for an import that has not ended: cancel it first. A REST source begins anew with
    the next push.
    """
    ctx = request.app[CONTEXT]
    row = await removal.remove(ctx, campaign_id, source_id)
    if row is None:
        return web.Response(status=204)
    return answer(SourceOut.of(row, ctx.clock()), 202 if row.state == SourceState.REMOVING else 200)


@api(
    "GET",
    "/campaigns/{campaign_id}/sources/{source_id}/refused.csv",
    "Rows that were not taken",
    answers=csv_stream.ANSWERS,
)
async def refused(request: web.Request, campaign_id: int, source_id: int) -> web.StreamResponse:
    """The columns of the file, then `line`, `reason` and `remedy`, then what a row had beyond its columns.

    Cells that a spreadsheet would run as a formula begin with `'`.
    """
    ctx = request.app[CONTEXT]
    source = await sources.get(ctx, campaign_id, source_id)
    return await csv_stream.send(request, f"refused-{source_id}.csv", _refused(ctx, source))


async def _refused(ctx: Context, source: AnyRow) -> AsyncIterator[list[str]]:
    columns = sources.columns(source)
    yield [*columns, *ADDED]
    async for line, cells, reason in sources.refused_rows(ctx, source):
        filled = [*cells, *[""] * (len(columns) - len(cells))]
        yield [*filled[: len(columns)], str(line), *reason_and_remedy(reason), *filled[len(columns) :]]
