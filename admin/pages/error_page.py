"""What people see when something was refused: in plain words, and with a way back to the nearest page that is there."""

from collections.abc import Mapping
from typing import Any

import structlog
from aiohttp import web

from admin.auth import may
from admin.errors import plain_page
from admin.keys import IDENTITY, Problem
from admin.language import N_, said
from admin.pages.render import to_html
from admin.rights import right_for

log = structlog.get_logger()

HOME = "/"
# Titles that are a programmer's words, as people would say it.
_PLAIN: Mapping[str, str] = {
    "Illegal transition": N_("Not possible as things stand now"),
    "Stale edit": N_("Changed by somebody else meanwhile"),
    "Invalid input": N_("Something is not right"),
}
# Addresses that are no pages of their own although they can be read: parts of the page that stands here.
_PART_OF: Mapping[str, str] = {"uploads": "sources"}


async def show(request: web.Request, problem: Problem) -> web.StreamResponse:
    """`error.html`; in plain text if even that can't be drawn.

    An address that only takes forms, opened again (a refusal stood at it), leads to the page above it.
    """
    back = way_back(request, problem)
    if problem.status == web.HTTPMethodNotAllowed.status_code and request.method in {"GET", "HEAD"}:
        return web.Response(status=303, headers={"Location": back})
    faults = "; ".join(f"{fault.field}: {said(fault.reason)}" for fault in problem.errors)
    detail, title = faults or said(problem.detail), said(_PLAIN.get(problem.title, problem.title))
    try:
        text = to_html(request, "error.html", status=problem.status, title=title, detail=detail, back=back)
    except Exception:
        log.exception("the error page can't be drawn")
        return await plain_page(request, problem)
    return web.Response(text=text, status=problem.status, content_type="text/html", charset="utf-8")


def way_back(request: web.Request, problem: Problem) -> str:
    """The nearest page above the address, without the thing that is missing, that the caller may see; else where they begin."""
    parts = [part for part in request.rel_url.raw_parts if part not in {"", "/"}]
    if problem.missing is not None and problem.missing in parts:
        del parts[parts.index(problem.missing) :]
    else:
        parts = parts[:-1]
    while parts:
        parts[-1] = _PART_OF.get(parts[-1], parts[-1])
        above = "/" + "/".join(parts)
        if _is_page(request, above):
            return above
        parts.pop()
    return HOME


def _is_page(request: web.Request, path: str) -> bool:
    """Whether the caller may read something at that address."""
    caller = request.get(IDENTITY)
    if caller is None or not may(caller, right_for("GET", path)):
        return False
    resources = (route.resource for route in request.app.router.routes() if route.method == "GET")
    return any(_leads_to(resource.get_info(), path) for resource in resources if resource is not None)


def _leads_to(info: Mapping[str, Any], path: str) -> bool:
    """`info` as aiohttp gives it: a fixed `path`, or the `pattern` of one with places."""
    return info["path"] == path if "path" in info else info["pattern"].fullmatch(path) is not None
