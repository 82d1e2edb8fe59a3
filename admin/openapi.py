"""The API's operations: each is declared once, from which come its route, the reading of its input, and its documentation.

A handler's parameters say what it takes: names in the path, `query` and `body` as pydantic types. It gets them validated;
what is wrong with them is answered before it runs.
"""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_origin, get_type_hints

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from admin.errors import Refused, input_checked, malformed
from dialer.domain.errors import Fault, InvalidInput, NotFound, shown

BASE = "/api/v1"
LARGEST_ID = 2**63 - 1
MAX_KEY = 64
MAX_HEADER = 200
BODY_S = 30.0
# What is open for as long as somebody looks.
STREAM = f"{BASE}/live"
HandlerOf = Callable[..., Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Media:
    """A body that is no JSON model, for the document; `schema` by media type."""

    schema: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `answers` maps a status to a type, to `Media`, or to None (no content)."""

    method: str
    path: str
    summary: str
    tag: str
    handler: HandlerOf
    path_types: Mapping[str, type]
    query: type[BaseModel] | None
    body: TypeAdapter[Any] | None
    sends: Media | None
    answers: Mapping[int, Any]
    problems: tuple[int, ...]
    public: bool
    headers: Mapping[str, str] = field(default_factory=dict)  # taken beside If-Match: name → what it means
    versioned: bool = False  # takes If-Match; a PATCH always does

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        arguments: dict[str, Any] = {
            name: _path_value(name, kind, request.match_info[name]) for name, kind in self.path_types.items()
        }
        if self.query is not None:
            with input_checked():
                arguments["query"] = _read_query(self.query, request)
        if self.body is not None:
            sent = await _read_json(request)
            with input_checked():
                arguments["body"] = self.body.validate_json(sent, strict=True)
        return await self.handler(request, **arguments)


@dataclass(slots=True)
class Operations:
    """The operations of one noun; a decorator for its handlers."""

    tag: str
    all: list[Operation] = field(default_factory=list)

    def __call__(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        answers: Mapping[int, Any],
        problems: tuple[int, ...] = (),
        sends: Media | None = None,
        public: bool = False,
        headers: Mapping[str, str] | None = None,
        versioned: bool = False,
    ) -> Callable[[HandlerOf], HandlerOf]:
        """Declare the decorated handler; `problems` are those beyond what the declaration itself implies."""

        def declare(handler: HandlerOf) -> HandlerOf:
            hints = get_type_hints(handler, include_extras=True)
            names = [name for name in inspect.signature(handler).parameters if name != "request"]
            in_path = set(re.findall(r"\{(\w+)\}", path))
            self.all.append(
                Operation(
                    method=method,
                    path=path,
                    summary=summary,
                    tag=self.tag,
                    handler=handler,
                    path_types={name: hints[name] for name in names if name in in_path},
                    query=hints.get("query"),
                    body=TypeAdapter(hints["body"]) if "body" in names else None,
                    sends=sends,
                    answers=answers,
                    problems=problems,
                    public=public,
                    headers=headers or {},
                    versioned=versioned or method == "PATCH",
                )
            )
            return handler

        return declare


def answer(model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A model as JSON; times as RFC 3339 in UTC."""
    body = model.model_dump_json(by_alias=True).encode()
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def takes_turns(method: str, path: str) -> bool:
    """Whether it waits for its turn (turns.py): a read over the API, which may be told to come again (503)."""
    return method in {"GET", "HEAD"} and path.startswith(f"{BASE}/") and path != STREAM


def _path_value(name: str, kind: type, text: str) -> int | str:
    """An id that can't be one names nothing: 404, like any other id that is not there."""
    what = name.removesuffix("_id")
    if kind is int:
        if re.fullmatch(r"[0-9]{1,19}", text, re.ASCII) and int(text) <= LARGEST_ID:
            return int(text)
        raise NotFound(what, text)
    if not text.isprintable() or len(text) > MAX_KEY:
        raise NotFound(what, text)
    return text


def _read_query(model: type[BaseModel], request: web.Request) -> BaseModel:
    repeatable = {name for name, info in model.model_fields.items() if get_origin(info.annotation) is tuple}
    given = {name: request.query.getall(name) for name in request.query}
    several = [name for name, values in given.items() if len(values) > 1 and name not in repeatable]
    if faults := [Fault(name, "is given twice: give it once") for name in several if name in model.model_fields]:
        raise InvalidInput(faults)
    return model.model_validate({name: v if name in repeatable else v[0] for name, v in given.items()})


async def _read_json(request: web.Request) -> bytes:
    if request.content_type != "application/json" and not request.content_type.endswith("+json"):
        raise Refused(415, "send the body as `Content-Type: application/json`")
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise Refused(408, f"the body did not come within {BODY_S:.0f} s") from None


def if_match(request: web.Request) -> int | None:
    """The revision that the caller edits, from `If-Match: "REVISION"`; None if it does not say. A foreign tag is stale."""
    tag = if_match_tag(request)
    if tag is None:
        return None
    return int(tag) if re.fullmatch(r"[0-9]{1,18}", tag, re.ASCII) else -1


def if_match_tag(request: web.Request) -> str | None:
    """The same where a revision is no number. Raises `Refused` for what is no tag, and for several."""
    tag = ", ".join(request.headers.getall("If-Match", ["*"])).strip()
    if tag == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"([^"]{1,100})"', tag)
    if found is None:
        remedy = """send the `ETag` that was read with its quotation marks, such as "3", or * for whatever is there"""
        raise malformed(f"If-Match: {shown(tag)} is not one entity tag: {remedy}")
    return found[1]


def etag(revision: int | str) -> dict[str, str]:
    return {"ETag": f'"{revision}"'}
