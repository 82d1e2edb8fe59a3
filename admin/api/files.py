"""Contact files: sent and taken at once, or kept until a person has seen what is in them."""

from aiohttp import web

from admin.api.uploads import FIELDS, FORM, XLSX, received, removed, told_in
from admin.auth import may
from admin.keys import CONTEXT, IDENTITY
from admin.openapi import Media, Operations, answer
from admin.schemas.contacts import SourceOut
from admin.schemas.files import FileQuery, KeptOut, PreviewOut, ToldIn, UploadOut, UploadQuery, UploadsOut
from dialer.domain.errors import InvalidInput
from dialer.operations import pending, uploads
from dialer.operations.users import Right

api = Operations("sources")

_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}, **{name: {"type": "string"} for name in FIELDS}},
}
_FILE = Media({"text/csv": {"type": "string"}, XLSX: {"type": "string", "format": "binary"}, FORM: _FORM})


@api(
    "POST",
    "/campaigns/{campaign_id}/sources",
    "Upload contacts",
    answers={202: SourceOut},
    problems=(409, 429, 507),
    sends=_FILE,
)
async def upload(request: web.Request, campaign_id: int, query: UploadQuery) -> web.Response:
    """A CSV file or an Excel workbook. It is checked to its end before this answers; then it is imported in the background.

    With `upload` no file is sent, but a kept one is taken; what is said here goes before what was said of it.
    """
    ctx = request.app[CONTEXT]
    await uploads.check_open(ctx, campaign_id)
    if query.upload is not None:
        kept = await pending.get(ctx, campaign_id, query.upload)
        source = await pending.take(ctx, kept, told_in(query))
    else:
        async with received(request, query) as file:
            source = await uploads.take(ctx, campaign_id, file)
    headers = {"Location": f"/api/v1/campaigns/{campaign_id}/sources/{source.id}"}
    return answer(SourceOut.of(source, ctx.clock()), 202, headers)


@api(
    "POST",
    "/campaigns/{campaign_id}/sources/preview",
    "What a file would bring",
    answers={200: PreviewOut},
    problems=(409, 429, 507),
    sends=_FILE,
)
async def preview(request: web.Request, campaign_id: int, query: FileQuery) -> web.Response:
    """Columns, encoding, delimiter, proposed mapping, first rows, and what would be created, merged and refused.

    Of a file with more than 20,000 rows the first are counted. Nothing is kept.
    """
    ctx = request.app[CONTEXT]
    await uploads.check_open(ctx, campaign_id)
    async with received(request, query) as file:
        try:
            found = await uploads.preview(ctx, campaign_id, file)
        finally:
            await removed(file.file)
    if found.faults:
        raise InvalidInput(found.faults)
    return answer(PreviewOut.of(found))


@api(
    "POST",
    "/campaigns/{campaign_id}/uploads",
    "Keep a file to look at it",
    answers={201: KeptOut},
    problems=(409, 429, 507),
    sends=_FILE,
)
async def keep(request: web.Request, campaign_id: int, query: FileQuery) -> web.Response:
    """As a preview, but the file is kept for an hour, so that a mapping can be tried without sending it again."""
    ctx = request.app[CONTEXT]
    await uploads.check_open(ctx, campaign_id)
    async with received(request, query) as file:
        kept, found = await pending.keep(ctx, campaign_id, file)
    shown = {**UploadOut.of(kept).model_dump(), "preview": PreviewOut.of(found)}
    headers = {"Location": f"/api/v1/campaigns/{campaign_id}/uploads"}
    return answer(KeptOut(**shown), 201, headers)


@api("GET", "/campaigns/{campaign_id}/uploads", "List kept files", answers={200: UploadsOut})
async def listing(request: web.Request, campaign_id: int) -> web.Response:
    """Those that were not imported yet, the newest first."""
    found = await pending.of_campaign(request.app[CONTEXT], campaign_id)
    return answer(UploadsOut(items=[UploadOut.of(one) for one in found]))


@api(
    "POST",
    "/campaigns/{campaign_id}/uploads/{upload_id}/preview",
    "What a kept file would bring",
    answers={200: PreviewOut},
    problems=(409,),
)
async def preview_kept(request: web.Request, campaign_id: int, upload_id: str, body: ToldIn) -> web.Response:
    """With what is said here instead of what was said before. Faults of the mapping stand in `errors`."""
    ctx = request.app[CONTEXT]
    kept = await pending.get(ctx, campaign_id, upload_id)
    remember = may(request[IDENTITY], Right.WRITE)
    found = await pending.preview(ctx, kept, body.told(), remember=remember)
    return answer(PreviewOut.of(found))


@api("DELETE", "/campaigns/{campaign_id}/uploads/{upload_id}", "Discard a kept file", answers={204: None})
async def discard(request: web.Request, campaign_id: int, upload_id: str) -> web.Response:
    ctx = request.app[CONTEXT]
    await pending.discard(ctx, await pending.get(ctx, campaign_id, upload_id))
    return web.Response(status=204)
