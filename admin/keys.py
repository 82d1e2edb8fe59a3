"""What the application and each request carry, by typed keys."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from admin.throttle import LoginThrottle, PushThrottle
from dialer.domain.errors import Fault
from dialer.engine.live import Live
from dialer.engine.previews import Previews
from dialer.operations.context import Context
from dialer.operations.users import Caller

Identity = Caller


@dataclass(frozen=True, slots=True)
class Problem:
    """One error as it is told: RFC 9457 for programs, a page for people. `missing`: the id of what is not there."""

    status: int
    title: str
    detail: str
    errors: tuple[Fault, ...] = ()
    missing: str | None = None


ErrorPage = Callable[[web.Request, Problem], Awaitable[web.StreamResponse]]

CONTEXT = web.AppKey("context", Context)
LIVE: web.AppKey[Live | None] = web.AppKey("live")
PREVIEWS: web.AppKey[Previews | None] = web.AppKey("previews")
THROTTLE = web.AppKey("throttle", LoginThrottle)
PUSHES = web.AppKey("pushes", PushThrottle)
LARGE = web.AppKey("large", asyncio.Semaphore)  # so many large bodies are in memory at once
UPLOADS = web.AppKey("uploads", asyncio.Semaphore)  # so many files are on their way at once
ERROR_PAGE: web.AppKey[ErrorPage] = web.AppKey("error_page")
IDENTITY = web.RequestKey("identity", Identity)
BEGUN = web.RequestKey("begun", web.StreamResponse)  # the answer whose head is on its way
