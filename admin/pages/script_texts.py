"""What scripts say (`say` of say.js) in the language of a page: a script of its own, which none loads in English."""

from functools import lru_cache

import orjson
from aiohttp import web

from admin.language import Language, spoken
from admin.pages import assets
from admin.speaking import LANGUAGES


def address() -> str:
    """Where the page finds them; empty in English."""
    language = spoken.get()
    return f"/static/texts/{language.tag}.js?v={_made(language).version}" if language.scripted else ""


async def serve(request: web.Request) -> web.Response:
    """`GET /static/texts/{language}.js`: `TEXTS`, by the English ones."""
    language = request.app[LANGUAGES].known.get(request.match_info["language"])
    if language is None:
        raise web.HTTPNotFound
    return assets.answer(request, _made(language))


@lru_cache(maxsize=16)
def _made(language: Language) -> assets.Asset:
    return assets.made(assets.JS, b"globalThis.TEXTS = " + orjson.dumps(dict(language.scripted)) + b";\n")
