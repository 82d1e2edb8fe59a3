import pytest

from sms.address import Address, AddressError, destination, source
from sms.status import Kind, bind_is_hopeless, status


@pytest.mark.req("M1")
@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ("", Address(0, 0, "")),
        ("Clinic", Address(5, 0, "Clinic")),
        ("24/7 Help", Address(5, 0, "24/7 Help")),
        ("12345", Address(3, 0, "12345")),
        ("41791112233", Address(1, 1, "41791112233")),
        ("+41791112233", Address(1, 1, "41791112233")),
    ],
)
def test_source(sender: str, address: Address) -> None:
    assert source(sender) == address


@pytest.mark.parametrize("sender", ["Twelve chars", "Zürich", "a\0b", "tab\t", "+123", "1" * 16, "[x]"])
def test_a_sender_that_no_smsc_takes(sender: str) -> None:
    with pytest.raises(AddressError):
        source(sender)


@pytest.mark.parametrize("number", ["", "+", "123456", "1" * 16, "+41 79", "４１７９１１１２２３３", "41791112233\0"])
def test_a_number_that_is_none(number: str) -> None:
    with pytest.raises(AddressError):
        destination(number)


@pytest.mark.req("M4")
@pytest.mark.parametrize(
    ("code", "name", "kind"),
    [
        (0x58, "ESME_RTHROTTLED", Kind.TEMPORARY),
        (0x14, "ESME_RMSGQFUL", Kind.TEMPORARY),
        (0x08, "ESME_RSYSERR", Kind.TEMPORARY),
        (0x64, "ESME_RX_T_APPN", Kind.TEMPORARY),
        (0x0B, "ESME_RINVDSTADR", Kind.PERMANENT),
        (0xFF, "ESME_RUNKNOWNERR", Kind.UNKNOWN),
        (0x451, "0x00000451", Kind.UNKNOWN),
    ],
)
def test_status(code: int, name: str, kind: Kind) -> None:
    known = status(code)
    assert (known.code, known.name, known.kind, known.holds_link) == (code, name, kind, kind is Kind.TEMPORARY)


def test_a_provider_may_see_a_code_differently() -> None:
    assert status(0x45, {0x45: Kind.TEMPORARY}).holds_link
    assert status(0x451, {0x451: Kind.PERMANENT}).kind is Kind.PERMANENT


def test_which_refusals_of_a_bind_are_final() -> None:
    assert [code for code in range(0x100) if bind_is_hopeless(code)] == [0x0E, 0x0F, 0x53]
