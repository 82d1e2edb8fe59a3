"""Records: what the step function is made of, and its way to change one field."""

from dataclasses import field

import pytest

from dialer.domain.record import record, replace


@record
class _Place:
    node: str
    visits: dict[str, int] = field(default_factory=dict)
    result: str | None = None


def test_a_change_makes_a_new_record_and_leaves_the_old_one_alone():
    old = _Place("call", {"call": 1})
    new = replace(old, node="end", result="done")
    assert (old, new) == (_Place("call", {"call": 1}), _Place("end", {"call": 1}, "done"))


def test_a_field_that_does_not_exist_is_refused():
    with pytest.raises(AttributeError):
        replace(_Place("call"), nod="end")


def test_records_of_the_same_values_are_the_same_key():
    @record
    class Key:
        node: str
        visit: int

    assert {Key("call", 1): "found"}[Key("call", 1)] == "found"
    assert not hasattr(Key("call", 1), "__dict__")
