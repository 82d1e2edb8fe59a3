"""What pydantic found wrong with values from outside, as faults of the domain: each at its field, in words for a person."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dialer.domain.errors import Fault
from dialer.domain.patterns import WORDS

# The member of a union that was meant (a gateway's kind) is no part of the field's name.
_UNION_TAGS = frozenset({"voice", "sms", "one entry", "many entries"})
_MOMENT = "should be a time with its offset from UTC, such as 2026-05-04T09:00:00Z"
_DAY = "should be a day, such as 2026-05-04"
#: By the type of pydantic's error, to be read after the field's name.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is needed",
        "string_type": "should be text",
        "dict_type": "should be an object",
        "model_type": "should be an object",
        "model_attributes_type": "should be an object",
        "list_type": "should be a list",
        "tuple_type": "should be a list",
        "bool_type": "should be true or false",
        "bool_parsing": "should be true or false",
        "int_parsing": "should be a whole number",
        "int_type": "should be a whole number",
        "int_from_float": "should be a whole number",
        "float_parsing": "should be a number",
        "float_type": "should be a number",
        "finite_number": "should be a number that is not infinite",
        **dict.fromkeys(("timezone_aware", "datetime_type", "datetime_parsing", "datetime_from_date_parsing"), _MOMENT),
        **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), _DAY),
    }
)
_OF_CONTEXT: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        "string_pattern_mismatch": lambda said: WORDS.get(said["pattern"], "has a form that is not taken here"),
        "too_long": lambda said: (
            f"has {said['actual_length'] or 'too many'} items: at most {said['max_length']} are taken"
        ),
        "too_short": lambda said: f"has {said['actual_length']} items: at least {said['min_length']} are needed",
        "union_tag_invalid": lambda said: f"{said['discriminator']} should be one of {said['expected_tags']}",
        "union_tag_not_found": lambda said: f"{said['discriminator']} is needed",
    }
)
_WHAT = re.compile(r"^(Value error, |(Input|String|Value|List|Tuple|Dictionary) (?=(should|can) ))")


def faults_of(error: ValidationError, where: str = "body") -> tuple[Fault, ...]:
    """All faults; `where` is the field of what is wrong as a whole. No value is quoted: it may be a password."""
    return tuple(_fault(detail, where) for detail in error.errors(include_url=False, include_input=False))


def _fault(detail: ErrorDetails, where: str) -> Fault:
    path = [str(part)[:80] for part in detail["loc"] if part not in _UNION_TAGS]
    return Fault(".".join(path) or where, _reason(detail))


def _reason(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return "is not a field here"
    if kind in REASONS:
        return REASONS[kind]
    if kind in _OF_CONTEXT:
        return _OF_CONTEXT[kind](detail["ctx"])
    return _WHAT.sub("", detail["msg"])
