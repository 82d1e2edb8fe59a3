"""The API as pages for who is logged in: its operations, its schemas and its problems, out of the OpenAPI document."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from aiohttp import web
from markupsafe import Markup

from admin.api.routes import operations
from admin.document import document
from admin.openapi import BASE
from admin.pages.render import environment, page
from admin.problems import PROBLEMS, slug

SECTION = "API"
COLOURS = {"GET": "blue", "POST": "green", "PATCH": "orange", "PUT": "orange", "DELETE": "red"}
MOST_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter of an operation, or a field of a schema; `schema` is the name of the one it is made of."""

    name: str
    kind: str
    schema: str
    required: bool
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    id: str
    method: str
    path: str
    summary: str
    text: str
    parameters: Sequence[Row]
    body: Sequence[Row]  # by media type
    answers: Sequence[Row]  # by status
    curl: str


async def show(request: web.Request) -> web.StreamResponse:
    drawn = await asyncio.to_thread(_drawn)  # takes a while the first time, which calls must not wait for
    return page(request, "api.html", section=SECTION, drawn=drawn, origin=str(request.url.origin()), base=BASE)


async def problems(request: web.Request) -> web.StreamResponse:
    return page(
        request, "api_problems.html", section=SECTION, problems=[(slug(t), t, one) for t, one in PROBLEMS.items()]
    )


@cache
def _drawn() -> Markup:
    whole = document(operations())
    schemas = whole["components"]["schemas"]
    tags = {tag["name"]: [*_shown(whole["paths"], schemas, tag["name"])] for tag in whole["tags"]}
    models = {name: [*_fields(one)] for name, one in sorted(schemas.items())}
    kinds = {name: _kind(one) for name, one in schemas.items() if not one.get("properties")}
    texts = {name: one.get("description", "") for name, one in schemas.items()}
    template = environment().get_template("parts/api_operations.html")
    return Markup(template.render(tags=tags, models=models, kinds=kinds, texts=texts, colours=COLOURS))  # noqa: S704  (escaped by Jinja)


def _shown(paths: Mapping[str, Any], schemas: Mapping[str, Any], tag: str) -> Iterator[Shown]:
    for path, methods in paths.items():
        for method, one in methods.items():
            if tag in one["tags"]:
                yield Shown(
                    id=one["operationId"], method=method.upper(), path=path, summary=one["summary"],
                    text=" ".join(one.get("description", "").split()),
                    parameters=[_row(p["name"], p["schema"], p["required"], p.get("description", "")) for p in one["parameters"]],
                    body=[_row(m, c["schema"], True) for m, c in one.get("requestBody", {}).get("content", {}).items()],
                    answers=[*_answers(one["responses"])],
                    curl=_curl(method.upper(), path, one, schemas),
                )  # fmt: skip


def _answers(responses: Mapping[str, Any]) -> Iterator[Row]:
    for status, one in responses.items():
        schema: Mapping[str, Any] = next((content["schema"] for content in one.get("content", {}).values()), {})
        yield _row(status, schema, required=False, text=one["description"])


def _fields(schema: Mapping[str, Any]) -> Iterator[Row]:
    for name, one in schema.get("properties", {}).items():
        yield _row(name, one, name in schema.get("required", ()), one.get("description", ""))


def _row(name: str, schema: Mapping[str, Any], required: bool, text: str = "") -> Row:
    return Row(name, _kind(schema), _named(schema), required, text)


def _named(schema: Mapping[str, Any]) -> str:
    """The component that a schema is, has items of, or may be."""
    if ref := schema.get("$ref"):
        return str(ref).rpartition("/")[2]
    inner = [schema.get("items"), *schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return next((name for one in inner if isinstance(one, Mapping) and (name := _named(one))), "")


def _kind(schema: Mapping[str, Any]) -> str:
    """In words: `integer`, `list of CampaignOut`, `string: busy, lost`."""
    if "$ref" in schema:
        return _named(schema)
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(map(_kind, several)))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "const" in schema:
        return str(schema["const"])
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "≥"), ("maximum", "≤")) if key in schema]
    return " ".join([str(schema.get("format") or schema.get("type", "anything")), *bounds])


def _curl(method: str, path: str, one: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    words = ["curl", "-sS", *(["-X", method] if method != "GET" else []), f'"$API{path.removeprefix(BASE)}"']
    words += ['-H "Authorization: Bearer $TOKEN"'] if one.get("security") != [] else []
    for media, content in [*one.get("requestBody", {}).get("content", {}).items()][:1]:
        words.append(f"-H 'Content-Type: {media}'")
        is_json = media == "application/json"
        words.append(f"-d '{_text(content['schema'], schemas)}'" if is_json else "--data-binary @FILE")
    return " ".join(words)


def _text(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    return orjson.dumps(_example(schema, schemas)).decode().replace("'", "'\\''")


def _example(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of its kind, with what has to be given only."""
    if ref := schema.get("$ref"):
        return _example(schemas[str(ref).rpartition("/")[2]], schemas, depth)
    if given := schema.get("examples"):
        return given[0]
    if several := schema.get("anyOf") or schema.get("oneOf"):
        return _example(several[0], schemas, depth)
    kind = schema.get("type")
    if kind == "object" and depth < MOST_DEPTH:
        required = schema.get("required", ())
        known = schema.get("properties", {})
        return {name: _example(known[name], schemas, depth + 1) for name in known if name in required}
    if kind == "array":
        return [_example(schema["items"], schemas, depth + 1)] if "items" in schema and depth < MOST_DEPTH else []
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [""])[0])
    return {"integer": schema.get("minimum", 1), "number": 1.0, "boolean": True}.get(str(kind), "…")
