"""Contacts: all of them, and a campaign's. One contact's page is in `contact`."""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import N_, labelled, said
from admin.pages import views, words
from admin.pages.campaign import load
from admin.pages.lists import Condition, ListView, Wanted, typed, wanted
from admin.pages.render import local, page
from dialer.domain.campaign import Campaign
from dialer.domain.errors import InvalidInput
from dialer.operations import reports
from dialer.operations.context import Context
from dialer.store.listing import Page, Query

DEFAULT_SORT = "id"
#: What conditions can be put on, of everybody and of who stands in a campaign.
FIXED = ("first_name", "last_name", "address", "external_id", "time_zone", "created_at", "modified_at")
OF_A_PLACE = ("attempts", "result", "step", "stop_reason", "next_due_at")
NEWEST = Query(limit=100, sort="-created_at")
OF_CONTACT = (
    ("last_name", N_("Name")),
    ("address", N_("Number")),
    ("external_id", N_("External id")),
    ("time_zone", N_("Time zone")),
)
OF_PLACE = (
    ("last_name", N_("Name")), ("address", N_("Number")), ("status", N_("Status")), ("result", N_("Result")), ("attempts", N_("Attempts")),
    ("next_due_at", N_("Next due")), ("stop_reason", N_("Stopped because")),
)  # fmt: skip
OF_TIME = (("created_at", N_("Created (UTC)")), ("modified_at", N_("Modified (UTC)")))


async def index(request: web.Request) -> web.StreamResponse:
    """A campaign's."""
    return await _list(request, await load(request))


async def everybody(request: web.Request) -> web.StreamResponse:
    return await _list(request, None)


async def _list(request: web.Request, campaign: Campaign | None) -> web.StreamResponse:
    ctx = request.app[CONTEXT]
    looked, found, new = await _found(request, campaign)
    custom, sources = await reports.custom_fields(ctx), await _sources(ctx, campaign, looked) if campaign else {}
    view = ListView(
        looked, [views.contact_row(item) for item in found.items], found.total, found.next_cursor,
        found.total_is_exact, found.unindexed, dict(custom), sources,
    )  # fmt: skip
    return page(
        request, "campaign/contacts.html" if campaign else "contacts.html", status=422 if new.faults else 200, new=new,
        section="Campaigns" if campaign else "Contacts", tab="Contacts", campaign=campaign, list=view, custom=custom,
        columns=labelled(OF_PLACE if campaign else OF_CONTACT), times=[] if campaign else labelled(OF_TIME),
        choices=_choices(campaign, custom), ops=words.ops(), back=view.link(), sources=sources.items(),
    )  # fmt: skip


async def _found(request: web.Request, campaign: Campaign | None) -> tuple[Wanted, Page, Condition]:
    """A condition that was just typed and can't be looked for is told at its place; the list stays what it was."""
    ctx, looked, of = request.app[CONTEXT], wanted(request, DEFAULT_SORT), campaign.id if campaign else None
    try:
        return looked, await reports.contacts_page(ctx, looked.query(), of), Condition()
    except InvalidInput as invalid:
        new = typed(request)
        if new is None or any(fault.field != "filter" for fault in invalid.faults):
            raise
        looked = replace(looked, filters=looked.filters[:-1])
        reasons = [said(fault.reason) for fault in invalid.faults]
        return looked, await reports.contacts_page(ctx, looked.query(), of), replace(new, faults=reasons)


async def _sources(ctx: Context, campaign: Campaign, looked: Wanted) -> dict[str, str]:
    """What can be chosen: the newest of the campaign, and the one that is chosen, by their numbers."""
    found = await reports.sources_page(ctx, campaign.id, NEWEST)
    named = words.source_names(found.items, lambda moment: local(moment, campaign.time_zone))
    if looked.source and looked.source not in named:
        named[looked.source] = f"#{looked.source}"
    return named


def _choices(campaign: Campaign | None, custom: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What conditions can be put on."""
    return [
        *((name, words.contact_field(name)) for name in (*FIXED, *(OF_A_PLACE if campaign else ()))),
        *((f"attributes.{name}", label) for name, label in custom),
    ]
