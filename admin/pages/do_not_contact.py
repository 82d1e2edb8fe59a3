"""The do-not-contact lists: find an address, list some, take one off."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import _, figure, ngettext, said
from admin.pages.lists import ListView, wanted
from admin.pages.render import page
from dialer.domain.errors import Fault, InvalidInput
from dialer.operations import do_not_contact, reports
from dialer.operations.do_not_contact import LONGEST_REASON, MOST_AT_ONCE, NewEntry
from dialer.store.listing import Page, Query

DEFAULT_SORT = "-id"
EMPTY = {"addresses": "", "campaign": "", "reason": ""}
LONGEST_ID = 18
MOST_TOLD = 10
_LOOKS_LIKE_AN_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+|\+?[0-9 ()/.\-]{7,}")


async def index(request: web.Request) -> web.StreamResponse:
    """With `?add=ADDRESS` (any number of them) they are ready to be added."""
    if given := "\n".join(request.query.getall("add", [])[:MOST_AT_ONCE]):
        return await _list(request, form={**EMPTY, "addresses": given})
    return await _list(request)


async def add(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    typed = {name: str(form.get(name, "")).replace("\r\n", "\n").strip() for name in EMPTY}
    try:
        done = await do_not_contact.add(request.app[CONTEXT], _entries(typed))
    except InvalidInput as error:
        return await _list(request, 422, form=typed, faults=_told(error.faults))
    raise web.HTTPSeeOther(f"/do-not-contact?{urlencode(asdict(done))}")


def _notice(query: Mapping[str, str]) -> str | None:
    """What an addition did, which the address says that it leads on to."""
    if not all(
        query.get(name, "").isdecimal() and len(query[name]) < LONGEST_ID for name in ("added", "known", "refused")
    ):
        return None
    added, known, refused = (int(query[name]) for name in ("added", "known", "refused"))
    told = [ngettext("%(num)s address was added.", "%(num)s addresses were added.", added)]
    if known:
        told.append(ngettext("%(num)s was listed before.", "%(num)s were listed before.", known))
    if refused:
        told.append(
            ngettext(
                "%(num)s queued call or text was taken back.",
                "%(num)s queued calls and texts were taken back.",
                refused,
            )
        )
    return " ".join(told)


async def remove(request: web.Request) -> web.StreamResponse:
    await do_not_contact.remove(request.app[CONTEXT], int(request.match_info["entry"]))
    raise web.HTTPSeeOther("/do-not-contact")


async def _list(
    request: web.Request,
    status: int = 200,
    *,
    form: Mapping[str, str] = EMPTY,
    faults: Mapping[str, Sequence[str]] | None = None,
) -> web.Response:
    looked = wanted(request, DEFAULT_SORT)
    found, is_address = await _found(request, looked.query(), looked.q)
    campaigns = (await reports.campaigns_page(request.app[CONTEXT], Query(limit=100, sort="title"))).items
    titles = {one.campaign.id: one.campaign.title for one in campaigns}
    view = ListView(looked, found.items, found.total, found.next_cursor)
    choices = [
        ("", _("All campaigns")),
        *((str(key), _("Only “%(title)s”", title=title)) for key, title in titles.items()),
    ]
    return page(
        request, "do_not_contact.html", status=status, section="Do not contact", list=view, form=form, faults=faults or {},
        titles=titles, choices=choices, is_address=is_address, notice=_notice(request.query),
    )  # fmt: skip


async def _found(request: web.Request, query: Query, q: str) -> tuple[Page, bool]:
    """What looks like an address is looked up as one, which finds entries of erased contacts, too."""
    ctx = request.app[CONTEXT]
    if _LOOKS_LIKE_AN_ADDRESS.fullmatch(q):
        try:
            return await do_not_contact.page(ctx, Query(query.limit, query.cursor, query.sort), address=q), True
        except InvalidInput:
            pass
    return await do_not_contact.page(ctx, query), False


def _entries(typed: Mapping[str, str]) -> list[NewEntry]:
    addresses = [line.strip() for line in re.split(r"[\n,;]", typed["addresses"]) if line.strip()]
    if not addresses:
        raise InvalidInput.single("addresses", _("are needed: one in each line"))
    if len(addresses) > MOST_AT_ONCE:
        raise InvalidInput.single(
            "addresses",
            _(
                "are %(number)s; at most %(most)s are taken at once",
                number=len(addresses),
                most=figure(MOST_AT_ONCE),
            ),
        )
    if len(typed["reason"]) > LONGEST_REASON or not typed["reason"].isprintable():
        raise InvalidInput.single("reason", _("should be at most %(most)s printable characters", most=LONGEST_REASON))
    campaign = typed["campaign"]
    is_id = campaign.isascii() and campaign.isdigit() and len(campaign) <= LONGEST_ID
    if campaign and not is_id:
        raise InvalidInput.single("campaign", _("is no campaign; choose one of the list"))
    return [NewEntry(address, int(campaign) if campaign else None, typed["reason"]) for address in addresses]


def _told(faults: Sequence[Fault]) -> dict[str, Any]:
    """At the field they belong to; every address that can't be read names itself."""
    told: dict[str, list[str]] = {}
    for fault in faults:
        name = fault.field.rpartition(".")[2]
        told.setdefault({"address": "addresses", "campaign_id": "campaign"}.get(name, name), []).append(
            said(fault.reason)
        )
    return {
        name: [*reasons[:MOST_TOLD], *([f"and {len(reasons) - MOST_TOLD} more"] if len(reasons) > MOST_TOLD else [])]
        for name, reasons in ((name, list(dict.fromkeys(reasons))) for name, reasons in told.items())
    }
