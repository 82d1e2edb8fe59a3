"""Who asks, and may they? Tokens for programs, sessions for people, one table of rights, CSRF protection.

The identity stands in `request[IDENTITY]` for every handler but those of `PUBLIC` paths.
"""

import re
import secrets
from urllib.parse import urlencode, urlsplit, urlunsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from admin.errors import Refused, is_api, is_editor
from admin.forwarded import client_address
from admin.keys import CONTEXT, IDENTITY, THROTTLE, Identity
from admin.language import _
from admin.rights import SAFE_METHODS, is_everybodys, right_for
from dialer.domain.said import Said, marked
from dialer.operations import audit, rest_keys, staff, users
from dialer.operations.users import Right

log = structlog.get_logger()

COOKIE = "dialer_session"
CSRF_HEADER, CSRF_FIELD = "X-CSRF-Token", "csrf"
PUBLIC = frozenset({"/login", "/healthz", "/readyz", "/metrics", "/favicon.ico", "/api/v1/openapi.json"})
PUBLIC_FOLDERS = ("/static/",)
# The role of a campaign's own key: it has no rights but that of the address which it was found at.
CAMPAIGN_KEY = "campaign-key"
_PUSH = re.compile(r"/api/v1/campaigns/([0-9]{1,18})/contacts", re.ASCII)
_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class WrongLogin(Refused):
    def __init__(self) -> None:
        super().__init__(401, _("the name or the password is wrong"))


def address_of(request: web.Request) -> str:
    """Who asks, by the setting `http.trusted_proxies`."""
    trusted = request.app[CONTEXT].settings.http.trusted_proxies
    return client_address(request.remote or "", request.headers.getall("X-Forwarded-For", []), trusted)


async def login(request: web.Request, name: str, password: str) -> str:
    """A new session's cookie value for `set_cookie`.

    Raises `WrongLogin` (401), or `Refused` (429 with Retry-After) after too many failures of this name and address.
    """
    try:
        return await _log_in(request, name, password)
    except Refused as refused:
        _tell(request, refused)
        raise


async def _log_in(request: web.Request, name: str, password: str) -> str:
    ctx, throttle, address = request.app[CONTEXT], request.app[THROTTLE], address_of(request)
    _slow_down(throttle.wait_s(name, address, ctx.clock()))
    # Counted before the password is looked at, so that tries at the same moment count too.
    throttle.failed(name, address, ctx.clock())
    cookie = await users.log_in(ctx, name, password, address)
    if cookie is None:
        raise WrongLogin
    throttle.succeeded(name, address)
    if before := request.cookies.get(COOKIE):  # whoever had it, or put it there: it opens nothing any more
        await users.end_session(ctx, before)
    return cookie


async def change_password(request: web.Request, me: Identity, old: str, new: str) -> str:
    """The cookie of the session that goes on. Raises `InvalidInput`, and `Refused` (429) as `login` does."""
    ctx, throttle, address = request.app[CONTEXT], request.app[THROTTLE], address_of(request)
    _slow_down(throttle.wait_s(me.name, address, ctx.clock()))
    throttle.failed(me.name, address, ctx.clock())
    cookie = await staff.change_own_password(ctx, me, old, new, address)
    throttle.succeeded(me.name, address)
    return cookie


def account_of(request: web.Request) -> Identity:
    """The person who asks. Raises `Refused` (403) for a token."""
    me = request[IDENTITY]
    if not me.csrf:
        raise Refused(403, _("a token has no account: log in as a person"))
    return me


def _slow_down(wait_s: int) -> None:
    if wait_s:
        raise Refused(
            429, _("too many failed logins: try again in %(seconds)s s", seconds=wait_s), {"Retry-After": str(wait_s)}
        )


async def logout(request: web.Request) -> None:
    """End the session; the answer should `drop_cookie`."""
    if cookie := request.cookies.get(COOKIE):
        await users.log_out(request.app[CONTEXT], cookie)


def set_cookie(request: web.Request, response: web.StreamResponse, cookie: str) -> None:
    """A cookie of the browser session; how long it is good for is decided here, at every use."""
    secure = request.app[CONTEXT].settings.http.secure_cookies
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="Lax", secure=secure, path="/")


def drop_cookie(response: web.StreamResponse) -> None:
    response.del_cookie(COOKIE, path="/")


