"""A campaign's contacts: the list. One contact's page is in `contact`."""

from aiohttp import web

from admin.keys import CONTEXT
from admin.pages import views
from admin.pages.campaign import load
from admin.pages.lists import ListView, wanted
from admin.pages.render import page
from dialer.operations import reports

DEFAULT_SORT = "id"
COLUMNS = (
    ("last_name", "Name"),
    ("", "Number"),
    ("status", "Status"),
    ("result", "Result"),
    ("attempts", "Attempts"),
    ("next_due_at", "Next due"),
    ("stop_reason", "Stopped because"),
)


async def index(request: web.Request) -> web.StreamResponse:
    campaign, looked = await load(request), wanted(request, DEFAULT_SORT)
    found = await reports.contacts_page(request.app[CONTEXT], looked.query(), campaign.id)
    view = ListView(looked, [views.contact_row(item) for item in found.items], found.total, found.next_cursor)
    return page(
        request, "campaign/contacts.html", section="Campaigns", tab="Contacts",
        campaign=campaign, list=view, columns=COLUMNS,
    )  # fmt: skip
