"""Takes an uploaded file from the network to the disk, in bounded memory, as a CSV body or as a form's `file`."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from admin.errors import Refused, input_checked, malformed, too_large
from admin.keys import CONTEXT, UPLOADS
from admin.schemas.files import FileQuery
from config.http import Http
from dialer.domain.uploading import Told
from dialer.intake.examine import TABLE
from dialer.operations import uploads
from dialer.operations.one_by_one import Crowded
from dialer.operations.uploads import Upload
from dialer.store.room import is_full

CHUNK = 1 << 18
FIELD_MAX = 64_000
STALLED_S = 60.0
# Files that come at the same moment, each with a file and a connection that are open; more are refused.
AT_ONCE = 16
MAX_PARTS = 12
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BODIES = frozenset({"text/csv", "application/csv", "text/plain", "application/octet-stream", XLSX})
FIELDS = tuple(FileQuery.model_fields)
NO_ROOM = "the server's disk is full, and nothing was kept; make room in its data folder and send the file again"
FORM = "multipart/form-data"


@dataclass(slots=True)
class _Said:
    """What the query and the form say about the file, as it is written there; the form wins."""

    fields: dict[str, str]
    filename: str | None = None
    found: bool = False


@asynccontextmanager
async def received(request: web.Request, query: FileQuery) -> AsyncIterator[Upload]:
    """The upload as a file in the data folder; it is removed if the block raises.

    Raises `Refused`: 400 for a broken form, 408 for a stalled or too slow one, 413 beyond the setting, 415 for another
    media type, 507 if the disk is full; and `Crowded` (429) while too many others come.
    """
    ctx = request.app[CONTEXT]
    _check_type(request)
    path = await asyncio.to_thread(uploads.uploads_folder, ctx) / f"{secrets.token_hex(16)}.csv"
    said = _Said({})
    try:
        await _store_in_time(request, path, said, ctx.settings.http)
        with input_checked():
            told = query if not said.fields else FileQuery.model_validate(_merged(query, said.fields))
        yield Upload(path, _name(told.name, said.filename), _told(told))
    except BaseException as error:
        await removed(path)
        if is_full(error):
            raise Refused(507, NO_ROOM) from None
        raise


def told_in(query: FileQuery) -> Told | None:
    """What the query says of a kept upload; None if it says nothing."""
    given = query.model_fields_set - {"name", "upload"}
    return _told(query) if given else None


def _told(query: FileQuery) -> Told:
    mapping = None if query.mapping is None else uploads.mapping_of(_mapping(query.mapping))
    return uploads.check_told(
        Told(mapping, query.region, query.time_zone, query.encoding, query.delimiter, query.header)
    )


def _merged(query: FileQuery, fields: Mapping[str, str]) -> dict[str, object]:
    said = {name: value for name, value in query.model_dump(exclude={"upload"}).items() if value is not None}
    return {**said, **fields}


async def removed(path: Path) -> None:
    await asyncio.to_thread(_remove, path)


def _remove(path: Path) -> None:
    """With the table that was made of a workbook."""
    path.unlink(missing_ok=True)
    path.with_suffix(TABLE).unlink(missing_ok=True)


def _check_type(request: web.Request) -> None:
    if request.content_type != FORM and request.content_type not in BODIES:
        raise Refused(
            415, f"send the file as `text/csv` or `application/octet-stream`, or as `{FORM}` with a field `file`"
        )


async def _store_in_time(request: web.Request, path: Path, said: _Said, http: Http) -> None:
    places = request.app[UPLOADS]
    if places.locked():
        raise Crowded("upload", AT_ONCE)
    async with places:
        try:
            async with asyncio.timeout(http.upload_minutes * 60):
                await _store(request, path, said, http.max_upload_mb)
        except TimeoutError:
            late = f"the file did not come within {http.upload_minutes:g} minutes"
            raise Refused(408, f"{late}: send it in parts, or raise http.upload_minutes") from None


async def _store(request: web.Request, path: Path, said: _Said, max_mb: int) -> None:
    if request.content_length is not None and request.content_length > (max_mb << 20) + FIELD_MAX:
        raise too_large(max_mb)
    file = await asyncio.to_thread(path.open, "wb")
    try:
        if request.content_type == FORM:
            await _read_form(request, file, said, max_mb)
        else:
            await _write(_chunks_of_body(request), file, max_mb)
    finally:
        await asyncio.to_thread(file.close)


async def _read_form(request: web.Request, file: BinaryIO, said: _Said, max_mb: int) -> None:
    try:
        reader = await request.multipart()
        for _ in range(MAX_PARTS):
            async with asyncio.timeout(STALLED_S):
                part = await reader.next()
            if part is None:
                break
            if not isinstance(part, BodyPartReader):
                raise malformed("a form within the form is not taken")
            await _read_part(part, file, said, max_mb)
    except (ValueError, AssertionError, RuntimeError, LookupError, HttpProcessingError) as error:
        raise malformed(f"the form can't be read: {error}") from None
    except TimeoutError:
        raise Refused(408, f"nothing came for {STALLED_S:.0f} s") from None
    if not said.found:
        raise malformed("the form has no field `file`")


async def _read_part(part: BodyPartReader, file: BinaryIO, said: _Said, max_mb: int) -> None:
    if part.name == "file" and not said.found:
        said.found, said.filename = True, part.filename
        await _write(_chunks_of_part(part), file, max_mb)
    elif part.name in FIELDS and part.name not in said.fields:
        if text := await _text(part):
            said.fields[part.name] = text
    elif part.name != "csrf":
        raise malformed(f"the form has a field {str(part.name)[:80]!r}; taken are file, {', '.join(FIELDS)}, once each")


async def _text(part: BodyPartReader) -> str:
    content = bytearray()
    async for chunk in _chunks_of_part(part):
        content += chunk
        if len(content) > FIELD_MAX:
            raise Refused(413, f"the field {part.name} is longer than {FIELD_MAX} bytes")
    return content.decode()


async def _write(chunks: AsyncIterator[bytes], file: BinaryIO, max_mb: int) -> None:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_mb << 20:
            raise too_large(max_mb)
        await asyncio.to_thread(file.write, chunk)


async def _chunks_of_part(part: BodyPartReader) -> AsyncIterator[bytes]:
    while True:
        async with asyncio.timeout(STALLED_S):
            chunk = await part.read_chunk(CHUNK)
        if not chunk:
            return
        yield chunk


async def _chunks_of_body(request: web.Request) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(STALLED_S):
                chunk = await request.content.read(CHUNK)
        except TimeoutError:
            raise Refused(408, f"nothing came for {STALLED_S:.0f} s") from None
        if not chunk:
            return
        yield chunk


def _name(name: str | None, filename: str | None) -> str:
    """The name people see; what the browser says of a path or control characters is left out."""
    wanted = name or (filename or "").replace("\\", "/").rpartition("/")[2]
    return "".join(char for char in wanted if char.isprintable()).strip()[:255] or "contacts.csv"


def _mapping(text: str | None) -> object:
    if not text:
        return {}
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None  # which mapping_of refuses in its own words
