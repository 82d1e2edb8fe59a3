"""`/campaigns/{campaign_id}/strategy/draft`."""

from aiohttp import web

from admin.api.strategies import api as strategies_api
from admin.api.strategies import shown
from admin.keys import CONTEXT, IDENTITY
from admin.openapi import Operations, answer, etag, if_match_tag
from admin.schemas.strategies import DraftOut, FlowIn
from dialer.operations import drafts
from dialer.operations.drafts import ABSENT, Draft

api = Operations(strategies_api.tag)

PATH = "/campaigns/{campaign_id}/strategy/draft"
IF_MATCH = {"If-Match": "The `ETag` that was read: refused (409) if the draft is another by now."}
IF_NONE_MATCH = {"If-None-Match": "`*`: refused (409) if there is a draft already."}


@api("GET", PATH, "Read the draft of the strategy", answers={200: DraftOut})
async def read(request: web.Request, campaign_id: int) -> web.Response:
    """As it was drawn, with what is wrong with it now; 404 if the campaign has none. The `ETag` changes with the flow."""
    return _draft(await drafts.read(request.app[CONTEXT], campaign_id))


@api(
    "PUT",
    PATH,
    "Save a draft of the strategy",
    answers={200: DraftOut},
    problems=(409,),
    headers={**IF_MATCH, **IF_NONE_MATCH},
)
async def save(request: web.Request, campaign_id: int, body: FlowIn) -> web.Response:
    """A Node-RED flow, kept as it is: nothing of it runs. 422 only for what no editor could open.

    It goes on building on the version that the draft before it was begun from. `PUT …/strategy` and its like leave a draft
    as it is; a deploy in the studio takes the place of the draft that it was drawn from.
    """
    rev, by = _expected(request), request[IDENTITY].name
    return _draft(await drafts.save(request.app[CONTEXT], campaign_id, body.root, by=by, rev=rev))


@api("DELETE", PATH, "Discard the draft of the strategy", answers={204: None}, problems=(409,), headers=IF_MATCH)
async def discard(request: web.Request, campaign_id: int) -> web.Response:
    """For good; the deployed strategy stays as it is."""
    await drafts.discard(request.app[CONTEXT], campaign_id, if_match_tag(request))
    return web.Response(status=204)


def _expected(request: web.Request) -> str | None:
    return ABSENT if request.headers.get("If-None-Match", "").strip() == "*" else if_match_tag(request)


def _draft(draft: Draft) -> web.Response:
    kept, checked = draft.kept, draft.checked
    told = DraftOut(
        flow=kept.flow,
        saved_by=kept.saved_by,
        saved_at=kept.saved_at,
        builds_on=kept.base.version,
        is_older=draft.is_older,
        faults=shown(checked.faults),
        warnings=shown(checked.warnings),
    )
    return answer(told, headers=etag(draft.rev))
