"""The node types that the editor gets: our steps from the catalogue, and the core nodes that only arrange a drawing.

Scripts come as files of their own, so that the page's policy needs no inline scripts.
"""

import re
from functools import lru_cache
from typing import Any

import orjson
from aiohttp import web

from admin.keys import CONTEXT
from admin.language import N_, said
from admin.pages import words
from admin.pages.campaign import load
from admin.pages.render import environment
from admin.studio import files
from admin.studio.settings import CORE, STEPS, node_sets
from dialer.domain.campaign import Campaign
from dialer.domain.windows import zone_names
from dialer.operations import gateways, reports
from dialer.operations.context import Context
from dialer.operations.deploying import MODES
from dialer.store.listing import Query
from dialer.strategy.advice import NAMES
from dialer.strategy.palette import palette

_SOURCES = {"comment": "90-comment.html", "link": "60-link.html", "unknown": "98-unknown.html"}
_HELP = {
    "comment": {"comment": N_("A note on the drawing. It changes nothing of what happens.")},
    "link": {
        "link in": N_("Contacts go on here that come to a “link out” tied to it."),
        "link out": N_("Leads to a “link in” without a wire across the drawing. Choose one in its dialog."),
    },
}
_SCRIPT = re.compile(r'<script type="text/javascript">(.*?)</script>', re.DOTALL)
# A set's script registers only the types that the set has here.
_WRAPPED = """(function (all) {
  const wanted = %s;
  const register = (type, definition) => { if (wanted.includes(type)) all.nodes.registerType(type, definition); };
  const RED = Object.create(all, { nodes: { value: { ...all.nodes, registerType: register } } });
%s
})(RED);
"""


async def nodes(request: web.Request) -> web.Response:
    """The list of node sets as JSON, or their dialogs, helps and scripts as HTML: the editor asks for both here."""
    if "text/html" not in request.headers.get("Accept", ""):
        return web.json_response(node_sets())
    parts = [f"<!-- --- [red-module:node-red/{name}] --- -->\n{_core_html(name)}" for name in CORE]
    steps = environment().get_template("studio/steps.html").render(steps=palette())
    parts.append(f"<!-- --- [red-module:{STEPS}] --- -->\n{steps}")
    return web.Response(text="\n".join(parts), content_type="text/html", charset="utf-8")


async def core_script(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    if name not in _SOURCES:
        raise web.HTTPNotFound
    return web.Response(text=_core_script(name), content_type="text/javascript", charset="utf-8")


async def steps_script(request: web.Request) -> web.Response:
    """Registers the steps with what there is to choose from on this server, for this campaign."""
    found = await choices(request.app[CONTEXT], await load(request))
    given = orjson.dumps(_spoken(palette())).decode(), orjson.dumps(found).decode()
    return web.Response(text=f"Studio.register({', '.join(given)});\n", content_type="text/javascript", charset="utf-8")


async def choices(ctx: Context, campaign: Campaign) -> dict[str, Any]:
    """By the kind of a field: `options` as `[value, words]`, and `own`, which the campaign has where a field is empty."""
    rows = (await gateways.page(ctx, Query(limit=100))).items
    fields = await reports.custom_fields(ctx)
    return {
        "queue": _named(sorted(ctx.engine.queues() or ()), campaign.queue),
        "voice-gateway": _named([row["name"] for row in rows if row["kind"] == "voice"], campaign.voice_gateway),
        "sms-gateway": _named([row["name"] for row in rows if row["kind"] == "sms"], campaign.sms_gateway),
        "mode": {
            "options": [[mode, words.plain(mode)] for mode in sorted(MODES)],
            "own": ", ".join(map(words.plain, campaign.dialing_modes)),
        },
        "attribute": {"options": [*fields, *([name, words.plain(name)] for name in sorted(NAMES))], "own": None},
        "zone": _named(sorted(zone_names()), None),
    }


def _spoken(told: Any, name: str = "") -> Any:
    """The palette in the language of the page: what is for people, by the names under which it stands there."""
    match told:
        case dict():
            return {key: _spoken(one, key) for key, one in told.items()}
        case list() if name == "options":
            return [[value, said(words_)] for value, words_ in told]
        case list():
            return [_spoken(one) for one in told]
        case str() if name in {"label", "help", "title", "meaning"}:
            return said(told)
    return told


def _named(names: list[str], own: str | None) -> dict[str, Any]:
    return {"options": [[name, name] for name in names], "own": own}


def _core_html(name: str) -> str:
    if name not in _SOURCES:
        return ""  # the editor knows the type itself
    helps = "".join(
        f'<script type="text/html" data-help-name="{type_}"><p>{said(text)}</p></script>\n'
        for type_, text in _HELP.get(name, {}).items()
    )
    return f'{_SCRIPT.sub("", _source(name))}\n{helps}<script src="core/{name}.js"></script>'


@lru_cache(maxsize=len(_SOURCES))
def _core_script(name: str) -> str:
    found = _SCRIPT.search(_source(name))
    return _WRAPPED % (orjson.dumps(CORE[name]).decode(), found[1] if found else "")


@lru_cache(maxsize=len(_SOURCES))
def _source(name: str) -> str:
    return (files.NODES / "core/common" / _SOURCES[name]).read_text(encoding="utf-8")
