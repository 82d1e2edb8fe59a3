"""The audit log: who changed what, with the fields before and after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import orjson
from aiohttp import web

from admin.keys import CONTEXT
from admin.language import N_, _, said
from admin.pages import words
from admin.pages.lists import ListView, Wanted, wanted
from admin.pages.render import page
from dialer.domain.errors import InvalidInput
from dialer.operations import audit

DEFAULT_SORT = "-id"
_THINGS = (
    N_("campaign"), N_("strategy"), N_("source"), N_("contact"), N_("contact field"), N_("do-not-contact entry"),
    N_("gateway"), N_("webhook"), N_("user"), N_("token"),
)  # fmt: skip
_ACTIONS = (
    N_("create"), N_("edit"), N_("delete"), N_("erase"), N_("publish"), N_("unpublish"), N_("end"), N_("deploy"),
    N_("save draft"), N_("discard draft"), N_("cancel"), N_("renew key"), N_("renew secret"), N_("test"), N_("resend"),
    N_("log in"), N_("refuse login"), N_("log out"),
)  # fmt: skip
FROM, UNTIL = "at:ge:", "at:lt:"
Row = Mapping[str, Any]


async def index(request: web.Request) -> web.StreamResponse:
    looked = _dated(request, wanted(request, DEFAULT_SORT))
    found = await audit.page(request.app[CONTEXT], looked.query())
    view = ListView(looked, found.items, found.total, found.next_cursor, found.total_is_exact)
    return page(
        request, "audit.html", section="Audit log", list=view, changes=changes,
        things=_choices("thing", _("Everything"), _THINGS), actions=_choices("action", _("Every action"), _ACTIONS),
        thing=_chosen(view.given, "thing:"), action=_chosen(view.given, "action:"), who=_chosen(view.given, "who:"),
        since=_day(view.given, FROM), until=_day(view.given, UNTIL),
    )  # fmt: skip


def _choices(field: str, every: str, known: Sequence[str]) -> list[tuple[str, str]]:
    """Conditions on the field, in words."""
    return [("", every), *((f"{field}:eq:{one}", words.upper_first(said(one))) for one in known)]


def changes(entry: Row) -> list[tuple[str, str, str]]:
    """`(field, before, after)` of what differs, in words; of something new or removed one side is empty."""
    before, after = entry["before"] or {}, entry["after"] or {}
    return [(words.plain(name), _told(before.get(name)), _told(after.get(name))) for name in {**before, **after}]


def _told(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
        return ", ".join(map(str, value))
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else str(value)


def _dated(request: web.Request, looked: Wanted) -> Wanted:
    """The days of the form, in UTC and both included, as conditions."""
    given = [one for one in looked.filters if not one.startswith((FROM, UNTIL)) or not _is_typed(request)]
    return replace(looked, filters=(*given, *_conditions(request)))


def _is_typed(request: web.Request) -> bool:
    return "from" in request.query or "until" in request.query


def _conditions(request: web.Request) -> Iterator[str]:
    for name, start, more in (("from", FROM, 0), ("until", UNTIL, 1)):
        if text := request.query.get(name, ""):
            try:
                day = date.fromisoformat(text) + timedelta(days=more)
            except (ValueError, OverflowError):
                raise InvalidInput.single(name, _("should be a day such as 2026-05-04")) from None
            yield f"{start}{day}T00:00:00Z"


def _chosen(given: Sequence[str], start: str) -> str:
    return next((one for one in given if one.startswith(start)), "")


def _day(given: Sequence[str], start: str) -> str:
    """What the form's field shows of a condition: the day that is included."""
    text = _chosen(given, start).removeprefix(start)[:10]
    try:
        return str(date.fromisoformat(text) - timedelta(days=1 if start == UNTIL else 0))
    except (ValueError, OverflowError):
        return ""
