"""The OpenAPI 3.1 document, made from the declared operations."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from admin.errors import PROBLEM_JSON
from admin.openapi import BASE, LARGEST_ID, MAX_HEADER, MAX_KEY, Media, Operation, takes_turns
from admin.schemas.common import ProblemOut

_REF = "#/components/schemas/{model}"
_SAFE = frozenset({"GET"})
BUSY = "Too many reads wait for an answer: come again after `Retry-After`."
RETRY_AFTER = {"description": "In how many seconds.", "schema": {"type": "integer", "minimum": 1}}
Mode = Literal["validation", "serialization"]


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document as JSON."""
    schemas, components = TypeAdapter.json_schemas(
        [*_used(operations), ("problem", "serialization", TypeAdapter(ProblemOut))], ref_template=_REF
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(BASE + operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Campaign dialer",
            "version": "1",
            "description": "Outbound campaigns over telephone calls and text messages.",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": components.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`dialer token create` makes one."},
            },
        },
    }


def _key(operation: Operation, part: str) -> str:
    return f"{operation.method} {operation.path} {part}"


def _used(operations: Iterable[Operation]) -> Iterable[tuple[str, Mode, TypeAdapter[Any]]]:
    for operation in operations:
        if operation.body is not None:
            yield _key(operation, "body"), "validation", operation.body
        for status, model in operation.answers.items():
            if isinstance(model, type) and issubclass(model, BaseModel):
                yield _key(operation, str(status)), "serialization", TypeAdapter(model)


def _operation(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.handler.__module__.rpartition(".")[2] + "_" + operation.handler.__name__,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation), *_header_parameters(operation)],
        "responses": _responses(operation, schemas),
    }
    if operation.handler.__doc__:
        described["description"] = operation.handler.__doc__
    if operation.public:
        described["security"] = []
    content = _content(operation.sends) if operation.sends else {}
    if operation.body is not None:
        content = {"application/json": {"schema": schemas[_key(operation, "body"), "validation"]}}
    if content:
        described["requestBody"] = {"required": True, "content": content}
    return described


def _path_parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    number = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID}
    text = {"type": "string", "minLength": 1, "maxLength": MAX_KEY}
    for name, kind in operation.path_types.items():
        yield {"name": name, "in": "path", "required": True, "schema": number if kind is int else text}


def _query_parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema(mode="validation")
    for name, written in schema["properties"].items():
        # What is left out is None inside; nobody can write a null into an address.
        kinds = [kind for kind in written.get("anyOf", ()) if kind != {"type": "null"}]
        merged = {**written, **(kinds[0] if kinds else {})}
        if ref := merged.pop("$ref", None):  # within the model's own schema, which does not stand in the document
            merged |= schema["$defs"][ref.rpartition("/")[2]]
        described = {key: value for key, value in merged.items() if key != "anyOf" and value is not None}
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": described}
        if text := described.pop("description", None):
            parameter["description"] = text
        yield parameter


def _header_parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.versioned:
        yield {
            "name": "If-Match",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": "The `ETag` that was read: refuses the change (409) if somebody else was faster.",
        }
    for name, meaning in operation.headers.items():
        schema = {"type": "string", "minLength": 1, "maxLength": MAX_HEADER}
        yield {"name": name, "in": "header", "required": False, "schema": schema, "description": meaning}


def _responses(operation: Operation, schemas: Mapping[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in operation.answers.items():
        described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
        if isinstance(model, Media):
            described["content"] = _content(model)
        elif model is not None:
            described["content"] = {
                "application/json": {"schema": schemas[_key(operation, str(status)), "serialization"]}
            }
        responses[str(status)] = described
    problem = {PROBLEM_JSON: {"schema": schemas["problem", "serialization"]}}
    for status in sorted(_problems(operation)):
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "content": problem}
    if takes_turns(operation.method, BASE + operation.path):
        responses["503"] = {"description": BUSY, "headers": {"Retry-After": RETRY_AFTER}, "content": problem}
    return responses


def _problems(operation: Operation) -> set[int]:
    """What the declaration itself implies, and what was named beside it."""
    found = set(operation.problems)
    if not operation.public:
        found |= {401, 403}
    if operation.path_types:
        found.add(404)
    if operation.query is not None:
        found.add(422)
    if operation.versioned or "If-Match" in operation.headers:
        found.add(400)
    if operation.body is not None or operation.sends is not None:
        found |= {400, 408, 413, 415, 422}
    return found


def _content(media: Media) -> dict[str, Any]:
    return {name: {"schema": dict(schema)} for name, schema in media.schema.items()}
