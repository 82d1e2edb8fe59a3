"""Every error becomes a problem (RFC 9457): for the API as JSON, for people as a page. None tells internals."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.typedefs import Handler
from pydantic import ValidationError

from admin.keys import BEGUN, ERROR_PAGE, Problem
from admin.problems import PAGE, type_of
from dialer.domain.errors import (
    Conflict,
    DomainError,
    Fault,
    IllegalTransition,
    Incomplete,
    InvalidInput,
    NotFound,
    StaleEdit,
)
from dialer.domain.said import Said
from dialer.domain.unfit import faults_of
from dialer.operations.contact_fields import FieldInUse, ValuesDoNotFit
from dialer.operations.deploying import BadStrategy
from dialer.operations.gateways import InUse
from dialer.operations.one_by_one import Crowded
from dialer.operations.pending import Gone
from dialer.operations.people import AddressTaken, UnderWay
from dialer.operations.sources import NotRemovable
from dialer.operations.trials import Hasty
from dialer.store.room import is_full

log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"
_TITLES: Mapping[int, str] = {
    400: "Malformed request",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    417: "Expectation not met",
    422: "Invalid input",
    429: "Too many tries",
    500: "Internal error",
    503: "Not ready",
    505: "Version not taken",
    507: "No room",
}
_DOMAIN: Mapping[type[DomainError], tuple[int, str]] = {
    InvalidInput: (422, "Invalid input"),
    BadStrategy: (422, "Invalid input"),
    Incomplete: (422, "Incomplete"),
    NotFound: (404, "Not found"),
    Gone: (404, "Not found"),
    IllegalTransition: (409, "Illegal transition"),
    StaleEdit: (409, "Stale edit"),
    Conflict: (409, "Conflict"),
    InUse: (409, "In use"),
    FieldInUse: (409, "In use"),
    ValuesDoNotFit: (409, "Values do not fit"),
    AddressTaken: (409, "Address taken"),
    UnderWay: (409, "Under way"),
    NotRemovable: (409, "In use"),
    Crowded: (429, "Too many wait"),
    Hasty: (429, "Too many tries"),
}
_EDITOR = re.compile(r"/studio/[0-9]+/editor/.")


class Refused(Exception):  # noqa: N818 -- named by what happened
    """A request that the edge itself refuses: who asks, how much, in which form."""

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, errors: Sequence[Fault] = ()
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(status, _TITLES[status], detail, errors=tuple(errors))
        self.headers = dict(headers or {})


def malformed(detail: str) -> Refused:
    return Refused(400, detail)


def too_large(megabytes: int) -> Refused:
    return Refused(
        413, Said("the body is larger than %(most)s MB, which is the most that is taken here", most=megabytes)
    )


def of_domain(error: DomainError) -> Problem:
    status, title = _DOMAIN.get(type(error), (422, "Refused"))
    faults = error.faults if isinstance(error, InvalidInput | Incomplete | FieldInUse | ValuesDoNotFit) else ()
    missing = str(error.id) if isinstance(error, NotFound) else None
    return Problem(status, title, str(error), errors=faults, missing=missing)


def of_validation(error: ValidationError, where: str = "") -> Problem:
    """The faults of a pydantic model, each at its field. A body that is no JSON at all is malformed, not invalid."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    if any(detail["type"] == "json_invalid" for detail in details):
        return Problem(400, _TITLES[400], f"the body is not JSON: {details[0]['msg'].removeprefix('Invalid JSON: ')}")
    faults = faults_of(error, where or "body")
    return Problem(422, _TITLES[422], "; ".join(map(str, faults))[:2000], errors=faults)


@contextmanager
def input_checked() -> Iterator[None]:
    """What pydantic finds wrong within is what the client sent, and is answered so.

    A `ValidationError` from anywhere else is a fault of ours: what is stored, or the answer itself (500).
    """
    try:
        yield
    except ValidationError as error:
        problem = of_validation(error)
        raise Refused(problem.status, problem.detail, errors=problem.errors) from None


def of_http(error: web.HTTPException) -> Problem:
    status = error.status
    detail = {
        404: Said("there is nothing at this address"),
        413: Said("the body is larger than what is taken here"),
    }
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        told = Said("%(method)s is not possible here, but: %(allowed)s", method=error.method, allowed=allowed)
        return Problem(status, _TITLES[405], told)
    return Problem(status, _TITLES.get(status, error.reason), detail.get(status, error.text or error.reason))


