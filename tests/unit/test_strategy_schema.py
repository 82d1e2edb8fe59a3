"""The JSON Schema of strategies agrees with the check."""

import copy
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from dialer.strategy.check import check
from dialer.strategy.model import to_document
from dialer.strategy.schema import schema
from dialer.strategy.templates import TEMPLATES, document_of

VALIDATOR = Draft202012Validator(schema())


def test_it_is_a_schema() -> None:
    meta.validate(schema())


@pytest.mark.req("S1", "S6")
@pytest.mark.parametrize("name", [one.name for one in TEMPLATES])
def test_what_the_check_takes_it_takes(name: str) -> None:
    VALIDATOR.validate(document_of(name))
    strategy = check(document_of(name)).strategy
    assert strategy is not None
    VALIDATOR.validate(to_document(strategy))


def _wrong(**changes: Any) -> dict[str, Any]:
    document = copy.deepcopy(document_of("call-then-text"))
    for path, value in changes.items():
        place, _, name = path.rpartition("__")
        node = next(one for one in document["nodes"] if one["id"] == place.partition("__")[0])
        (node["fields"] if place.endswith("fields") else node["out"] if place.endswith("out") else node)[name] = value
    return document


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "document",
    [
        _wrong(call__fields__tries=21), _wrong(call__fields__more=1), _wrong(call__out__sometimes="end"),
        _wrong(call__type="telephone"), _wrong(text__fields__text=""), _wrong(call__id="__proto__"),
        {"format": "campaign-strategy/2", "nodes": []}, {"nodes": []}, [],
    ],
)  # fmt: skip
def test_what_the_schema_refuses_the_check_refuses(document: Any) -> None:
    assert not VALIDATOR.is_valid(document)
    assert check(document).strategy is None
