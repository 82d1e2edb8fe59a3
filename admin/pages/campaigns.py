"""The list of campaigns: find, sort, create, and the three transitions."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from admin.auth import local_path, may
from admin.keys import CONTEXT, IDENTITY
from admin.language import _, said
from admin.pages import forms, views
from admin.pages.campaign import overview
from admin.pages.lists import ListView, wanted
from admin.pages.render import page
from dialer.domain.campaign import Campaign
from dialer.domain.errors import Conflict, Fault, IllegalTransition, Incomplete, InvalidInput
from dialer.operations import campaigns, deleting, reports
from dialer.operations.context import Context
from dialer.operations.users import Right
from dialer.strategy.templates import TEMPLATES, document_of

DEFAULT_SORT = "created_at"


async def home(request: web.Request) -> web.StreamResponse:
    """Where each role begins."""
    raise web.HTTPSeeOther("/campaigns" if may(request[IDENTITY], Right.READ) else "/agent")


async def index(request: web.Request) -> web.StreamResponse:
    return await _list(request)


async def create(request: web.Request) -> web.StreamResponse:
    """A title is all that is asked for (C1); a strategy to start from can be chosen."""
    form = await request.post()
    title, template = (str(form.get(name, "")).strip() for name in ("title", "template"))
    try:
        strategy = document_of(template) if template else None
        campaign = await campaigns.create(request.app[CONTEXT], {"title": _title(title)}, strategy)
    except InvalidInput as error:
        faults = {fault.field: [said(fault.reason)] for fault in error.faults}
        given = {"create_title": title, "create_template": template, "create_faults": faults}
        return await _list(request, status=422, **given)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.id}/settings" if form.get("open") else "/campaigns")


def _title(title: str) -> str:
    if not title:
        raise InvalidInput.single("title", _("is needed"))
    if len(title) > forms.LONGEST_TITLE or not title.isprintable():
        raise InvalidInput.single(
            "title", _("should be at most %(most)s printable characters", most=forms.LONGEST_TITLE)
        )
    return title


async def _list(request: web.Request, *, status: int = 200, **context: Any) -> web.Response:
    looked = wanted(request, DEFAULT_SORT)
    found = await reports.campaigns_page(request.app[CONTEXT], looked.query())
    items = [{**asdict(one.campaign), "contacts": sum(one.contacts.values())} for one in found.items]
    view = ListView(looked, items, found.total, found.next_cursor)
    given = {"create_title": "", "create_template": "", "create_faults": None, "templates": TEMPLATES, **context}
    return page(request, "campaigns.html", status=status, section="Campaigns", list=view, **given)


async def publish(request: web.Request) -> web.StreamResponse:
    return await _move(request, campaigns.publish, _("It can't be published"))


async def unpublish(request: web.Request) -> web.StreamResponse:
    return await _move(request, campaigns.unpublish, _("It can't be unpublished"))


async def end(request: web.Request) -> web.StreamResponse:
    return await _move(request, campaigns.end, _("It can't be ended"))


async def _move(
    request: web.Request, operation: Callable[[Context, int], Awaitable[Campaign]], title: str
) -> web.StreamResponse:
    """One transition; what speaks against it is shown on the campaign's page, all of it at once (C5)."""
    campaign_id = int(request.match_info["campaign"])
    try:
        await operation(request.app[CONTEXT], campaign_id)
    except (Incomplete, IllegalTransition) as error:
        faults = error.faults if isinstance(error, Incomplete) else (Fault("status", str(error)),)
        refused = {"title": title, "faults": views.mends(campaign_id, faults)}
        status = 422 if isinstance(error, Incomplete) else 409
        return await overview(request, status=status, refused=refused)
    raise web.HTTPSeeOther(local_path(str((await request.post()).get("back", "")), f"/campaigns/{campaign_id}"))


async def remove(request: web.Request) -> web.StreamResponse:
    """Delete a campaign with its history; one that runs has to be unpublished first."""
    campaign_id = int(request.match_info["campaign"])
    try:
        await deleting.remove(request.app[CONTEXT], campaign_id)
    except (Conflict, IllegalTransition) as error:
        refused = {
            "title": _("It can't be deleted"),
            "faults": views.mends(campaign_id, (Fault("status", str(error)),)),
        }
        return await overview(request, status=409, refused=refused)
    raise web.HTTPSeeOther("/campaigns")
