"""`/campaigns`."""

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY
from admin.once import HEADERS, created
from admin.openapi import Operations, answer, etag, if_match
from admin.schemas.campaigns import CampaignIn, CampaignOut, CampaignPatch, CloneOut, ReadinessOut
from admin.schemas.common import FaultOut, ListQuery, PageOut
from dialer.domain.campaign import Campaign
from dialer.operations import campaigns, deleting, reports

api = Operations("campaigns")


@api("GET", "/campaigns", "List campaigns", answers={200: PageOut[CampaignOut]})
async def listing(request: web.Request, query: ListQuery) -> web.Response:
    """Oldest first by default; sort by `title`, `id`, `status`, `created_at`, `modified_at`, `contacts`, `last_activity_at`."""
    page = await reports.campaigns_page(request.app[CONTEXT], query.query())
    items = [CampaignOut.of(item) for item in page.items]
    return answer(PageOut[CampaignOut](items=items, total=page.total, next_cursor=page.next_cursor))


@api("POST", "/campaigns", "Create a campaign", answers={201: CampaignOut}, headers=HEADERS)
async def create(request: web.Request, body: CampaignIn) -> web.Response:
    """All but the title is optional; the campaign is unpublished."""
    drawings = body.drawings(request[IDENTITY].name)
    ctx, given, document = request.app[CONTEXT], body.given(), body.document()
    return await created(request, lambda kept: campaigns.create(ctx, given, document, drawings, kept=kept), _made)


@api("GET", "/campaigns/{campaign_id}", "Read a campaign", answers={200: CampaignOut})
async def read(request: web.Request, campaign_id: int) -> web.Response:
    """The numbers of a campaign of 50,000 contacts or more may be 5 seconds old, here and in every other answer."""
    return await _shown(request, await campaigns.get(request.app[CONTEXT], campaign_id))


@api("PATCH", "/campaigns/{campaign_id}", "Edit a campaign", answers={200: CampaignOut}, problems=(409,))
async def edit(request: web.Request, campaign_id: int, body: CampaignPatch) -> web.Response:
    """Takes effect at once, also while the campaign is published. An ended campaign can't be edited (409)."""
    return await _shown(
        request, await campaigns.edit(request.app[CONTEXT], campaign_id, body.given(), if_match(request))
    )


@api(
    "DELETE",
    "/campaigns/{campaign_id}",
    "Delete a campaign",
    answers={204: None, 202: CampaignOut},
    problems=(409,),
    versioned=True,
)
async def delete(request: web.Request, campaign_id: int) -> web.Response:
    """With its history; contacts stay in the system. A published campaign can't be deleted (409).

    Nor can one that has called or texted somebody within `records_days`: its records are evidence, and rules on how often a number may
    be called count on them (409).

    204: it is gone. 202: it has ended and goes piece by piece, through restarts; `deleting_since` says since when, until it is gone.
    """
    left = await deleting.remove(request.app[CONTEXT], campaign_id, if_match(request))
    return web.Response(status=204) if left is None else await _shown(request, left, status=202)


@api(
    "POST",
    "/campaigns/{campaign_id}/publish",
    "Publish a campaign",
    answers={200: CampaignOut},
    problems=(409, 422),
    versioned=True,
)
async def publish(request: web.Request, campaign_id: int) -> web.Response:
    """422 names everything that is missing; 409 if it is published already or has ended."""
    return await _shown(request, await campaigns.publish(request.app[CONTEXT], campaign_id, if_match(request)))


@api("POST", "/campaigns/{campaign_id}/unpublish", "Pause a campaign", answers={200: CampaignOut}, problems=(409,))
async def unpublish(request: web.Request, campaign_id: int) -> web.Response:
    """When this answers, no new call or text starts."""
    return await _shown(request, await campaigns.unpublish(request.app[CONTEXT], campaign_id))


@api("POST", "/campaigns/{campaign_id}/end", "End a campaign for good", answers={200: CampaignOut}, problems=(409,))
async def end(request: web.Request, campaign_id: int) -> web.Response:
    """It can never be published, edited or fed again."""
    return await _shown(request, await campaigns.end(request.app[CONTEXT], campaign_id))


@api("GET", "/campaigns/{campaign_id}/clone", "An unsaved copy", answers={200: CloneOut})
async def clone(request: web.Request, campaign_id: int) -> web.Response:
    """Settings, strategy, its drawing and its draft, without contacts and history; nothing is stored until it is posted to `/campaigns`."""
    return answer(CloneOut.of(*await campaigns.clone(request.app[CONTEXT], campaign_id)))


@api("GET", "/campaigns/{campaign_id}/readiness", "What publishing still needs", answers={200: ReadinessOut})
async def readiness(request: web.Request, campaign_id: int) -> web.Response:
    faults = await campaigns.missing(request.app[CONTEXT], campaign_id)
    warned = await campaigns.warnings(request.app[CONTEXT], campaign_id)
    missing, warnings = ([FaultOut(field=one.field, reason=one.reason) for one in some] for some in (faults, warned))
    return answer(ReadinessOut(ready=not missing, missing=missing, warnings=warnings))


async def _shown(request: web.Request, campaign: Campaign, *, status: int = 200) -> web.Response:
    shown = CampaignOut.of(await reports.counted(request.app[CONTEXT], campaign))
    return answer(shown, status, etag(campaign.revision))


def _made(campaign: Campaign) -> web.Response:
    headers = {"Location": f"/api/v1/campaigns/{campaign.id}", **etag(campaign.revision)}
    return answer(CampaignOut.of(reports.Counted(campaign, {})), 201, headers)
