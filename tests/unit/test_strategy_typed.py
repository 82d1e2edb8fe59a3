"""What steps write into custom fields is looked at when a strategy is checked, not when a branch goes wrong by it."""

import pytest

from dialer.domain.fields import Field, FieldType
from dialer.strategy.check import check
from dialer.strategy.known import Known
from tests.support import builders

pytestmark = pytest.mark.req("S2", "C14")
FIELDS = {
    field.name: field
    for field in (
        Field("amount", "Amount", FieldType.NUMBER),
        Field("paid", "Paid", FieldType.NUMBER),
        Field("renewal", "Renewal", FieldType.DATE),
        Field("plan", "Plan", FieldType.CHOICE, ("Gold", "Lead")),
        Field("note", "Note", FieldType.TEXT),
    )
}
KNOWN = Known(fields=FIELDS)


def set_to(attribute: str, value: str) -> dict[str, object]:
    fields = {"attribute": attribute, "value": value}
    return builders.strategy({"id": "s", "type": "set-attribute", "fields": fields})


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("amount", "much", "does not fit the field 'Amount' of the type number"),
        ("amount", "1.234,50", "is kept as '1234.5'"),
        ("renewal", "soon", "of the type date"),
        ("renewal", "24.12.2026", "is kept as '2026-12-24'"),
        ("plan", "Silver", "of the type choice"),
        ("plan", "gold", "is kept as 'Gold'"),
    ],
)
def test_a_value_that_a_field_can_not_hold_is_a_fault(attribute: str, value: str, said: str) -> None:
    (fault,) = check(set_to(attribute, value), KNOWN).faults
    assert (fault.node, fault.field) == ("s", "value")
    assert said in fault.reason


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("amount", "1234.5"),
        ("amount", ""),
        ("renewal", "2026-12-24"),
        ("plan", "Gold"),
        ("note", "much"),
        ("other", "x"),
    ],
)
def test_what_fits_is_no_fault(attribute: str, value: str) -> None:
    checked = check(set_to(attribute, value), KNOWN)
    assert (checked.faults, checked.warnings) == ((), ())
    assert check(set_to("amount", "much")).faults == (), "where fields are not known nothing is said"


@pytest.mark.parametrize(
    ("attribute", "value", "warned"),
    [
        ("amount", "{{note}}", True),
        ("amount", "{{paid}}", False),
        ("amount", "{{paid}}0", True),
        ("note", "{{amount}}", False),
    ],
)
def test_a_value_of_a_contact_may_not_fit(attribute: str, value: str, warned: bool) -> None:
    checked = check(set_to(attribute, value), KNOWN)
    assert checked.faults == ()
    assert [(one.node, one.field) for one in checked.warnings] == ([("s", "value")] if warned else [])


@pytest.mark.parametrize(("save_as", "warned"), [("amount", True), ("plan", True), ("note", False), ("other", False)])
def test_a_response_may_not_fit(save_as: str, warned: bool) -> None:
    hook = {"id": "h", "type": "webhook", "fields": {"url": "https://x.example/", "save_as": save_as}}
    checked = check(builders.strategy(hook), KNOWN)
    assert checked.faults == ()
    assert [(one.node, one.field) for one in checked.warnings] == ([("h", "save_as")] if warned else [])
