"""The check of the settings: looked at when asked for, since what does not answer takes its time."""

from collections import Counter

from aiohttp import web

from admin.api.checkup import look
from admin.keys import CONTEXT
from admin.pages.render import page
from config.effective import effective
from dialer.domain.checkup import worst


async def show(request: web.Request) -> web.StreamResponse:
    """The settings at once; the findings are fetched by the page."""
    settings = effective(request.app[CONTEXT].settings)
    return page(request, "checkup.html", section="Settings check", settings=settings)


async def found(request: web.Request) -> web.StreamResponse:
    findings = await look(request)
    return page(
        request, "parts/checkup.html", findings=findings, level=worst(findings), now=request.app[CONTEXT].clock(),
        numbers=Counter(one.level.value for one in findings),
    )  # fmt: skip