def local_path(wanted: str | None, default: str = "/") -> str:
    r"""Where to go after the login: a path of this server, never another site (`//evil`, `https:`, `/\\evil`)."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or not wanted.isprintable():
        return default
    return wanted


def may(identity: Identity, right: Right) -> bool:
    return identity.may(right)


@web.middleware
async def auth(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await _admit(request, handler)
    except Refused as refused:
        status = refused.problem.status
        if status in {403, 429} or (status == 401 and "Authorization" in request.headers):  # noqa: PLR2004
            _tell(request, refused)
        raise


def _tell(request: web.Request, refused: Refused) -> None:
    """In the log, for whoever looks for intruders: who may not, and by which key or password nobody comes in."""
    who = {"who": request[IDENTITY].name} if IDENTITY in request else {}
    path, client = request.rel_url.raw_path, address_of(request)
    log.info("refused", status=refused.problem.status, method=request.method, path=path, client=client, **who)


async def _admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    _refuse_cross_site(request)
    identity = await _identify(request)
    if identity is None:
        if _is_public(request):
            return await handler(request)
        return await _ask_to_log_in(request)
    request[IDENTITY] = identity
    with audit.acting(_doer(request, identity)):
        return await _let_in(request, identity, handler)


async def _let_in(request: web.Request, identity: Identity, handler: Handler) -> web.StreamResponse:
    if _is_public(request):
        return await handler(request)
    if identity.csrf and request.method not in SAFE_METHODS:
        await _check_csrf(request, identity.csrf)
    _check_campaign(request.path, identity)
    right = right_for(request.method, request.path)
    if identity.role != CAMPAIGN_KEY and not is_everybodys(request.path) and not may(identity, right):
        role = marked("%(name)s has the role %(role)s, and may not %(right)s here")
        less = marked("%(name)s has the role %(role)s with fewer rights, and may not %(right)s here")
        told = role if identity.scope.rights is None else less
        raise Refused(403, Said(told, name=identity.name, role=Said(identity.role), right=Said(right)))
    return await handler(request)


def _check_campaign(path: str, identity: Identity) -> None:
    """A token for one campaign opens what is under that campaign's own address, and nothing else."""
    if (only := identity.scope.campaign_id) is not None:
        here = f"/api/v1/campaigns/{only}"
        if path != here and not path.startswith(f"{here}/"):
            raise Refused(403, f"{identity.name} is a token for the campaign {only} only: ask under {here}")
        if path.startswith(f"{here}/sources/filter"):
            raise Refused(
                403, f"{identity.name} is a token for one campaign, and a filter asks all contacts: take a wider token"
            )


def _doer(request: web.Request, identity: Identity) -> audit.Doer:
    kind = audit.Kind.PERSON if identity.csrf else audit.Kind.TOKEN
    kind = audit.Kind.CAMPAIGN_KEY if identity.role == CAMPAIGN_KEY else kind
    return audit.Doer(identity.name, kind, address_of(request))


async def _identify(request: web.Request) -> Identity | None:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    ctx = request.app[CONTEXT]
    if scheme.lower() == "bearer":
        return await users.of_token(ctx, token.strip()) or await _of_campaign(request, token.strip())
    cookie = request.cookies.get(COOKIE)
    return await users.of_session(ctx, cookie) if cookie else None


async def _of_campaign(request: web.Request, key: str) -> Identity | None:
    """A campaign's own key, which is known where contacts are pushed into it and nowhere else."""
    pushed = _PUSH.fullmatch(request.path) if request.method == "POST" else None
    if pushed is None or not await rest_keys.opens(request.app[CONTEXT], int(pushed[1]), key):
        return None
    return Identity(f"the REST source of campaign {pushed[1]}", CAMPAIGN_KEY)


def _is_public(request: web.Request) -> bool:
    return request.path in PUBLIC or request.path.startswith(PUBLIC_FOLDERS)


async def _ask_to_log_in(request: web.Request) -> web.StreamResponse:
    if is_editor(request):
        raise Refused(401, "log in again")
    if is_api(request):
        raise Refused(401, "send a token as `Authorization: Bearer TOKEN`", {"WWW-Authenticate": "Bearer"})
    login = f"/login?{urlencode({'next': local_path(await _page_of(request))})}"
    if _is_part(request):
        return web.Response(status=200, headers={"HX-Redirect": login})  # htmx would put the page into a fragment
    raise web.HTTPSeeOther(login)


async def _page_of(request: web.Request) -> str:
    """The page that was looked at when a form was sent or a part was asked for, to be opened again after the login."""
    if _is_part(request):
        return _path_here(request, request.headers.get("HX-Current-URL", ""))
    if request.method in SAFE_METHODS:
        return request.path_qs
    return _path_here(request, request.headers.get("Referer", "")) or await _page_at(request)


def _is_part(request: web.Request) -> bool:
    return request.headers.get("HX-Request") == "true"


def _path_here(request: web.Request, address: str) -> str:
    """Path and query of an address of this server; empty if it is another's."""
    if not _is_here(request, address):
        return ""
    parts = urlsplit(address)
    return urlunsplit(("", "", parts.path, parts.query, ""))


def _is_here(request: web.Request, address: str) -> bool:
    """Whether it is an address of this server; a proxy may keep the port to itself."""
    try:
        asked, host = urlsplit(address).hostname, urlsplit(f"//{request.host}").hostname
    except ValueError:
        return False
    return bool(host) and asked == host


async def _page_at(request: web.Request) -> str:
    """The page at the address that a form was sent to; empty if there is none."""
    found = await request.app.router.resolve(request.clone(method="GET"))
    return request.path_qs if found.http_exception is None else ""


async def _check_csrf(request: web.Request, expected: str) -> None:
    """The header, or a form's field. An upload to the API is streamed, so there the header is the only way."""
    given: object = request.headers.get(CSRF_HEADER)
    if given is None and not is_api(request) and request.content_type in _FORMS:
        given = (await request.post()).get(CSRF_FIELD)
    if not isinstance(given, str) or not secrets.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise Refused(403, _("the page is out of date: load it again and repeat what you did"))


def _refuse_cross_site(request: web.Request) -> None:
    """A form on another site may not act here, not even log somebody in.

    Browsers say where it came from in `Sec-Fetch-Site`, over plain HTTP in `Origin` only. Programs send neither.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site not in {None, "same-origin", "none"} or (site is None and origin and not _is_here(request, origin)):
        raise Refused(403, "this came from another site")
