"""What an entry of the audit log tells."""

import pytest

from dialer.domain.audit import told


@pytest.mark.req("A2")
def test_an_edit_tells_the_fields_that_differ_and_no_others() -> None:
    assert told({"a": 1, "b": 2, "c": None}, {"a": 1, "b": 3, "c": 4}) == ({"b": 2, "c": None}, {"b": 3, "c": 4})
    assert told({"a": 1}, {"a": 1}) == ({}, {})
    assert told({"a": 1}, {"b": 2}) == ({"a": 1, "b": None}, {"a": None, "b": 2})


@pytest.mark.req("A2")
def test_new_and_removed_things_tell_what_they_have() -> None:
    assert told(None, {"a": 0, "b": "", "c": (), "d": False}) == (None, {"a": 0, "d": False})
    assert told({"a": None, "b": "x"}, None) == ({"b": "x"}, None)
    assert told(None, None) == (None, None)


@pytest.mark.req("A2")
def test_secrets_are_never_told() -> None:
    assert told(None, {"password": "hush", "name": "x"}) == (None, {"password": "(set)", "name": "x"})
    assert told({"password": "old"}, {"password": "new"}) == ({"password": "(set)"}, {"password": "(changed)"})
    assert told({"password": ""}, {"password": "new"}) == ({"password": ""}, {"password": "(set)"})
    assert told({"password": "old"}, {"password": ""}) == ({"password": "(set)"}, {"password": ""})
    assert told({"password": "old"}, None) == ({"password": "(set)"}, None)
