"""`/evidence`: what was done with one number, for whoever has to prove it."""

from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from admin.api import csv_stream
from admin.keys import CONTEXT
from admin.openapi import Operations, answer
from admin.schemas.evidence import EvidenceOut, EvidenceQuery
from dialer.domain.evidence import COLUMNS
from dialer.operations import evidence
from dialer.operations.evidence import Found

api = Operations("rules")


@api("GET", "/evidence", "Everything that was done with a number", answers={200: EvidenceOut})
async def of_number(request: web.Request, query: EvidenceQuery) -> web.Response:
    """Calls, texts, refusals and do-not-contact entries of all campaigns. Needs the right to publish: a viewer may not.

    Of a contact that was erased nothing is left, but its entries on do-not-contact lists.
    """
    return answer(EvidenceOut.of(await evidence.of_number(request.app[CONTEXT], query.number)))


@api("GET", "/evidence.csv", "The same as a file", answers=csv_stream.ANSWERS)
async def as_file(request: web.Request, query: EvidenceQuery) -> web.StreamResponse:
    """A column for each field. Cells that a spreadsheet would run as a formula begin with `'`."""
    found = await evidence.of_number(request.app[CONTEXT], query.number)
    return await csv_stream.send(request, f"evidence-{found.number.removeprefix('+')}.csv", _rows(found))


async def _rows(found: Found) -> AsyncIterator[list[Any]]:
    yield ["number", *COLUMNS]
    for one in found.items:
        yield [found.number, *(getattr(one, name) for name in COLUMNS)]
