"""Chooses the language of each request."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from admin import language
from admin.errors import is_api

LANGUAGES = web.AppKey("languages", language.Languages)


@web.middleware
async def speak(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The pages in the language that the browser asks for; programs are answered in English."""
    accept = request.headers.get("Accept-Language", "")
    language.spoken.set(language.ENGLISH if is_api(request) else request.app[LANGUAGES].wanted(accept))
    return await handler(request)
