"""What the Node-RED editor asks for when it starts: settings, theme, locales, icons, and its list of node sets."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from aiohttp import web
from babel import negotiate_locale

from admin.keys import IDENTITY
from admin.language import _, spoken
from admin.studio import files
from admin.studio.access import editable
from dialer.strategy.palette import palette

# The core nodes that a strategy may have beside its steps, each with its set in the editor's registry.
CORE = {"junction": ("junction",), "comment": ("comment",), "link": ("link in", "link out"), "unknown": ("unknown",)}
MODULE = "campaign-dialer"
STEPS = f"{MODULE}/steps"
_CATEGORIES = ("campaign", "subflows", "common")
# Tabs can't be added but deleted: a flow from a file comes as one more, and only one can be the strategy.
_HIDDEN_MENU = (
    "menu-item-workspace", "menu-item-workspace-add", "menu-item-config-nodes", "menu-item-edit-palette",
    "menu-item-help", "menu-item-node-red-version", "menu-item-projects-menu", "menu-item-event-log",
)  # fmt: skip
# The palette on the left, the help on the right; the version of this form is the editor's.
# Tips are for flows that run in Node-RED; and the editor shows the first after a second, whether its place is there or not.
_VIEW = {"view-show-grid": True, "view-snap-grid": True, "view-show-tips": False}
_SIDEBARS: Mapping[str, Any] = {
    "v": 4,
    "tabs": ["palette", "explorer", "help", "info"],
    "primary": {
        "top": {"tabs": ["help", "info"], "active": "help", "hidden": False},
        "bottom": {"tabs": [], "hidden": True},
        "width": 260,
    },
    "secondary": {
        "top": {"tabs": ["palette", "explorer"], "active": "palette", "hidden": False},
        "bottom": {"tabs": [], "hidden": True},
        "width": 190,
    },
}


_LOCALES = {
    "editor": (files.CLIENT / "locales", "editor.json"),
    "infotips": (files.CLIENT / "locales", "infotips.json"),
    "jsonata": (files.CLIENT / "locales", "jsonata.json"),
    "node-red": (files.NODES / "locales", "messages.json"),
}
# The region for which the editor has a language, for who names none.
_REGIONS = {"es": "es_ES", "pt": "pt_BR", "zh": "zh_CN", "en": "en_US"}


async def settings(request: web.Request) -> web.Response:
    writes = await editable(request)
    return web.json_response({
        "version": files.version(),
        "user": {"username": request[IDENTITY].name, "permissions": "*" if writes else "read"},
        "context": {"default": "memory", "stores": ["memory"]},
        "codeEditor": {"lib": "basic"},
        "markdownEditor": {"mermaid": {"enabled": False}},
        "libraries": [],
        "flowFilePretty": True,
        "flowEncryptionType": "disabled",
        "telemetryEnabled": False,
        "diagnostics": {"enabled": False, "ui": False},
        "runtimeState": {"enabled": False, "ui": False},
        "externalModules": {
            "palette": {"allowInstall": False, "allowUpload": False}, "modules": {"allowInstall": False},
        },
        "editorTheme": {
            "userMenu": False,
            "tours": False,
            "help": {"node-red": False},
            "languages": ["en-US"],
            "projects": {"enabled": False},
            "multiplayer": {"enabled": False},
            "deployButton": {"type": "simple", "label": _("Deploy"), "icon": None},
            "menu": dict.fromkeys(_HIDDEN_MENU, False),
            "palette": {"editable": False, "catalogues": [], "categories": {"order": _CATEGORIES}},
        },
    })  # fmt: skip


async def user_settings(request: web.Request) -> web.Response:
    """How somebody likes the editor is theirs and their browser's: nothing of it is kept here."""
    if request.method == "POST":
        await request.read()
        return web.Response(status=204)
    return web.json_response({"editor": {"view": _VIEW, "sidebar": {"state": _SIDEBARS}}})


async def theme(_request: web.Request) -> web.Response:
    return web.json_response({"header": {"title": _("Strategy")}})


async def nothing(_request: web.Request) -> web.Response:
    return web.json_response({})


async def plugins(request: web.Request) -> web.Response:
    return _json_or_html(request, [], "")


async def locale(request: web.Request) -> web.Response:
    """The editor's own words in the language of the page, whichever the editor asks for, or in English where it has no such."""
    found = _words(request.match_info["name"], spoken.get().tag)
    if found is None:
        raise web.HTTPNotFound
    return web.json_response(found)


async def node_messages(_request: web.Request) -> web.Response:
    return web.json_response({"node-red": _words("node-red", spoken.get().tag)})


async def icons(_request: web.Request) -> web.Response:
    names = sorted(name.rpartition("/")[2] for name in files.public() if name.startswith("icons/"))
    return web.json_response({"node-red": names})


@lru_cache(maxsize=64)
def _words(name: str, tag: str) -> Any:
    """What that language lacks is English."""
    root, file = _LOCALES.get(name, (None, ""))
    if root is None:
        return None
    known = {path.parent.name.replace("-", "_"): path for path in root.glob(f"*/{file}")}
    found = negotiate_locale([tag.replace("-", "_")], list(known), aliases=_REGIONS)
    return _over(json.loads(known["en_US"].read_bytes()), json.loads(known[found or "en_US"].read_bytes()))


def _over(english: Any, other: Any) -> Any:
    if not isinstance(english, dict) or not isinstance(other, dict):
        return other
    return english | {key: _over(english.get(key), one) for key, one in other.items()}


def node_sets() -> list[dict[str, Any]]:
    """The registry's list: our step types, and the few core nodes. Whatever is not in it does not exist for the editor."""
    version = files.version()
    core = [_set(f"node-red/{name}", "node-red", types, version) for name, types in CORE.items()]
    return [*core, _set(STEPS, MODULE, [step["type"] for step in palette()], version)]


def _set(name: str, module: str, types: Any, version: str) -> dict[str, Any]:
    return {
        "id": name, "name": name.partition("/")[2], "types": list(types), "enabled": True, "local": False, "user": False,
        "module": module, "version": version,
    }  # fmt: skip


def _json_or_html(request: web.Request, items: Any, html: str) -> web.Response:
    if "text/html" in request.headers.get("Accept", ""):
        return web.Response(text=html, content_type="text/html")
    return web.json_response(items)
