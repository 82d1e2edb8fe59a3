"""What a command_status means to us (SMPP 3.4 §5.1.3): one table says whether sending again can help."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from dialer.domain.said import Said


class Kind(StrEnum):
    PERMANENT = "permanent"
    """The same message will be refused again."""
    TEMPORARY = "temporary"
    """Refused for now: back off and send it again."""
    UNKNOWN = "unknown"
    """Refused for a reason that the table does not know, such as a provider's own code."""


@dataclass(frozen=True, slots=True)
class Status:
    """`holds_link`: the SMSC is short of something all messages share, so that the whole link has to wait."""

    code: int
    name: str
    kind: Kind
    meaning: str

    @property
    def told(self) -> str:
        return Said("%(code)s, %(meaning)s", code=self.name, meaning=Said(self.meaning))

    @property
    def holds_link(self) -> bool:
        return self.kind is Kind.TEMPORARY


OK = 0x00
INVALID_MESSAGE_LENGTH = 0x01
INVALID_COMMAND_LENGTH = 0x02
INVALID_COMMAND_ID = 0x03
SYSTEM_ERROR = 0x08
INVALID_SOURCE = 0x0A
INVALID_DESTINATION = 0x0B
INVALID_PASSWORD = 0x0E
INVALID_SYSTEM_ID = 0x0F
QUEUE_FULL = 0x14
INVALID_SYSTEM_TYPE = 0x53
THROTTLED = 0x58
INVALID_VALIDITY = 0x62
TEMPORARY_APPLICATION_ERROR = 0x64
UNKNOWN_ERROR = 0xFF

_PERMANENT = {
    0x01: ("RINVMSGLEN", "message length is invalid"),
    0x02: ("RINVCMDLEN", "command length is invalid"),
    0x03: ("RINVCMDID", "unknown command"),
    0x04: ("RINVBNDSTS", "not allowed in this bind state"),
    0x05: ("RALYBND", "already bound"),
    0x06: ("RINVPRTFLG", "priority flag is invalid"),
    0x07: ("RINVREGDLVFLG", "registered delivery flag is invalid"),
    0x0A: ("RINVSRCADR", "source address is invalid"),
    0x0B: ("RINVDSTADR", "destination address is invalid"),
    0x0C: ("RINVMSGID", "message id is invalid"),
    0x0D: ("RBINDFAIL", "bind failed"),
    0x0E: ("RINVPASWD", "password is wrong"),
    0x0F: ("RINVSYSID", "system id is wrong"),
    0x11: ("RCANCELFAIL", "cancel failed"),
    0x13: ("RREPLACEFAIL", "replace failed"),
    0x15: ("RINVSERTYP", "service type is invalid"),
    0x33: ("RINVNUMDESTS", "number of destinations is invalid"),
    0x34: ("RINVDLNAME", "distribution list is invalid"),
    0x40: ("RINVDESTFLAG", "destination flag is invalid"),
    0x42: ("RINVSUBREP", "submit with replace is invalid"),
    0x43: ("RINVESMCLASS", "esm_class is invalid"),
    0x44: ("RCNTSUBDL", "cannot submit to the distribution list"),
    0x45: ("RSUBMITFAIL", "submit failed"),
    0x48: ("RINVSRCTON", "source type of number is invalid"),
    0x49: ("RINVSRCNPI", "source numbering plan is invalid"),
    0x50: ("RINVDSTTON", "destination type of number is invalid"),
    0x51: ("RINVDSTNPI", "destination numbering plan is invalid"),
    0x53: ("RINVSYSTYP", "system type is wrong"),
    0x54: ("RINVREPFLAG", "replace flag is invalid"),
    0x55: ("RINVNUMMSGS", "number of messages is invalid"),
    0x61: ("RINVSCHED", "schedule is invalid"),
    0x62: ("RINVEXPIRY", "validity period is invalid"),
    0x63: ("RINVDFTMSGID", "predefined message is unknown"),
    0x65: ("RX_P_APPN", "permanent application error"),
    0x66: ("RX_R_APPN", "application refused the message"),
    0x67: ("RQUERYFAIL", "query failed"),
    0xC0: ("RINVOPTPARSTREAM", "optional parameters are malformed"),
    0xC1: ("ROPTPARNOTALLWD", "optional parameter is not allowed"),
    0xC2: ("RINVPARLEN", "parameter length is invalid"),
    0xC3: ("RMISSINGOPTPARAM", "optional parameter is missing"),
    0xC4: ("RINVOPTPARAMVAL", "optional parameter value is invalid"),
    0xFE: ("RDELIVERYFAILURE", "delivery failed"),
}
_TEMPORARY = {
    0x08: ("RSYSERR", "system error"),
    0x14: ("RMSGQFUL", "message queue is full"),
    0x58: ("RTHROTTLED", "more messages than the account allows"),
    0x64: ("RX_T_APPN", "temporary application error"),
}
_UNKNOWN = {0xFF: ("RUNKNOWNERR", "unknown error")}

_TABLE = {OK: Status(OK, "ESME_ROK", Kind.PERMANENT, "no error")} | {
    code: Status(code, f"ESME_{name}", kind, meaning)
    for kind, rows in ((Kind.PERMANENT, _PERMANENT), (Kind.TEMPORARY, _TEMPORARY), (Kind.UNKNOWN, _UNKNOWN))
    for code, (name, meaning) in rows.items()
}
# A wrong secret stays wrong, and an account that keeps trying gets blocked. "Already bound" and "bind failed" pass:
# after a lost link the SMSC needs a while to notice that the old bind is dead.
_BIND_PERMANENT = frozenset({INVALID_PASSWORD, INVALID_SYSTEM_ID, INVALID_SYSTEM_TYPE})


def status(code: int, overrides: Mapping[int, Kind] | None = None) -> Status:
    """The meaning of `code`; `overrides` are a provider's own classes. A code outside the table is of unknown kind."""
    known = _TABLE.get(code) or Status(code, f"0x{code:08X}", Kind.UNKNOWN, "the provider's own code")
    if overrides and code in overrides:
        return Status(code, known.name, overrides[code], known.meaning)
    return known


def meanings() -> Iterator[str]:
    """What the codes mean, for the catalogue of the pages."""
    yield from (known.meaning for known in (*_TABLE.values(), status(-1)))


def bind_is_hopeless(code: int) -> bool:
    """Whether binding again with the same settings cannot succeed."""
    return code in _BIND_PERMANENT
