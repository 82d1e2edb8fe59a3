"""The page of the HTTP API."""

from collections.abc import Iterator, Mapping
from typing import Any

from admin.api.routes import operations
from admin.document import document
from docs.schema import fields, kind


def api() -> Iterator[str]:
    whole = document(operations())
    schemas = whole["components"]["schemas"]
    for tag in whole["tags"]:
        yield f"## {tag['name']}\n"
        for path, methods in whole["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    yield from _operation(f"{method.upper()} {path}", operation)
    yield "## Schemas\n"
    for name, schema in sorted(schemas.items()):
        if given := schema.get("properties"):
            yield f"### {name}\n"
            if text := schema.get("description"):
                yield f"{text}\n"
            yield from fields(given, schema.get("required", ()))
            yield ""


def _operation(line: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{line}`\n"
    yield " ".join(f"{operation['summary']}. {operation.get('description', '')}".split()) + "\n"
    for parameter in operation["parameters"]:
        text = parameter.get("description", "")
        if parameter["in"] != "path":
            yield f"- {parameter['in']} `{parameter['name']}` ({kind(parameter['schema'], {})}): {text}".rstrip(": ")
    if body := operation.get("requestBody"):
        yield "- body: " + ", ".join(f"{name}{_model(one)}" for name, one in body["content"].items())
    answers = operation["responses"].items()
    good = [f"{status}{_contents(one)}" for status, one in answers if int(status) < 400]  # noqa: PLR2004
    bad = [status for status, _ in answers if int(status) >= 400]  # noqa: PLR2004
    yield f"- answers {', '.join(good)}" + (f"; problems {', '.join(bad)}" if bad else "") + "\n"


def _contents(response: Mapping[str, Any]) -> str:
    return "".join(_model(one) or f" {name}" for name, one in response.get("content", {}).items())


def _model(content: Mapping[str, Any]) -> str:
    name = str(content["schema"].get("$ref", "")).rpartition("/")[2]
    return f" `{name}`" if name else ""
