"""A contact's edit form, its deletion, and both for several that were ticked in a list."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from admin.auth import local_path
from admin.keys import CONTEXT, IDENTITY
from admin.language import _, labelled, said
from admin.pages import contact_form, stale, words
from admin.pages.contact_form import ContactForm
from admin.pages.forms import revision
from admin.pages.render import page
from dialer.domain.editing import Edit
from dialer.domain.errors import Fault, InvalidInput, StaleEdit
from dialer.domain.fields import Field
from dialer.operations import contact_fields, people, reports
from dialer.operations.people import AddressTaken, Result, UnderWay

LONGEST_ID = 18
# Which say themselves that something was saved.
_PAGE_OF_CONTACT = re.compile(r"(/campaigns/[0-9]+)?/contacts/[0-9]+", re.ASCII)


async def show(request: web.Request) -> web.StreamResponse:
    item, fields = await _contact(request), await _fields(request)
    at = await people.revision_of(request.app[CONTEXT], item["id"])
    return _page(request, item, contact_form.stored(item, at, fields))


async def save(request: web.Request) -> web.StreamResponse:
    item, fields, form = await _contact(request), await _fields(request), await request.post()
    ctx, by = request.app[CONTEXT], request[IDENTITY].name
    try:
        await people.edit(ctx, item["id"], contact_form.read(form), revision=revision(form), by=by)
    except InvalidInput as error:
        return _page(request, item, contact_form.typed(form, fields, error.faults), status=422)
    except AddressTaken as error:
        return _page(request, item, contact_form.typed(form, fields, [Fault("", str(error))]), status=409)
    except StaleEdit:
        return await _stale_page(request, await _contact(request), contact_form.typed(form, fields, ()))
    back = _back(request)
    raise web.HTTPSeeOther(f"{back}?saved=1" if _PAGE_OF_CONTACT.fullmatch(back) else back)


async def remove(request: web.Request) -> web.StreamResponse:
    """Erases; one who is in a call stays, and the page says so."""
    item, fields = await _contact(request), await _fields(request)
    ctx = request.app[CONTEXT]
    try:
        await people.erase(ctx, item["id"], by=request[IDENTITY].name)
    except UnderWay as error:
        shown = contact_form.stored(item, await people.revision_of(ctx, item["id"]), fields)
        shown.general.append(said(str(error)))
        return _page(request, item, shown, status=409)
    raise web.HTTPSeeOther(await _back_of_form(request))


async def several(request: web.Request) -> web.StreamResponse:
    """Edit or erase those that were ticked; what could not be done is listed with its reason."""
    form, back = await request.post(), await _back_of_form(request)
    ids = [
        int(one)
        for one in map(str, form.getall("ids", ()))
        if one.isascii() and one.isdigit() and len(one) <= LONGEST_ID
    ]
    ctx, by = request.app[CONTEXT], request[IDENTITY].name
    try:
        if form.get("action") == "delete":
            results = await people.erase_many(ctx, ids, by=by)
        else:
            results = await people.edit_many(ctx, ids, _edit_of_several(form), by=by)
    except InvalidInput as error:
        return _results(request, [], back, {}, faults=error.faults)
    if all(result.done for result in results):
        raise web.HTTPSeeOther(back)
    return _results(request, results, back, await _fields(request))


def _edit_of_several(form: Mapping[str, Any]) -> Edit:
    """A time zone, an attribute, or both; what is left empty stays, an attribute without a value is taken away."""
    zone, name, value = (str(form.get(key, "")).strip() for key in ("time_zone", "attribute", "value"))
    if not zone and not name:
        raise InvalidInput.single("attribute", _("say what is to be set: a time zone, or an attribute and its value"))
    return Edit({"time_zone": zone} if zone else {}, {name: value or None} if name else {})


def _results(
    request: web.Request,
    results: Sequence[Result],
    back: str,
    fields: Mapping[str, Field],
    faults: Sequence[Fault] = (),
) -> web.StreamResponse:
    refused: dict[str, list[int]] = {}
    for result in results:
        if not result.done:
            refused.setdefault(_why(result, fields), []).append(result.id)
    return page(
        request, "contacts_bulk.html", status=422 if faults else 409, section="Contacts", back=back, refused=refused,
        done=sum(result.done for result in results), faults=[said(fault.reason) for fault in faults],
    )  # fmt: skip


def _why(result: Result, fields: Mapping[str, Field]) -> str:
    """Why it was not done, with fields as they are called on pages."""
    labels = {name: one.label for name, one in fields.items()}
    told = (f"{words.contact_field(fault.field, labels)}: {said(fault.reason)}" for fault in result.faults)
    return "; ".join(told) or said(str(result.reason))


async def _stale_page(request: web.Request, item: Mapping[str, Any], form: ContactForm) -> web.Response:
    at = await people.revision_of(request.app[CONTEXT], item["id"])
    again = f"/contacts/{item['id']}/edit?{urlencode({'back': _back(request)})}"
    found = await stale.told(request, "contact", item["id"], name=_name(item), revision=at, again=again)
    return _page(request, item, form, status=409, stale=found)


def _name(item: Mapping[str, Any]) -> str:
    return f"{item['first_name']} {item['last_name']}".strip() or _("Contact #%(id)s", id=item["id"])


def _page(
    request: web.Request, item: Mapping[str, Any], form: ContactForm, *, status: int = 200, **more: Any
) -> web.Response:
    return page(
        request, "contact_edit.html", status=status, section="Contacts", contact=item, form=form, back=_back(request),
        serves=labelled(contact_form.SERVES),
        name=_name(item), **more,
    )  # fmt: skip


async def _contact(request: web.Request) -> Mapping[str, Any]:
    return await reports.contact(request.app[CONTEXT], int(request.match_info["contact"]))


async def _fields(request: web.Request) -> dict[str, Field]:
    return await contact_fields.by_name(request.app[CONTEXT])


def _back(request: web.Request) -> str:
    """Where the form was opened; the contact's own page, if nobody said."""
    return local_path(request.query.get("back"), f"/contacts/{request.match_info['contact']}")


async def _back_of_form(request: web.Request) -> str:
    """The list that the form stood in; all contacts, if nobody said."""
    return local_path(str((await request.post()).get("back", "")), "/contacts")
