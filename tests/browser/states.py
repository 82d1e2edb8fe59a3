"""Which page says what with nothing on it, by the route table: a page that stands in no table here fails a test."""

from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web

from admin.pages.routes import routes
from admin.studio.routes import routes as studio_routes


class Empty(NamedTuple):
    """What the page says with nothing on it, and the link, button or field that leads on."""

    says: str
    leads_on: str


#: Of an installation with nothing in it, whose Asterisk can't be reached.
OF_ALL: Mapping[str, Empty] = {
    "/campaigns": Empty("No campaigns yet", "New campaign"),
    "/contacts": Empty("No contacts yet", "Load contacts"),
    "/attempts": Empty("No call yet", "Go to the campaigns"),
    "/messages": Empty("No text yet", "Go to the campaigns"),
    "/live": Empty("None is published", "Go to the campaigns"),
    "/queues": Empty("says how to mend it", "Administration"),
    "/agent": Empty("Say that you are ready", "I am ready"),
    "/gateways": Empty("No gateways yet", "New voice gateway"),
    "/webhooks": Empty("Nobody is told", "New webhook"),
    "/contact-fields": Empty("No custom fields yet", "New field"),
    "/do-not-contact": Empty("Nobody is listed", "Add addresses"),
    "/evidence": Empty("Every call and text to a number", "Show"),
}
#: Of things that were just made: campaign 2, a webhook, an SMS gateway, and contact 1, whose campaign was deleted.
OF_ONE: Mapping[str, Empty] = {
    "/campaigns/{campaign}": Empty("Before it can be published", "Queue"),
    "/campaigns/{campaign}/contacts": Empty("No contacts yet", "Load contacts"),
    "/campaigns/{campaign}/sources": Empty("Nothing was loaded yet", "Drop a CSV file"),
    "/campaigns/{campaign}/attempts": Empty("No call yet", "What the campaign waits for"),
    "/campaigns/{campaign}/messages": Empty("No text yet", "What the campaign waits for"),
    "/campaigns/{campaign}/replies": Empty("Nobody has replied yet", "See what was texted"),
    "/campaigns/{campaign}/report": Empty("Nothing to report yet", "Sources"),
    "/campaigns/{campaign}/dry-run": Empty("Nothing simulated yet", "Simulate"),
    "/webhooks/{webhook}": Empty("Nothing was told yet", "Send a test event"),
    "/gateways/{gateway}": Empty("No test message has been sent yet", "Send"),
    "/contacts/{contact}": Empty("It is in no campaign", "Go to the campaigns"),
    "/tokens": Empty("No tokens yet", "New token"),
}
PLACES = {"campaign": "2", "webhook": "1", "gateway": "smsc", "contact": "1"}

#: Pages that are never empty, and why.
NEVER_EMPTY: Mapping[str, str] = {
    "/": "leads to the first page that one may see",
    "/login": "a form",
    "/account": "forms, and the session of who looks",
    "/users": "who looks is one",
    "/audit": "who looks has logged in, which is an entry",
    "/users/{user}": "forms of one",
    "/api": "every operation",
    "/api/problems": "every problem",
    "/check": "every setting; what is found comes late",
    "/contact-fields/{name}": "a form of one",
    "/contacts/{contact}/edit": "a form of one",
    "/gateways/new/{kind}": "a form",
    "/webhooks/new": "a form",
    "/campaigns/{campaign}/clone": "a form of one",
    "/campaigns/{campaign}/settings": "a form of one",
    "/campaigns/{campaign}/strategy": "a new campaign has one",
    "/campaigns/{campaign}/strategy/steps": "a strategy has steps",
    "/campaigns/{campaign}/contacts/{contact}": "a contact was added once, at least",
    "/campaigns/{campaign}/sources/{source}/removal": "a dialog of one",
    "/campaigns/{campaign}/uploads/{upload}": "one file; what is in it comes late",
    "/studio/{campaign}": "the editor, which comes late",
}
#: What no page is: parts that one fetches, streams, files.
PARTS = frozenset({
    "/agent/live", "/campaigns/{campaign}/live", "/campaigns/{campaign}/contacts/{contact}/live", "/gateways/{gateway}/live",
    "/live/stream", "/queues/stream", "/campaigns/{campaign}/contacts/{contact}/why-not", "/campaigns/{campaign}/sources/key",
    "/campaigns/{campaign}/uploads", "/campaigns/{campaign}/uploads/{upload}/look", "/check/found",
    "/favicon.ico", "/static/{name}", "/static/node-red/{name}", "/static/texts/{language}.js",
})  # fmt: skip
EDITORS = "/studio/{campaign}/editor/"


def pages() -> set[str]:
    """Whatever can be opened, as the application routes it."""
    app = web.Application()
    app.add_routes([*studio_routes(), *routes()])
    found = {route.resource.canonical for route in app.router.routes() if route.method == "GET" and route.resource}
    return {path for path in found if not path.startswith(EDITORS)} - PARTS


def address(route: str) -> str:
    return route.format(**PLACES)
