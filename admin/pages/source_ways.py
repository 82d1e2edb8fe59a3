"""Two more ways to bring contacts into a campaign: over REST, and from those that are in the system already."""

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import said
from admin.openapi import BASE
from admin.pages import words
from admin.pages.campaign import load
from admin.pages.render import page
from dialer.domain.campaign import Campaign
from dialer.domain.columns import attribute_name
from dialer.domain.errors import InvalidInput
from dialer.operations import rest_fields, rest_keys, selections
from dialer.operations.context import Context
from dialer.operations.rest_fields import Pushable

MOST_CONDITIONS = 8
_FIELDS = ("first_name", "last_name", "address", "external_id", "time_zone", "created_at", "modified_at", "id")
Form = Mapping[str, Any]


async def parts(
    request: web.Request, campaign: Campaign, form: Form | None = None, refused: str | None = None
) -> dict[str, Any]:
    """What both sections show when the page is opened; with a `form` that was `refused`, what was typed into it."""
    rows, q = (_rows(form), _words(form)) if form is not None else ([], "")
    fields = await rest_fields.of_campaign(request.app[CONTEXT], campaign.id)
    return {
        "endpoint": f"{request.url.origin()}{BASE}/campaigns/{campaign.id}/contacts",
        "pushable": fields,
        "curl": _curl(request, campaign, fields, "KEY"),
        "key": None,
        **_filter_parts(fields, rows or [("", "eq", "")], q, None, refused),
    }


# -- REST -----------------------------------------------------------------------------------------------------------------


async def show_key(request: web.Request) -> web.StreamResponse:
    """The key, which is in no page until somebody asks for it, and a call that is ready to be run."""
    campaign = await load(request)
    return await _key_part(request, campaign, await rest_keys.get(request.app[CONTEXT], campaign.id))


async def renew_key(request: web.Request) -> web.StreamResponse:
    campaign = await load(request)
    key = await rest_keys.renew(request.app[CONTEXT], campaign.id)
    if request.headers.get("HX-Request") == "true":
        return await _key_part(request, campaign, key)
    raise web.HTTPSeeOther(f"/campaigns/{campaign.id}/sources#rest")


async def _key_part(request: web.Request, campaign: Campaign, key: str) -> web.Response:
    fields = await rest_fields.of_campaign(request.app[CONTEXT], campaign.id)
    curl = _curl(request, campaign, fields, key)
    return page(request, "parts/swapped.html", part="parts/rest_key.html", campaign=campaign, key=key, curl=curl)


def _curl(request: web.Request, campaign: Campaign, fields: list[Pushable], key: str) -> str:
    """In the words of a POSIX shell; quotes within the body are those of JSON, so that single ones hold it."""
    body = json.dumps([rest_fields.example(fields)], ensure_ascii=False).replace("'", r"'\''")
    return (
        f"curl -X POST '{request.url.origin()}{BASE}/campaigns/{campaign.id}/contacts' \\\n"
        f"  -H 'Authorization: Bearer {key}' \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        '  -H "Idempotency-Key: $(uuidgen)" \\\n'
        f"  -d '{body}'"
    )


# -- contacts that are here -----------------------------------------------------------------------------------------------


async def preview_filter(request: web.Request) -> web.StreamResponse:
    """While it is typed: how many fit. With `more`, the form with one more condition."""
    campaign, form, ctx = await load(request), await request.post(), request.app[CONTEXT]
    rows, q = _rows(form), _words(form)
    found, refused = await _found(ctx, campaign, rows, q)
    if "more" in request.query:
        rows = [*rows, ("", "eq", "")][:MOST_CONDITIONS]
    fields = await rest_fields.of_campaign(ctx, campaign.id)
    template = "parts/filter_source.html" if "more" in request.query else "parts/filter_found.html"
    return page(
        request,
        "parts/swapped.html",
        part=template,
        campaign=campaign,
        **_filter_parts(fields, rows, q, found, refused),
    )


async def take(ctx: Context, campaign: Campaign, form: Form) -> None:
    """Raises `InvalidInput`."""
    await selections.take(ctx, campaign.id, _conditions(_rows(form)), _words(form) or None, None)


def told(invalid: InvalidInput) -> str:
    return "; ".join(said(fault.reason) for fault in invalid.faults)


async def _found(
    ctx: Context, campaign: Campaign, rows: list[tuple[str, str, str]], q: str
) -> tuple[selections.Found | None, str | None]:
    try:
        return await selections.preview(ctx, campaign.id, _conditions(rows), q or None), None
    except InvalidInput as error:
        return None, told(error)


def _filter_parts(
    fields: list[Pushable],
    rows: list[tuple[str, str, str]],
    q: str,
    found: selections.Found | None,
    refused: str | None,
) -> dict[str, Any]:
    own = [f"attributes.{field.name}" for field in fields if field.why != "known"]
    return {
        "filter_fields": [*_FIELDS, *own], "filter_ops": words.ops(), "filter_rows": rows, "filter_q": q,
        "filter_found": found, "filter_refused": refused, "filter_full": len(rows) >= MOST_CONDITIONS,
    }  # fmt: skip


def _rows(form: Form) -> list[tuple[str, str, str]]:
    """The conditions as they stand in the form, unfinished ones too."""
    getall = form.getall  # type: ignore[attr-defined]  # a form may name a field more than once
    columns = [[str(value) for value in getall(name, [])] for name in ("field", "op", "value")]
    return list(zip(*columns, strict=False))[:MOST_CONDITIONS]


def _words(form: Form) -> str:
    return str(form.get("q", "")).strip()


def _field(typed: str) -> str:
    """`First name` as other pages call it, or `first_name`; all else as it is typed."""
    name = attribute_name(typed)
    return name if name in _FIELDS else typed


def _conditions(rows: list[tuple[str, str, str]]) -> list[str]:
    """Those that are finished: a field, and a value for what needs one."""
    return [
        f"{_field(field.strip())}:{op}:{'true' if op == 'empty' else value}"
        for field, op, value in rows
        if field.strip() and (value or op == "empty")
    ]
