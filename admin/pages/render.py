"""Templates to pages: what every page has (who is logged in, the CSRF token, addresses of assets), and how times read."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes, select_autoescape
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from admin.auth import may
from admin.keys import IDENTITY
from admin.language import Language, Languages, _, counted_in_page, figure, in_page, retold, said, spoken
from admin.pages import assets, impact_words, live_words, menu, row_words, script_texts, trail_words, words
from admin.speaking import LANGUAGES
from dialer.domain.windows import zone_names
from dialer.operations.users import Right

TEMPLATES = Path(__file__).parents[1] / "templates"
# A template takes ten milliseconds and more to be compiled. That is done once the server has started, one by one, parts of streams first.
STARTED_S, PAUSE_S = 3.0, 0.02

log = structlog.get_logger(__name__)
# Whose compiled templates are kept.
MOST_LANGUAGES = 16


class _Fixed(NodeTransformer):
    """Texts without values become part of the compiled template: a page has a thousand, and as calls they cost a quarter more."""

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802  (named after the node)
        self.generic_visit(node)
        plain = isinstance(node.node, nodes.Name) and node.node.name in {"_", "gettext"} and not node.kwargs
        given = node.args[0] if plain and len(node.args) == 1 else None
        return nodes.Const(in_page(given.value), lineno=node.lineno) if isinstance(given, nodes.Const) else node


class _Speaking(Environment):
    """Compiles templates for the language of the request that is the first to need them."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed: nodes.Template = _Fixed().visit(super()._parse(source, name, filename))
        return parsed


def environment() -> Environment:
    """Jinja with our filters, in the language of the request."""
    return _environment(spoken.get())


@lru_cache(maxsize=MOST_LANGUAGES)
def _environment(_language: Language) -> Environment:
    """Everything is escaped, and a name that is not given is an error."""
    made = _Speaking(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    cast("Any", made).newstyle_gettext = True  # set up by the extension: a text takes its values itself
    made.globals |= {
        "_": in_page,
        "gettext": in_page,
        "ngettext": counted_in_page,
        "language": lambda: spoken.get().tag,
        "script_texts": script_texts.address,
    }
    made.globals |= {"asset": assets.address, "now_s": time.time, "zone_names": lambda: sorted(zone_names())}
    made.filters |= {
        "said": said,
        "retold": retold,
        "number": figure,
        "plain": words.plain,
        "colour": words.colour,
        "kept": words.kept,
        "source_kind": words.source_kind,
        "duration": words.duration,
        "channel": words.channel,
        "doings": live_words.doings,
        "abandonment": words.abandonment,
        "percent": words.percent,
        "stopped_because": words.stopped_because,
        "impact": impact_words.lines,
        "row_told": row_words.row_told,
        "worded": trail_words.worded,
        "local": local,
        "short": short,
        "wall": wall,
        "clock": clock,
        "capitalize_first": words.upper_first,
    }
    return made


async def ready(app: web.Application) -> AsyncIterator[None]:
    """While the application runs: compiles in a thread what would else be compiled when it is first drawn, with calls waiting."""
    task = asyncio.create_task(_compile(app[LANGUAGES]), name="templates")
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _compile(languages: Languages) -> None:
    """For each language, that of most readers first."""
    await asyncio.sleep(STARTED_S)
    for language in dict.fromkeys((languages.default, *languages.known.values())):
        spoken.set(language)  # of this task
        names = environment().list_templates()
        for name in sorted(names, key=lambda one: not one.startswith("parts/")):
            try:
                await asyncio.to_thread(environment().get_template, name)
            except Exception:
                log.exception("a template can't be compiled", template=name)
            await asyncio.sleep(PAUSE_S)


def page(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    """A whole page, or a part that htmx puts into one."""
    response = web.Response(
        text=to_html(request, template, **context), status=status, content_type="text/html", charset="utf-8"
    )
    response.headers["Vary"] = "HX-Request, Accept-Language"
    return response


def saved(request: web.Request) -> str | None:
    """What a page says that follows on a form which was saved: its address has `saved`."""
    return _("Saved.") if "saved" in request.query and request.method == "GET" else None


def to_html(request: web.Request, template: str, **context: Any) -> str:
    return environment().get_template(template).render({**_of_request(request), **context})


def shared(template: str, **context: Any) -> str:
    """A part that is the same for everybody who reads its language: of who looks, nothing else is known here.

    Whatever depends on it is an undefined name, and so an error.
    """
    return environment().get_template(template).render(context)


def _of_request(request: web.Request) -> dict[str, Any]:
    caller = request.get(IDENTITY)
    return {
        "user": caller,
        "menu": menu.open_to(menu.MAIN, caller),
        "upkeep": menu.open_to(menu.UPKEEP, caller),
        "csrf": (caller.csrf if caller else None) or "",
        "may_edit": caller is not None and may(caller, Right.WRITE),
        "may_operate": caller is not None and may(caller, Right.OPERATE),
        "section": "",
        "oob": "",
        "notice": None,
        "refused": None,
        "stale": None,
        "kept_draft": None,
    }


def local(moment: datetime, zone: str, seconds: bool = False) -> str:
    """`2026-05-04 09:05 CEST`, with the zone behind; seconds where the order of things is to be seen."""
    clock_time = "%H:%M:%S" if seconds else "%H:%M"
    return moment.astimezone(ZoneInfo(zone)).strftime(f"%Y-%m-%d {clock_time} %Z")


def wall(moment: datetime, zone: str) -> str:
    """The time of day that the clock on the wall of another zone shows at that instant."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%H:%M %Z")


def short(moment: datetime | None) -> str:
    """In UTC, under a header that says so; times.js makes it the reader's own zone, where one is chosen."""
    told = Markup('<time datetime="{}" class="utc">{:%Y-%m-%d %H:%M}</time>')
    return told.format(moment.isoformat(), moment) if moment else "–"


def clock(moment: datetime | str | None) -> str:
    """The time of day of something that goes on now, in UTC."""
    at = words.moment(moment) if isinstance(moment, str) else moment
    return f"{at:%H:%M:%S} UTC" if at else "–"
