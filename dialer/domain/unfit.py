"""What pydantic found wrong with values from outside, as faults of the domain: each at its field, in words for a person."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from dialer.domain.errors import Fault
from dialer.domain.patterns import WORDS
from dialer.domain.said import Said, marked

# The member of a union that was meant (a gateway's kind) is no part of the field's name.
_UNION_TAGS = frozenset({"voice", "sms", "one entry", "many entries"})
_MOMENT = Said("should be a time with its offset from UTC, such as 2026-05-04T09:00:00Z")
_DAY = Said("should be a day, such as 2026-05-04")
#: By the type of pydantic's error, to be read after the field's name.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "missing": Said("is needed"),
        "string_type": Said("should be text"),
        "dict_type": Said("should be an object"),
        "model_type": Said("should be an object"),
        "model_attributes_type": Said("should be an object"),
        "list_type": Said("should be a list"),
        "tuple_type": Said("should be a list"),
        "bool_type": Said("should be true or false"),
        "bool_parsing": Said("should be true or false"),
        "int_parsing": Said("should be a whole number"),
        "int_type": Said("should be a whole number"),
        "int_from_float": Said("should be a whole number"),
        "float_parsing": Said("should be a number"),
        "float_type": Said("should be a number"),
        "finite_number": Said("should be a number that is not infinite"),
        **dict.fromkeys(("timezone_aware", "datetime_type", "datetime_parsing", "datetime_from_date_parsing"), _MOMENT),
        **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), _DAY),
    }
)
_OF_CONTEXT: Mapping[str, Callable[[Mapping[str, Any]], str]] = MappingProxyType(
    {
        "string_pattern_mismatch": lambda said: WORDS.get(said["pattern"], Said("has a form that is not taken here")),
        "too_long": lambda said: (
            Said(
                "has %(number)s items: at most %(most)s are taken",
                number=said["actual_length"],
                most=said["max_length"],
            )
            if said["actual_length"]
            else Said("has too many items: at most %(most)s are taken", most=said["max_length"])
        ),
        "too_short": lambda said: Said(
            "has %(number)s items: at least %(least)s are needed",
            number=said["actual_length"],
            least=said["min_length"],
        ),
        "union_tag_invalid": lambda said: Said(
            "%(name)s should be one of %(known)s", name=said["discriminator"], known=said["expected_tags"]
        ),
        "union_tag_not_found": lambda said: Said("%(name)s is needed", name=said["discriminator"]),
    }
)
#: Words of pydantic's own; a limit that it words otherwise stays as it is.
_LIMITS: Mapping[str, str] = MappingProxyType(
    {
        "greater_than": marked("should be greater than %(gt)s"),
        "greater_than_equal": marked("should be greater than or equal to %(ge)s"),
        "less_than": marked("should be less than %(lt)s"),
        "less_than_equal": marked("should be less than or equal to %(le)s"),
        "string_too_short": marked("should have at least %(min_length)s characters"),
        "string_too_long": marked("should have at most %(max_length)s characters"),
        "literal_error": marked("should be %(expected)s"),
        "enum": marked("should be %(expected)s"),
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
        return Said("is not a field here")
    if kind in REASONS:
        return REASONS[kind]
    if kind in _OF_CONTEXT:
        return _OF_CONTEXT[kind](detail["ctx"])
    return of_validator(detail) or of_limit(detail, _WHAT.sub("", detail["msg"]))


def of_validator(detail: ErrorDetails) -> str:
    """What a validator of ours said, if it is to be translated; else empty."""
    said = str(detail["ctx"]["error"]) if detail["type"] == "value_error" else ""
    return said if isinstance(said, Said) else ""


def of_limit(detail: ErrorDetails, english: str) -> str:
    """Pydantic's own words about a limit, as they are in `english`, so that they can be translated."""
    kind = detail["type"]
    if kind == "string_too_short" and detail.get("ctx", {}).get("min_length") == 1:  # it is empty
        return Said("is needed")
    limits = {name: f"{one:g}" if isinstance(one, float) else one for name, one in detail.get("ctx", {}).items()}
    said = Said(_LIMITS[kind], **limits) if kind in _LIMITS else english
    return said if said == english else english
