"""`draft`: what is drawn is kept as it is, faults and all, until it is deployed or discarded."""

from typing import Any

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.language import _, said
from admin.pages import draft_words
from admin.pages.campaign import campaign_id, load
from admin.studio.access import why_not_editable
from admin.studio.answers import faulty, refusal, retold_of, sent, told_faults
from dialer.domain.campaign import Campaign
from dialer.domain.errors import IllegalTransition, InvalidInput, NotFound, StaleEdit
from dialer.operations import drafts
from dialer.operations.deploying import BadStrategy
from dialer.operations.drafts import Draft
from dialer.store.drafts import Base

HEADER = "Studio-Draft"  # the revision of the draft that is on the canvas


def told(draft: Draft, campaign: Campaign) -> dict[str, Any]:
    """A draft as our script in the editor shows it."""
    return {
        "rev": draft.rev,
        "title": draft_words.title(draft, campaign.time_zone),
        "age": draft_words.age(draft),
        "deployed": draft.deployed,
        "faults": told_faults(draft.checked.faults),
    }


async def save(request: web.Request) -> web.Response:
    """`{flows, rev, version, draft}` → `{draft}`: `rev` and `version` are what the drawing was begun from.

    `draft` is the revision of the draft that was drawn on, `none` without one; left out, whichever is there is replaced.
    """
    campaign = await load(request)
    if why := why_not_editable(request, campaign):
        return refusal(403, "not_allowed", why)
    ctx, flow = request.app[CONTEXT], None
    try:
        body = await sent(request)
        flow, base, rev = body.get("flows"), _base(body), _text(body, "draft")
        kept = await drafts.save(ctx, campaign.id, flow, by=request[IDENTITY].name, rev=rev, base=base)
    except BadStrategy as error:
        return faulty("invalid_flow", _("Nothing was saved"), flow, error.node_faults)
    except InvalidInput as error:
        return refusal(400, "unexpected_error", retold_of(error))
    except StaleEdit:
        return await _other(request, campaign)
    except IllegalTransition as error:
        return refusal(403, "not_allowed", said(str(error)))
    return web.json_response({"draft": told(kept, campaign)})


async def discard(request: web.Request) -> web.Response:
    """The draft that is on the canvas, and no other."""
    campaign = await load(request)
    if why := why_not_editable(request, campaign):
        return refusal(403, "not_allowed", why)
    try:
        await drafts.discard(request.app[CONTEXT], campaign_id(request), request.headers.get(HEADER))
    except StaleEdit:
        return await _other(request, campaign)
    except NotFound:
        pass  # somebody was faster
    except IllegalTransition as error:
        return refusal(403, "not_allowed", said(str(error)))
    return web.Response(status=204)


async def _other(request: web.Request, campaign: Campaign) -> web.Response:
    """What is there now instead of the draft that was drawn on."""
    there = await drafts.find(request.app[CONTEXT], campaign.id)
    if there is None:
        message = _("Somebody else has deployed or discarded the draft since it was loaded.")
        return refusal(409, "version_mismatch", message, draft=None)
    message = _("Somebody else has saved a draft since this was loaded.")
    return refusal(409, "version_mismatch", message, draft=told(there, campaign))


def _base(body: dict[str, Any]) -> Base | None:
    rev, version = _text(body, "rev"), body.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise InvalidInput.single("version", "should be a whole number")
    return Base(rev[:32], version) if rev else None


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInput.single(name, "should be text")
    return value
