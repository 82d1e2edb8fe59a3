"""`/contacts`, and the contacts of a campaign."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from aiohttp import web

from admin.keys import CONTEXT
from admin.openapi import Operations, answer, etag
from admin.schemas.common import CitationOut, CountedPageOut, CountingQuery
from admin.schemas.contacts import (
    CampaignContactDetailsOut,
    CampaignContactOut,
    ContactDetailsOut,
    ContactOut,
    PlaceOut,
    TrailEntryOut,
    TrailOut,
    WhyNotOut,
    WhyNotReasonOut,
)
from dialer.operations import history, people, reports, why_not
from dialer.store.listing import Page

api = Operations("contacts")
Paged = TypeVar("Paged", bound=CountedPageOut[Any])


@api("GET", "/contacts", "List all contacts", answers={200: CountedPageOut[ContactOut]})
async def listing(request: web.Request, query: CountingQuery) -> web.Response:
    """Filter and sort by any field, by `address`, and by any attribute as `attributes.NAME`."""
    page = await reports.contacts_page(request.app[CONTEXT], query.query())
    items = [ContactOut.of(item) for item in page.items]
    return answer(_page(CountedPageOut[ContactOut], items, page))


@api("GET", "/contacts/{contact_id}", "Read a contact", answers={200: ContactDetailsOut})
async def read(request: web.Request, contact_id: int) -> web.Response:
    """With its place in every campaign, and how it was reached last on each of its addresses."""
    found = await history.contact(request.app[CONTEXT], contact_id)
    places = [PlaceOut.model_validate(place) for place in found["campaigns"]]
    revision = await people.revision_of(request.app[CONTEXT], contact_id)
    return answer(ContactDetailsOut.of({**found, "campaigns": places}), headers=etag(revision))


@api("GET", "/contacts/{contact_id}/trail", "A contact's history", answers={200: TrailOut})
async def trail(request: web.Request, contact_id: int) -> web.Response:
    return _trail(await history.trail_of(request.app[CONTEXT], contact_id))


@api(
    "GET",
    "/campaigns/{campaign_id}/contacts",
    "List a campaign's contacts",
    answers={200: CountedPageOut[CampaignContactOut]},
)
async def listing_of_campaign(request: web.Request, campaign_id: int, query: CountingQuery) -> web.Response:
    """As `/contacts`, and by `status`, `stop_reason`, `result`, `step`, `next_due_at`, `source`, `attempts`."""
    page = await reports.contacts_page(request.app[CONTEXT], query.query(), campaign_id)
    items = [CampaignContactOut.of(item) for item in page.items]
    return answer(_page(CountedPageOut[CampaignContactOut], items, page))


@api(
    "GET",
    "/campaigns/{campaign_id}/contacts/{contact_id}",
    "Read a contact in a campaign",
    answers={200: CampaignContactDetailsOut},
)
async def read_in_campaign(request: web.Request, campaign_id: int, contact_id: int) -> web.Response:
    """With its place in the campaign, and how the campaign reached it last on each of its addresses."""
    found = await history.contact_in(request.app[CONTEXT], campaign_id, contact_id)
    return answer(CampaignContactDetailsOut.of(found))


@api(
    "GET",
    "/campaigns/{campaign_id}/contacts/{contact_id}/trail",
    "A contact's history in a campaign",
    answers={200: TrailOut},
)
async def trail_in_campaign(request: web.Request, campaign_id: int, contact_id: int) -> web.Response:
    """The campaign's entries, and those of no campaign, such as merges."""
    return _trail(await history.trail_of(request.app[CONTEXT], contact_id, campaign_id))


@api(
    "GET",
    "/campaigns/{campaign_id}/contacts/{contact_id}/why-not",
    "What holds a contact back",
    answers={200: WhyNotOut},
)
async def what_holds_back(request: web.Request, campaign_id: int, contact_id: int) -> web.Response:
    """Every condition in the way now, agents, limits and gateways included, and when the next step is due."""
    found = await why_not.why_not(request.app[CONTEXT], campaign_id, contact_id)
    reasons = [
        WhyNotReasonOut(
            condition=r.code, reason=r.text, until=r.until, rule=CitationOut(**r.rule.to_json()) if r.rule else None
        )
        for r in found.reasons
    ]
    return answer(WhyNotOut(due_at=found.due_at, reasons=reasons, changes_at=found.changes_at))


def _page(made: type[Paged], items: list[Any], page: Page) -> Paged:
    return made(
        items=items, total=page.total, next_cursor=page.next_cursor, total_is_exact=page.total_is_exact,
        unindexed=page.unindexed,
    )  # fmt: skip


def _trail(entries: Sequence[Mapping[str, Any]]) -> web.Response:
    items = [TrailEntryOut.model_validate(entry) for entry in entries]
    return answer(TrailOut(items=items, total=len(items)))
