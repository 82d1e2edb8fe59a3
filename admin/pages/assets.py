"""What the browser loads: our own few files, and the few of `node_modules` that the pages use. Nothing comes from outside.

An address carries a digest of the content (`?v=…`), so a browser may keep a file for good and still sees a new one at once.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parents[1] / "static"
NODE_MODULES = Path(__file__).parents[2] / "node_modules"

_CSS, JS, _SVG = "text/css", "text/javascript", "image/svg+xml"

# The whole of what is served: name → file and type. Anything else is 404.
FILES = {
    "app.css": (STATIC / "app.css", _CSS),
    "say.js": (STATIC / "say.js", JS),
    "app.js": (STATIC / "app.js", JS),
    "charts.js": (STATIC / "charts.js", JS),
    "dry_run.js": (STATIC / "dry_run.js", JS),
    "rates.js": (STATIC / "rates.js", JS),
    "live.js": (STATIC / "live.js", JS),
    "report.js": (STATIC / "report.js", JS),
    "times.js": (STATIC / "times.js", JS),
    "typed.js": (STATIC / "typed.js", JS),
    "theme.js": (STATIC / "theme.js", JS),
    "favicon.svg": (STATIC / "favicon.svg", _SVG),
    "icons.svg": (STATIC / "icons.svg", _SVG),
    "studio/palette.js": (STATIC / "studio/palette.js", JS),
    "studio/editor.js": (STATIC / "studio/editor.js", JS),
    "studio/draft.js": (STATIC / "studio/draft.js", JS),
    "studio/editor.css": (STATIC / "studio/editor.css", _CSS),
    "vendor/tabler.css": (NODE_MODULES / "@tabler/core/dist/css/tabler.min.css", _CSS),
    "vendor/uplot.js": (NODE_MODULES / "uplot/dist/uPlot.iife.min.js", JS),
    "vendor/uplot.css": (NODE_MODULES / "uplot/dist/uPlot.min.css", _CSS),
    "vendor/htmx.js": (NODE_MODULES / "htmx.org/dist/htmx.min.js", JS),
    "vendor/htmx-sse.js": (NODE_MODULES / "htmx.org/dist/ext/hx-sse.min.js", JS),
}
FOREVER = "public, max-age=31536000, immutable"


class AssetMissingError(Exception):
    """A file of the pages is not there; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file in memory, plain and compressed; `version` is a digest of its content."""

    content_type: str
    plain: bytes
    packed: bytes
    version: str


@lru_cache(maxsize=len(FILES))
def load(name: str) -> Asset:
    """The asset of that name; raises `KeyError` for a name that is not served, `AssetMissingError` if it is not installed."""
    path, content_type = FILES[name]
    try:
        plain = path.read_bytes()
    except FileNotFoundError:
        raise AssetMissingError(f"{path} is missing: run `make setup`, which installs what the pages need") from None
    return made(content_type, plain)


def made(content_type: str, plain: bytes) -> Asset:
    return Asset(content_type, plain, gzip.compress(plain, mtime=0), hashlib.sha256(plain).hexdigest()[:12])


def address(name: str) -> str:
    """Where a page finds the asset."""
    return f"/static/{name}?v={load(name).version}"


async def serve(request: web.Request) -> web.Response:
    """`GET /static/{name}`: kept for good when the address names the version that is served."""
    name = request.match_info["name"]
    if name not in FILES:
        raise web.HTTPNotFound
    return answer(request, load(name))


def answer(request: web.Request, asset: Asset) -> web.Response:
    current = request.query.get("v") == asset.version
    headers = {
        "Cache-Control": FOREVER if current else "no-cache",
        "ETag": f'"{asset.version}"',
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=asset.packed, content_type=asset.content_type, charset="utf-8", headers=headers)
    return web.Response(body=asset.plain, content_type=asset.content_type, charset="utf-8", headers=headers)


async def favicon(_request: web.Request) -> web.StreamResponse:
    """What browsers ask for by themselves."""
    raise web.HTTPFound(address("favicon.svg"))