def unreadable(error: BaseException | None) -> Problem:
    """For bytes that are no request of HTTP."""
    told = Said("this is no request of HTTP that is understood here")
    if isinstance(error, LineTooLong):
        told = Said("the address, or a header, is longer than what is taken here")
    return Problem(400, _TITLES[400], told)


def not_met(error: web.HTTPException) -> Problem:
    """For a request that wants of HTTP itself what is not done here."""
    told = {
        417: Said("of the header `Expect` only `100-continue` is known here: leave it out"),
        505: Said("this server speaks HTTP/1.1 and HTTP/1.0: send it as one of them, or through a proxy"),
    }
    return Problem(error.status, _TITLES[error.status], told[error.status])


def as_json(problem: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    body: dict[str, object] = {
        "type": type_of(problem.title),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = [{"field": fault.field, "reason": fault.reason} for fault in problem.errors]
    response = web.json_response(body, status=problem.status, headers=headers)
    response.content_type = PROBLEM_JSON
    return response


def is_api(request: web.Request) -> bool:
    return request.path.startswith("/api/") and request.path != PAGE


def is_editor(request: web.Request) -> bool:
    """What the studio's editor asks for beside its page: it reads errors as `{code, message}`."""
    return _EDITOR.match(request.path) is not None


async def plain_page(request: web.Request, problem: Problem) -> web.StreamResponse:  # noqa: ARG001  (an ErrorPage)
    """The error page until the pages bring their own."""
    return web.Response(text=f"{problem.status} {problem.title}\n\n{problem.detail}\n", status=problem.status)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    headers: Mapping[str, str] = {}
    try:
        return await handler(request)
    except DomainError as error:
        problem = of_domain(error)
        headers = {"Retry-After": str(error.wait_s)} if isinstance(error, Hasty) else {}
    except Refused as error:
        problem, headers = error.problem, error.headers
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004  (redirects are answers)
            raise
        problem = of_http(error)
        headers = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is answered and logged
        if request.transport is None and isinstance(error, ConnectionError):
            log.info("client gone", method=request.method, path=request.rel_url.raw_path)
            return web.Response(status=400)  # nobody gets it
        problem = _unexpected(request, error)
    if (begun := request.get(BEGUN)) is not None:
        return _broken_off(request, begun)
    return await _answer(request, problem, headers)


def _broken_off(request: web.Request, begun: web.StreamResponse) -> web.StreamResponse:
    """Half of an answer is sent: another one behind it would be read as its rest, or as the answer to the next request."""
    if request.transport is not None:
        request.transport.abort()
    return begun


@web.middleware
async def plain_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A packed body is refused: unpacking it, aiohttp takes a gzip stream that was cut off for whole, and one of several for all."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Refused(
            415,
            Said("a body with `Content-Encoding: %(encoding)s` is not taken; send it unpacked", encoding=encoding[:40]),
        )
    return await handler(request)


def _unexpected(request: web.Request, error: Exception) -> Problem:
    if is_full(error):
        log.error("no room", method=request.method, path=request.rel_url.raw_path, error=str(error))
        return Problem(
            507, _TITLES[507], Said("the server's disk is full, and this was not done; make room and repeat it")
        )
    # As it was sent: decoded, it may hold what moves the cursor of a terminal, or begins a line.
    log.error("request failed", method=request.method, path=request.rel_url.raw_path, exc_info=error)
    if isinstance(error, ValidationError) and request.method not in {"GET", "HEAD"}:
        # Nearly always the answer's own shape, which is made when all is committed.
        return Problem(
            500,
            _TITLES[500],
            Said("this may be done already, but could not be answered: read it again; the log says why"),
        )
    return Problem(500, _TITLES[500], Said("the server could not do this; its log says why"))


async def _answer(request: web.Request, problem: Problem, headers: Mapping[str, str]) -> web.StreamResponse:
    if is_api(request):
        return as_json(problem, headers)
    if is_editor(request):
        body = {"code": problem.title.lower().replace(" ", "_"), "message": problem.detail}
        return web.json_response(body, status=problem.status, headers=headers)
    response = await request.app[ERROR_PAGE](request, problem)
    response.headers.update(headers)
    return response
