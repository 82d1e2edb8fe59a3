"""Custom fields: the list, one form for a new and for a stored one, and the removal with the places that name it."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import N_, _, labelled, said
from admin.pages import stale
from admin.pages.faults import by_field
from admin.pages.forms import read_from, revision
from admin.pages.render import page, saved
from dialer.domain.errors import InvalidInput, StaleEdit, shown
from dialer.domain.fields import FieldType
from dialer.operations import contact_fields
from dialer.operations.contact_fields import FieldInUse, Values, ValuesDoNotFit

TYPES = (
    ("text", N_("Text")),
    ("number", N_("Number, kept as 1234.5")),
    ("date", N_("Date, kept as 2026-12-24")),
    ("choice", N_("Choice from a list")),
)
NEW = {"name": "", "label": "", "type": "text", "choices": ""}


async def index(request: web.Request) -> web.StreamResponse:
    return await _list(request)


async def create(request: web.Request) -> web.StreamResponse:
    typed = await _typed(request)
    try:
        await contact_fields.create(
            request.app[CONTEXT], typed["name"], typed["label"] or typed["name"], _type(typed), _choices(typed)
        )
    except (InvalidInput, ValuesDoNotFit) as error:
        return await _list(request, _status(error), form=typed, faults=_by_field(error))
    raise web.HTTPSeeOther("/contact-fields?saved=1")


async def show(request: web.Request) -> web.StreamResponse:
    row = await _row(request)
    return await _one(request, _stored(row))


async def save(request: web.Request) -> web.StreamResponse:
    row, typed = await _row(request), await _typed(request)
    try:
        await contact_fields.edit(
            request.app[CONTEXT], row.name, label=typed["label"], type_=_type(typed), choices=_choices(typed),
            revision=revision(await request.post()),
        )  # fmt: skip
    except StaleEdit:
        return await _stale(request, await _row(request), typed)
    except (InvalidInput, ValuesDoNotFit) as error:
        return await _one(request, {**typed, "name": row.name}, _status(error), _by_field(error))
    raise web.HTTPSeeOther("/contact-fields?saved=1")


async def _stale(request: web.Request, row: Any, typed: Mapping[str, str]) -> web.StreamResponse:
    again = f"/contact-fields/{quote(row.name, safe='')}"
    found = await stale.told(request, "contact field", row.name, name=row.label, revision=row.revision, again=again)
    return await _one(request, {**typed, "name": row.name}, 409, stale=found)


async def remove(request: web.Request) -> web.StreamResponse:
    """What becomes of the values is asked for; strategies that name the field are in the way, and are listed."""
    row, form = await _row(request), await request.post()
    wanted = str(form.get("values", ""))
    try:
        await contact_fields.remove(request.app[CONTEXT], row.name, Values(wanted) if wanted in set(Values) else None)
    except FieldInUse as error:
        return await _one(request, _stored(row), 409, {"": [said(str(error))]})
    raise web.HTTPSeeOther("/contact-fields")


async def _list(
    request: web.Request,
    status: int = 200,
    *,
    form: Mapping[str, str] = NEW,
    faults: Mapping[str, Sequence[str]] | None = None,
) -> web.Response:
    rows = await contact_fields.all_fields(request.app[CONTEXT])
    return page(
        request, "contact_fields.html", status=status, section="Fields", fields=rows, types=labelled(TYPES), form=form,
        faults=faults or {}, labels={value: label.partition(",")[0] for value, label in labelled(TYPES)},
        notice=saved(request),
    )  # fmt: skip


async def _one(
    request: web.Request,
    form: Mapping[str, Any],
    status: int = 200,
    faults: Mapping[str, Sequence[str]] | None = None,
    **more: Any,
) -> web.Response:
    places, number = await contact_fields.usage(request.app[CONTEXT], form["name"])
    return page(
        request, "contact_field.html", status=status, section="Fields", form=form, faults=faults or {}, types=labelled(TYPES),
        places=places, values=number, **more,
    )  # fmt: skip


async def _row(request: web.Request) -> Any:
    return await contact_fields.get(request.app[CONTEXT], request.match_info["name"])


async def _typed(request: web.Request) -> dict[str, str]:
    form = await request.post()
    typed = {name: str(form.get(name, "")).replace("\r\n", "\n").strip() for name in NEW}
    return {**typed, "revision": read_from(form)}


def _stored(row: Any) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in (*NEW, "revision")}, "choices": "\n".join(row.choices)}


def _type(typed: Mapping[str, str]) -> FieldType:
    if typed["type"] not in set(FieldType):
        raise InvalidInput.single(
            "type", _("%(type)s is not a type: take %(types)s", type=shown(typed["type"]), types=", ".join(FieldType))
        )
    return FieldType(typed["type"])


def _choices(typed: Mapping[str, str]) -> list[str]:
    """One in each line; those of another type are left out, so that a change of mind costs no typing."""
    if typed["type"] != FieldType.CHOICE:
        return []
    return [" ".join(line.split()) for line in typed["choices"].splitlines() if line.strip()]


def _status(error: InvalidInput | ValuesDoNotFit) -> int:
    return 422 if isinstance(error, InvalidInput) else 409


def _by_field(error: InvalidInput | ValuesDoNotFit) -> dict[str, list[str]]:
    if not isinstance(error, InvalidInput):
        return {"": [said(str(error))]}
    return by_field(error.faults, NEW)
