"""Custom fields: values as people write them, in the one form of their type."""

import pytest

from dialer.domain.columns import Refusal, contact_from, target_of
from dialer.domain.contact import NewContact
from dialer.domain.fields import Field, FieldType, Misfit, check, checked_values, faults_of, misfits

NUMBER = Field("age", "Age", FieldType.NUMBER)
DATE = Field("renewal", "Renewal", FieldType.DATE)
CHOICE = Field("plan", "Plan", FieldType.CHOICE, ("Basic", "Gold Plus"))
TEXT = Field("note", "Note", FieldType.TEXT)


@pytest.mark.req("C14")
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0", "0"), ("-0", "0"), ("-0.00", "0"), ("007", "7"), ("12", "12"), ("+12.50", "12.5"), ("12,5", "12.5"),
        ("1 234,50", "1234.5"), ("1.234,50", "1234.5"), ("1,234.50", "1234.5"), ("1'234.5", "1234.5"), ("1,234,567", "1234567"),
        ("1.234.567", "1234567"), ("1.500", "1.5"), (".5", "0.5"), ("\u221212", "-12"), ("1\u202f234", "1234"),
        ("0,125", "0.125"), ("1234,567", "1234.567"), ("-12.5", "-12.5"),
    ],
)  # fmt: skip
def test_numbers(written: str, kept: str) -> None:
    assert check(NUMBER, written) == kept
    assert check(NUMBER, kept) == kept


@pytest.mark.req("C14")
@pytest.mark.parametrize(
    "written", ["twelve", "1,234", "1.2.3", "1,2,3", "12 %", "1e3", "--1", "NaN", "Infinity", "9" * 31, ","]
)
def test_what_is_no_number_or_two_is_refused_by_its_value(written: str) -> None:
    refused = check(NUMBER, written)
    assert isinstance(refused, Misfit)
    assert written[:20] in refused.reason


@pytest.mark.req("C14")
@pytest.mark.parametrize(
    "written",
    [
        "2026-12-24", "24.12.2026", "24. 12. 2026", "2026/12/24", "2026.12.24", "24/12/2026", "12/24/2026", "24-12-2026",
        "24 Dec 2026", "24. December 2026", "December 24, 2026", "Dec 24th 2026", "24-DEC-2026", "2026-12-24 00:00:00",
        "2026-12-24T00:00:00Z",
    ],
)  # fmt: skip
def test_dates(written: str) -> None:
    assert check(DATE, written) == "2026-12-24"


@pytest.mark.req("C14")
@pytest.mark.parametrize(
    "written", ["tomorrow", "03/04/2026", "2026-02-30", "31.02.2026", "24.12.26", "24 Foo 2026", "2026-12-24T09:00"]
)
def test_what_is_no_day_or_two_is_refused(written: str) -> None:
    refused = check(DATE, written)
    assert isinstance(refused, Misfit)
    assert "write it as 2026-" in refused.reason


def test_a_day_that_is_the_same_both_ways_is_no_doubt() -> None:
    assert check(DATE, "05/05/2026") == "2026-05-05"


@pytest.mark.req("C14")
def test_choices_are_kept_as_they_are_listed() -> None:
    assert check(CHOICE, "BASIC") == "Basic"
    assert check(CHOICE, "gold  plus") == "Gold Plus"
    refused = check(CHOICE, "silver")
    assert isinstance(refused, Misfit)
    assert refused.reason == "'silver' is none of the choices; take one of 'Basic', 'Gold Plus'"
    assert check(TEXT, "anything, 1,234") == "anything, 1,234"


@pytest.mark.req("C14")
def test_definitions_are_checked() -> None:
    def of(field: Field) -> set[str]:
        return {fault.field for fault in faults_of(field)}

    assert of(CHOICE) == of(TEXT) == set()
    assert of(Field("a", "", FieldType.TEXT, ("x",))) == {"label", "choices"}
    assert of(Field("a", "A", FieldType.CHOICE)) == {"choices"}
    assert of(Field("a", "A", FieldType.CHOICE, ("yes", "YES"))) == {"choices"}
    assert of(Field("a", "A", FieldType.CHOICE, ("a\tb",))) == {"choices"}
    assert of(Field("a", "A", FieldType.CHOICE, tuple(map(str, range(201))))) == {"choices"}


def test_what_does_not_fit_is_told_by_value_and_by_name() -> None:
    assert set(misfits(NUMBER, ["1", "x", "2,5"])) == {"x"}
    kept, wrong = checked_values({"age": NUMBER, "plan": CHOICE}, {"age": "1,5", "plan": "tin", "city": "Bonn"})
    assert kept["age"] == "1.5"
    assert kept["city"] == "Bonn"
    assert set(wrong) == {"plan"}


def _contact(**values: str) -> NewContact | Refusal:
    fields = {"age": NUMBER, "plan": CHOICE}
    return contact_from(((target_of(name), value) for name, value in values.items()), "US", fields)


@pytest.mark.req("C14", "K5")
def test_a_row_is_read_by_the_types_of_its_fields() -> None:
    found = _contact(phone="+12025550123", age=" 1 234,0 ", plan="basic", city="1,234")
    assert isinstance(found, NewContact)
    assert found.attributes == {"age": "1234", "plan": "Basic", "city": "1,234"}


@pytest.mark.req("C14", "K5")
def test_a_row_with_values_that_do_not_fit_is_refused_with_all_of_them() -> None:
    found = _contact(phone="+12025550123", age="old", plan="tin")
    assert isinstance(found, Refusal)
    assert "age: 'old' is not a number" in found.reason
    assert "plan: 'tin' is none of the choices" in found.reason
