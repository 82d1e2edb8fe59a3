"""What an editor needs to offer the step types and to ask for their fields: plain JSON, from the catalogue alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from dialer.strategy.catalogue import CONTACT_IN, STEP_TYPES, StepType
from dialer.strategy.fields import LOOKS, BranchFields, Op
from dialer.strategy.nodered.entry import PREFIX

# What stands for a choice where its name with spaces is not enough.
_WORDS: Mapping[str, str] = {
    "eq": "is", "ne": "is not", "lt": "is less than", "le": "is at most", "gt": "is more than", "ge": "is at least",
    "startswith": "starts with", "in": "is one of", "empty": "is empty",
    "not_started": "contacts that have not started", "next_step": "all, at their next step", "keep": "only new contacts",
    "for": "for a time", "until_time": "until a time of day", "until_date": "until a date",
    "until_attribute": "until an attribute's date",
    "hold": "hold until it opens", "branch": "take the way “closed”",
}  # fmt: skip
_KEPT = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "only_with")
_BY_TYPE = {"integer": "number", "boolean": "switch", "string": "text"}


def palette() -> list[dict[str, Any]]:
    """Each step type: `{type, label, colour, icon, help, inputs, ports, rules, fields}`.

    A field is `{name, title, help, kind, default, required}` with what limits it; `kind` is one of number, switch, text,
    choice, choices, duration, durations, rules, or the format of a text: queue, voice-gateway, sms-gateway, mode, attribute,
    look, template, clock, zone. Choices have `options: [[value, words]]`. A port is `{name, label, meaning}`; with `rules`,
    each rule has a port before those.
    """
    return [_step(step_type) for step_type in STEP_TYPES.values()]


def _step(step_type: StepType) -> dict[str, Any]:
    return {
        "type": PREFIX + step_type.name,
        "label": step_type.label,
        "colour": step_type.colour,
        "icon": step_type.icon,
        "help": step_type.help,
        "inputs": 0 if step_type is CONTACT_IN else 1,
        "ports": [{"name": port.name, "label": words(port.name), "meaning": port.meaning} for port in step_type.ports],
        "rules": step_type.fields is BranchFields,
        "fields": list(_fields(step_type)),
    }


def _fields(step_type: StepType) -> Iterator[dict[str, Any]]:
    schema = step_type.fields.model_json_schema()
    defaults = step_type.fields.model_construct().model_dump(mode="json", by_alias=True)
    for name, written in schema["properties"].items():
        inner = _resolved(written, schema.get("$defs", {}))
        kind = _kind(inner)
        given = defaults.get(name)
        yield {
            "name": name,
            "title": written.get("title", name),
            "help": written.get("description", ""),
            "kind": kind,
            "default": _empty(kind) if given is None else given,
            "required": name in schema.get("required", ()),
            **({"options": options} if (options := _options(kind, inner)) else {}),
            **{key: inner[key] for key in _KEPT if key in inner},
        }


def _resolved(field: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    """The field with what a reference or "or null" stands for."""
    found = dict(field)
    for one in found.pop("anyOf", ()):
        if one != {"type": "null"}:
            found |= {key: value for key, value in one.items() if key not in found}
    if "$ref" in found:
        found = {**defs[found.pop("$ref").rpartition("/")[2]], **found}
    if "items" in found:
        found["items"] = _resolved(found["items"], defs)
    return found


def _kind(field: Mapping[str, Any]) -> str:
    if "format" in field:
        return str(field["format"])
    if "enum" in field:
        return "choice"
    if "items" in field:
        kinds = {"choice": "choices", "duration": "durations"}
        return kinds.get(_kind(field["items"]), "rules")
    return _BY_TYPE.get(field.get("type", ""), "text")


def _empty(kind: str) -> object:
    return [{"op": Op.EQ.value, "value": ""}] if kind == "rules" else ""


def _options(kind: str, field: Mapping[str, Any]) -> list[list[str]]:
    values: Mapping[str, Any] = {
        "choice": field.get("enum"),
        "mode": field.get("enum"),
        "choices": field.get("items", {}).get("enum"),
        "rules": list(Op),
        "look": LOOKS,
    }
    never = field.get("never", ())
    return [[str(value), words(str(value))] for value in values.get(kind) or () if value not in never]


def words(name: str) -> str:
    """A choice or a port as people read it."""
    return _WORDS.get(name, name.replace("_", " "))
