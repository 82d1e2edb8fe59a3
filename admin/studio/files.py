"""The files of the Node-RED editor that the studio serves: as they came from npm, unchanged, and no others.

What weighs most has an address of its own for all campaigns (`/static/node-red/…`) that names the version, so a browser
keeps it for good. The editor asks for the rest by addresses relative to its page.
"""

import asyncio
import gzip
import json
import mimetypes
from functools import lru_cache
from pathlib import Path

from aiohttp import web

from admin.pages.assets import FOREVER, NODE_MODULES, AssetMissingError

CLIENT = NODE_MODULES / "@node-red/editor-client"
NODES = NODE_MODULES / "@node-red/nodes"
_PUBLIC = (
    "vendor/vendor.js",
    "vendor/jquery/css/base/jquery-ui.min.css",
    "vendor/jquery/css/base/images/*.png",
    "vendor/font-awesome/css/font-awesome.min.css",
    "vendor/font-awesome/fonts/fontawesome-webfont.*",
    "red/red.min.js",
    "red/style.min.css",
    "red/keymap.json",
    "red/images/**/*.svg",
    "red/about",
    "favicon.ico",
)
_PACKED = frozenset({".js", ".css", ".json", ".svg", ".html"})


@lru_cache(maxsize=1)
def public() -> dict[str, Path]:
    """What is served of the editor, by its address below the editor's page; raises `AssetMissingError`."""
    root = CLIENT / "public"
    found = {str(path.relative_to(root)): path for pattern in _PUBLIC for path in root.glob(pattern) if path.is_file()}
    icons = {f"icons/node-red/{path.name}": path for path in (NODES / "icons").glob("*.svg")}
    if "red/red.min.js" not in found or not icons:
        raise AssetMissingError(f"{CLIENT} is missing: run `make setup`, which installs the editor")
    return found | icons | {"LICENSE": CLIENT / "LICENSE"}


@lru_cache(maxsize=1)
def version() -> str:
    """The editor's version, which every address of its files carries."""
    try:
        return str(json.loads((CLIENT / "package.json").read_bytes())["version"])
    except FileNotFoundError:
        raise AssetMissingError(f"{CLIENT} is missing: run `make setup`, which installs the editor") from None


def address(name: str) -> str:
    return f"/static/node-red/{name}?v={version()}"


@lru_cache(maxsize=256)
def _read(name: str) -> tuple[bytes, str]:
    """The file as it is sent, packed if that makes it smaller, and its type."""
    path = public()[name]
    plain = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "text/plain"
    return (gzip.compress(plain, compresslevel=6, mtime=0) if path.suffix in _PACKED else plain), kind


async def serve(request: web.Request) -> web.StreamResponse:
    """`{name}` of the editor's files; 404 for any other."""
    name = request.match_info["name"]
    if name not in public():
        raise web.HTTPNotFound
    known = f'"{version()}"'
    kept = FOREVER if request.query.get("v") == version() else "no-cache"
    headers = {"Cache-Control": kept, "ETag": known, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == known:
        return web.Response(status=304, headers=headers)
    body, kind = await asyncio.to_thread(_read, name)
    if public()[name].suffix in _PACKED:
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
        else:
            body = await asyncio.to_thread(gzip.decompress, body)
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)
    return web.Response(body=body, content_type=kind, headers=headers)
