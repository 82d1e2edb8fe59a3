"""Calls and texts, of a campaign or of all: lists to filter, to sort and to take along."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from admin.keys import CONTEXT
from admin.language import N_, _, ngettext, said
from admin.pages import words
from admin.pages.campaign import load
from admin.pages.lists import ListView, Wanted, wanted
from admin.pages.render import page
from dialer.domain.errors import Fault, InvalidInput
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import MessageStatus
from dialer.operations import campaign_report, gateways, reports
from dialer.operations.context import Context
from dialer.store import lists
from dialer.store.listing import Listing, Query, parted

DEFAULT_SORT = "-id"
UNDER_WAY = "open"
MOST_GATEWAYS = Query(limit=100)
LOCAL = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a page of calls and one of texts differ in: the fields of the store, and their words."""

    listing: Listing
    of_campaign: Any
    title: str
    count: Callable[[ListView], str]
    none_fits: str
    none_yet: str
    time: str
    number: str
    result: str
    result_label: str
    any_result: str
    results: Sequence[StrEnum]
    agents: bool


def _calls(view: ListView) -> str:
    return ngettext("%(num)s call", "%(num)s calls", view.total, num=view.number)


def _texts(view: ListView) -> str:
    return ngettext("%(num)s text", "%(num)s texts", view.total, num=view.number)


CALLS = Kind(
    lists.ATTEMPTS, lists.attempts_of, N_("Calls"), _calls, N_("No call fits"), N_("No call yet"), "started_at", "number",
    "outcome", N_("Outcome"), N_("Any outcome"), list(Outcome), agents=True,
)  # fmt: skip
TEXTS = Kind(
    lists.MESSAGES, lists.messages_of, N_("Texts"), _texts, N_("No text fits"), N_("No text yet"), "created_at", "address",
    "status", N_("Status"), N_("Any status"), list(MessageStatus), agents=False,
)  # fmt: skip


def _results(kind: Kind) -> list[tuple[str, str]]:
    """Each with its words, in the language of the page."""
    told = [(one.value, words.plain(one)) for one in kind.results]
    return [*told, (UNDER_WAY, _("under way"))] if kind.agents else told


async def calls(request: web.Request) -> web.StreamResponse:
    return await _show(request, CALLS)


async def texts(request: web.Request) -> web.StreamResponse:
    return await _show(request, TEXTS)


async def _show(request: web.Request, kind: Kind) -> web.StreamResponse:
    """A field that can't be looked for is told above the list, which is then empty."""
    ctx = request.app[CONTEXT]
    campaign = await load(request) if "campaign" in request.match_info else None
    zone = campaign.time_zone if campaign else "UTC"
    looked, faults = _looked(request, kind, zone)
    listing = kind.of_campaign(campaign.id) if campaign else kind.listing
    view = ListView(looked, [], 0, None)
    if not faults:
        found = await reports.tries_page(ctx, listing, looked.query())
        view = ListView(looked, found.items, found.total, found.next_cursor, found.total_is_exact)
    return page(
        request, "campaign/tries.html" if campaign else "tries.html", status=422 if faults else 200,
        section="Campaigns" if campaign else kind.title, tab=kind.title, campaign=campaign, zone=zone, kind=kind, list=view,
        results=_results(kind), form=_form(looked, kind, zone), faults=faults, gateways=await _gateways(ctx, kind),
        steps=await campaign_report.step_names(ctx, campaign) if campaign else {},
    )  # fmt: skip


async def _gateways(ctx: Context, kind: Kind) -> list[tuple[str, str]]:
    known = await gateways.page(ctx, MOST_GATEWAYS)
    of_kind = "voice" if kind.agents else "sms"
    return [(one["id"], one["name"]) for one in known.items if one["kind"] == of_kind]


# -- what is asked for: fields of the form, which become conditions of the list --------------------------------------------


def _looked(request: web.Request, kind: Kind, zone: str) -> tuple[Wanted, list[str]]:
    looked, conditions, faults = wanted(request, DEFAULT_SORT), list[str](), list[str]()
    for name, text in _typed(request):
        try:
            conditions.append(_condition(kind, name, text, zone))
        except InvalidInput as invalid:
            faults += [_told(fault) for fault in invalid.faults]
    return replace(looked, status="", filters=(*looked.filters, *conditions)), faults


def _typed(request: web.Request) -> Iterator[tuple[str, str]]:
    for name in ("result", "number", "gateway", "agent", "step", "from", "to"):
        if text := request.query.get(name, "").strip():
            yield name, text


def _condition(kind: Kind, name: str, text: str, zone: str) -> str:
    """As `FIELD:OP:VALUE`. A whole number is looked up; a part of one is looked for in all."""
    if name in {"from", "to"}:
        return f"{kind.time}:{'ge' if name == 'from' else 'lt'}:{_instant(name, text, zone):%Y-%m-%dT%H:%M:%SZ}"
    if name == "number":
        digits = "".join(one for one in text if one.isdigit())
        return f"{kind.number}:eq:+{digits}" if text.startswith("+") else f"{kind.number}:contains:{digits or text}"
    if name == "agent":
        return f"agent:contains:{text}"
    if name == "result":
        return f"{kind.result}:empty:true" if text == UNDER_WAY else f"{kind.result}:eq:{text}"
    return f"{'node' if name == 'step' else name}:eq:{text}"


def _instant(name: str, text: str, zone: str) -> datetime:
    """`2026-05-04T09:00` on the wall there."""
    try:
        return datetime.strptime(text, LOCAL).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput.single(name, _("should be a time like 2026-05-04T09:00")) from None


def _told(fault: Fault) -> str:
    return f"{fault.field.capitalize()} {said(fault.reason)}"


def _form(looked: Wanted, kind: Kind, zone: str) -> Mapping[str, str]:
    """The fields, read off the conditions, so that a link of the list fills them again."""
    form = dict.fromkeys(("result", "number", "gateway", "agent", "step", "from", "to"), "")
    named = {
        (kind.result, "eq"): "result", (kind.result, "empty"): "result", (kind.number, "eq"): "number",
        (kind.number, "contains"): "number", ("gateway", "eq"): "gateway", ("agent", "contains"): "agent",
        ("node", "eq"): "step", (kind.time, "ge"): "from", (kind.time, "lt"): "to",
    }  # fmt: skip
    for one in looked.filters:
        field, op, value = parted(one)
        if name := named.get((field, op)):
            form[name] = _shown(name, UNDER_WAY if op == "empty" else value, zone)
    return form


def _shown(name: str, value: str, zone: str) -> str:
    if name not in {"from", "to"}:
        return value
    try:
        return f"{datetime.fromisoformat(value).astimezone(ZoneInfo(zone)):{LOCAL}}"
    except (ValueError, OverflowError):
        return ""
