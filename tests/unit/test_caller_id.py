"""Which caller ids reach Asterisk."""

import pytest

from dialer.domain.caller_id import caller_id_faults

pytestmark = pytest.mark.req("D1", "A2")


@pytest.mark.parametrize(
    "value", [None, "", "+12025550123", "100", '"Shop" <+12025550123>', '"Zoë & Co."<100>', '"" <+493012345>']
)
def test_a_number_is_taken_with_a_name_or_without(value: str | None) -> None:
    assert caller_id_faults(value) == []


@pytest.mark.parametrize(
    "value",
    [
        "+1212555,foo",
        "Shop",
        "Shop <+12025550123>",
        '"A,B" <+12025550123>',
        '"${SHELL(id)}" <1>',
        '"a;b" <1>',
        '"a" <1>,s',
        '"a"b" <1>',
        '"a" <1',
        '"a\u202eb" <1>',
        "+1 202",
        "1\n",
        "+",
        "\u0661\u0662",
        "1" * 21,
    ],
)
def test_anything_else_is_refused_with_the_remedy(value: str) -> None:
    (fault,) = caller_id_faults(value)
    assert fault.field == "caller_id"
    assert 'such as "Shop" <+12025550123>' in fault.reason
