"""`/contacts/export.csv`, and that of a campaign: lists of contacts to take along."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web

from admin.api import csv_stream
from admin.keys import CONTEXT
from admin.openapi import Operations
from admin.schemas.common import ExportQuery
from dialer.operations import exports, reports

api = Operations("contacts")

PERSON = ("id", "first_name", "last_name", "external_id", "time_zone")
CHANNELS = {"phone": "voice", "sms": "sms", "email": "email"}  # columns as a file that is loaded has them
PLACE = ("status", "stop_reason", "result", "step", "next_due_at", "source", "attempts")
TIMES = ("created_at", "modified_at")


@api("GET", "/contacts/export.csv", "Take along all contacts", answers=csv_stream.ANSWERS)
async def everybody(request: web.Request, query: ExportQuery) -> web.StreamResponse:
    """Those that `filter` and `q` fit, in the order of `sort`, as in the list.

    `phone`, `sms` and `email` are the first address of each kind, and `more_addresses` all others. Each custom field has a
    column; attributes that are none stand in `attributes` as JSON. Cells that a spreadsheet would run as a formula begin
    with `'`.
    """
    return await _send(request, query, None, "contacts.csv")


@api(
    "GET",
    "/campaigns/{campaign_id}/contacts/export.csv",
    "Take along a campaign's contacts",
    answers=csv_stream.ANSWERS,
)
async def of_campaign(request: web.Request, campaign_id: int, query: ExportQuery) -> web.StreamResponse:
    """As `/contacts/export.csv`, with the place of each contact in the campaign."""
    return await _send(request, query, campaign_id, f"contacts-{campaign_id}.csv")


async def _send(request: web.Request, query: ExportQuery, campaign_id: int | None, name: str) -> web.StreamResponse:
    ctx = request.app[CONTEXT]
    custom = [field for field, _ in await reports.custom_fields(ctx)]
    after = TIMES if campaign_id is None else (*PLACE, *TIMES)
    columns = [*PERSON, *CHANNELS, "more_addresses", *after, *custom, "attributes"]
    parts = exports.contacts(ctx, query.query(), campaign_id)
    return await csv_stream.send_parts(request, name, columns, parts, lambda item: _row(item, after, custom))


def _row(item: Mapping[str, Any], after: Sequence[str], custom: Sequence[str]) -> list[Any]:
    held = dict(item["attributes"])
    fields = [held.pop(name, None) for name in custom]
    rest = orjson.dumps(held).decode() if held else ""
    return [*(item[n] for n in PERSON), *_addresses(item), *(item[n] for n in after), *fields, rest]


def _addresses(item: Mapping[str, Any]) -> list[str]:
    """The first of each channel, then every one that is not among them."""
    held = item["addresses"]
    firsts = [next((one.address for one in held if getattr(one, kind)), "") for kind in CHANNELS.values()]
    more = dict.fromkeys(one.address for one in held if one.address not in firsts)
    return [*firsts, " ".join(more)]
