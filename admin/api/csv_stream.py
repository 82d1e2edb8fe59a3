"""A CSV that is sent while it is written: no answer is ever in memory as a whole."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
from aiohttp import ClientConnectionResetError, web

from admin.openapi import Media
from dialer.domain.spreadsheet import neutral

#: For the declaration of an operation that answers so.
ANSWERS = {200: Media({"text/csv": {"type": "string"}})}
_FLUSH_BYTES = 64 << 10


async def send(request: web.Request, name: str, rows: AsyncIterable[Iterable[Any]]) -> web.StreamResponse:
    """The rows as the file `name`; cells that a spreadsheet would run as a formula begin with `'`."""
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{name}"'})
    response.content_type, response.charset = "text/csv", "utf-8"
    await response.prepare(request)
    with suppress(ClientConnectionResetError):  # the download was given up
        buffer = io.StringIO()
        async for row in rows:
            csv.writer(buffer).writerow([neutral(_written(cell)) for cell in row])
            if buffer.tell() > _FLUSH_BYTES:
                await response.write(buffer.getvalue().encode())
                buffer.seek(0)
                buffer.truncate()
        await response.write_eof(buffer.getvalue().encode())
    return response


async def send_parts(
    request: web.Request,
    name: str,
    columns: Sequence[str],
    parts: AsyncIterator[Sequence[Mapping[str, Any]]],
    row: Callable[[Mapping[str, Any]], Iterable[Any]] | None = None,
) -> web.StreamResponse:
    """A list that comes in parts, one `row` for each item (its fields of these names), under the names of the columns."""
    first = await anext(parts)  # what is wrong with the question is answered before a file begins
    rows = _rows(columns, first, parts, row or (lambda item: [item[column] for column in columns]))
    return await send(request, name, rows)


async def _rows(
    columns: Sequence[str],
    first: Sequence[Mapping[str, Any]],
    others: AsyncIterator[Sequence[Mapping[str, Any]]],
    row: Callable[[Mapping[str, Any]], Iterable[Any]],
) -> AsyncIterator[Iterable[Any]]:
    yield columns
    for item in first:
        yield row(item)
    async for part in others:
        for item in part:
            yield row(item)


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return value.isoformat() if isinstance(value, datetime) else str(value)
