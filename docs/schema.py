"""Tables of Markdown, and JSON Schema in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dialer.strategy.duration import parse_duration


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in row) + " |"


def code(item: object) -> str:
    return f"`{item}`"


def value(field: Mapping[str, Any]) -> str:
    """The default, as people write it."""
    default = field.get("default")
    if default is None or default in ("", []):
        return "empty"
    listed = default if isinstance(default, list) else [default]
    shown = [_duration(item) if "m]$" not in str(item) else str(item) for item in listed]
    return code(", ".join(shown))


def _duration(value: object) -> str:
    """JSON Schema writes durations as ISO 8601; strategies write them shorter."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    short = text.removeprefix("PT").removeprefix("P").lower()
    if text.startswith("P") and short[:-1].isdigit() and parse_duration(short):
        return short
    return text


def kind(field: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """Type and range in words."""
    if "$ref" in field:
        return kind(defs[field["$ref"].rpartition("/")[2]], defs) if defs else "object"
    kinds = [one for one in field.get("anyOf", ()) if one != {"type": "null"}]
    if kinds:
        return kind(kinds[0], defs)
    if "enum" in field:
        return ", ".join(map(code, field["enum"]))
    if "const" in field:
        return code(field["const"])
    if "items" in field:
        return "list of " + kind(field["items"], defs)
    if "s|m|h|d" in field.get("pattern", "") or "[smhd]" in field.get("pattern", ""):
        return "duration"
    signs = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
    ranges = [f"{sign} {field[key]:g}" for key, sign in signs if key in field]
    called = "secret" if field.get("format") == "password" else str(field.get("type", "any"))
    return " ".join((called, ", ".join(ranges))).strip()


def fields(given: Mapping[str, Any], required: Sequence[str], defs: Mapping[str, Any] | None = None) -> Iterator[str]:
    yield from table(
        ("field", "type", "default", "meaning"),
        (
            (
                code(name) + ("*" if name in required else ""),
                kind(field, defs or {}) if defs is not None else _named(field),
                value(field) if "default" in field else "",
                field.get("description", ""),
            )
            for name, field in given.items()
        ),
    )


def _named(field: Mapping[str, Any]) -> str:
    """A type of the API, by the name of its schema where it has one."""
    parts = [part for part in field.get("anyOf", ()) if part != {"type": "null"}]
    nullable = " or null" if len(parts) < len(field.get("anyOf", ())) else ""
    inner = field.get("items", parts[0] if parts else field)
    name = str(inner.get("$ref", "")).rpartition("/")[2]
    listed = "list of " if "items" in field and name else ""
    return (listed + code(name) if name else kind(field, {})) + nullable
