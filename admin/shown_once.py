"""Secrets on their way from the form that made them to the page that the browser is sent to, which shows each once.

So a page that is loaded again repeats no form, and a secret stands in no address, no log and no table: only here, in memory,
for a moment, for the session that made it. Lost on the way, it is made anew.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from aiohttp import web

from admin.keys import CONTEXT, IDENTITY

KEPT = timedelta(minutes=1)
# The oldest are forgotten when there are more: memory is bounded.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Secret:
    """`name`: what it is the secret of."""

    text: str = field(repr=False)
    name: str = ""


@dataclass(slots=True)
class ShownOnce:
    """By session and page. Pure: the time comes in."""

    _kept: OrderedDict[tuple[str, str], tuple[Secret, datetime]] = field(default_factory=OrderedDict, repr=False)

    def keep(self, session: str, path: str, secret: Secret, now: datetime) -> None:
        self._kept = OrderedDict((key, one) for key, one in self._kept.items() if now - one[1] < KEPT)
        self._kept[session, path] = secret, now
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def take(self, session: str, path: str, now: datetime) -> Secret | None:
        secret, at = self._kept.pop((session, path), (None, now))
        return secret if now - at < KEPT else None


SHOWN_ONCE = web.AppKey("shown_once", ShownOnce)


def then_show(request: web.Request, path: str, secret: Secret) -> web.HTTPSeeOther:
    """The answer that leads to the page, to be raised."""
    request.app[SHOWN_ONCE].keep(request[IDENTITY].key, path, secret, request.app[CONTEXT].clock())
    return web.HTTPSeeOther(path)


def shown(request: web.Request) -> Secret | None:
    """For the page: what was kept for it. Parts that a page fetches, maybe one in another window, leave it alone."""
    if request.method != "GET" or request.headers.get("HX-Request") == "true":
        return None
    return request.app[SHOWN_ONCE].take(request[IDENTITY].key, request.path, request.app[CONTEXT].clock())
