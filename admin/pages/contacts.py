"""Contacts: all of them, and a campaign's. One contact's page is in `contact`."""

from collections.abc import Sequence

from aiohttp import web

from admin.keys import CONTEXT
from admin.pages import views, words
from admin.pages.campaign import load
from admin.pages.lists import ListView, wanted
from admin.pages.render import page
from dialer.domain.campaign import Campaign
from dialer.operations import reports

DEFAULT_SORT = "id"
OF_CONTACT = (("last_name", "Name"), ("", "Number"), ("external_id", "External id"), ("time_zone", "Time zone"))
OF_PLACE = (
    ("last_name", "Name"), ("", "Number"), ("status", "Status"), ("result", "Result"), ("attempts", "Attempts"),
    ("next_due_at", "Next due"), ("stop_reason", "Stopped because"),
)  # fmt: skip
OF_TIME = (("created_at", "Created (UTC)"), ("modified_at", "Modified (UTC)"))


async def index(request: web.Request) -> web.StreamResponse:
    """A campaign's."""
    return await _list(request, await load(request))


async def everybody(request: web.Request) -> web.StreamResponse:
    return await _list(request, None)


async def _list(request: web.Request, campaign: Campaign | None) -> web.StreamResponse:
    ctx, looked = request.app[CONTEXT], wanted(request, DEFAULT_SORT)
    found = await reports.contacts_page(ctx, looked.query(), campaign.id if campaign else None)
    view = ListView(
        looked, [views.contact_row(item) for item in found.items], found.total, found.next_cursor,
        found.total_is_exact, found.unindexed,
    )  # fmt: skip
    custom = await reports.custom_fields(ctx)
    return page(
        request, "campaign/contacts.html" if campaign else "contacts.html",
        section="Campaigns" if campaign else "Contacts", tab="Contacts", campaign=campaign, list=view, custom=custom,
        columns=OF_PLACE if campaign else OF_CONTACT, times=() if campaign else OF_TIME,
        choices=_choices(campaign, custom), ops=words.OPS.items(), back=view.link(),
    )  # fmt: skip


def _choices(campaign: Campaign | None, custom: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What conditions can be put on."""
    fixed = ["first_name", "last_name", "address", "external_id", "time_zone", "created_at", "modified_at"]
    fixed += ["source", "attempts", "result", "step", "stop_reason", "next_due_at"] if campaign else []
    return [
        *((name, words.contact_field(name)) for name in fixed),
        *((f"attributes.{name}", label) for name, label in custom),
    ]
