"""The format of strategies as JSON Schema (draft 2020-12), from the catalogue: for editors, and for whoever writes them by program.

What a schema can't say (names that exist, loops that let no time pass, wires that lead nowhere) is `check`'s.
"""

from typing import Any

from dialer.strategy.catalogue import STEP_TYPES, StepType
from dialer.strategy.document import MAX_NODES
from dialer.strategy.fields import BranchFields
from dialer.strategy.model import FORMAT
from dialer.strategy.read import NAME_PATTERN, NODE_ID

_NODE = {"type": "string", "pattern": NODE_ID}


def schema() -> dict[str, Any]:
    """Of a document `campaign-strategy/1`. A value that editors send as text (`"25"`) passes the check, and not this."""
    definitions: dict[str, Any] = {}
    steps = [_step(step_type, definitions) for step_type in STEP_TYPES.values()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        "type": "object",
        "required": ["format", "nodes"],
        "additionalProperties": False,
        "properties": {
            "format": {"const": FORMAT},
            "name": {"type": "string", "maxLength": 200, "pattern": NAME_PATTERN},
            "nodes": {"type": "array", "maxItems": MAX_NODES, "items": {"oneOf": steps}},
        },
        "$defs": definitions,
    }


def _step(step_type: StepType, definitions: dict[str, Any]) -> dict[str, Any]:
    fields = step_type.fields.model_json_schema(ref_template="#/$defs/{model}")
    definitions |= fields.pop("$defs", {})
    needed = ["id", "type", *(["fields"] if fields.get("required") else [])]
    return {
        "type": "object",
        "title": step_type.label,
        "description": step_type.help,
        "required": needed,
        "additionalProperties": False,
        "properties": {
            "id": _NODE,
            "type": {"const": step_type.name},
            "name": {"type": "string", "maxLength": 200, "pattern": NAME_PATTERN},
            "x": {"type": "number"},
            "y": {"type": "number"},
            "fields": fields,
            "out": _ways(step_type),
        },
    }


def _ways(step_type: StepType) -> dict[str, Any]:
    ports = {port.name: {**_NODE, "description": port.meaning} for port in step_type.ports}
    rules = {"patternProperties": {"^rule[1-9][0-9]?$": _NODE}} if step_type.fields is BranchFields else {}
    return {"type": "object", "properties": ports, "additionalProperties": False, **rules}
