"""The codec: octets to PDUs and back. The only file that imports smpplib, and it takes only its layout tables.

Its own reading and writing takes a hundred microseconds for a text, cuts passwords and addresses silently, reads past the
end, and fails on optional parameters that it does not expect. Here optional parameters are kept raw, lengths are checked
before anything is written and while reading, and unknown commands are values instead of errors.
"""

import struct
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from smpplib import command as smpplib_command
from smpplib.consts import OPTIONAL_PARAMS, SMPP_VERSION_34

from sms import commands, status
from sms.address import Address
from sms.framing import HEADER, RESPONSE, MalformedPduError, PduError

_HEADER: Final = struct.Struct(">LLLL")


_ZEROS: Final = (0,) * 8  # as many octets as stand together at most


class _Run(NamedTuple):
    """Fields of a command that stand together: any number of octets, or one text that a zero ends, or one that is counted.

    `most`: the length in which smpplib has a text's zero fit.
    """

    kind: type
    names: tuple[str, ...]
    most: int = 0


class _Layout:
    """The mandatory fields of a command, as smpplib's tables have them. All numbers in them are single octets."""

    def __init__(self, command_class: type[Any]) -> None:
        fields = [name for name in command_class.params_order if name not in OPTIONAL_PARAMS]
        runs = groupby(fields, lambda name: name if command_class.params[name].type is not int else "")
        self._runs = [self._run(command_class.params, tuple(names)) for _, names in runs]

    @staticmethod
    def _run(params: Mapping[str, Any], names: tuple[str, ...]) -> _Run:
        first = params[names[0]]
        kind = first.type if first.type in {int, str} else bytes
        return _Run(kind, names, 0 if kind is int else first.max)

    def read(self, body: bytes) -> tuple[dict[str, Any], bytes]:
        """The fields that are there, and what follows them. Raises ValueError for a torn one."""
        found: dict[str, Any] = {}
        pos, size = 0, len(body)
        for kind, names, _ in self._runs:
            if pos >= size:
                break
            if kind is int:
                end = pos + len(names)
                found.update(zip(names, body[pos:end], strict=False))
                pos = end
            elif kind is str:
                end = body.find(b"\0", pos)
                if end < 0:
                    raise ValueError(f"{names[0]} does not end")
                found[names[0]] = body[pos:end].decode("latin-1")
                pos = end + 1
            else:
                end = pos + found["sm_length"]
                if end > size:
                    raise ValueError(f"{names[0]} is longer than its PDU")
                found[names[0]] = body[pos:end]
                pos = end
        return found, body[pos:]

    def write(self, fields: Mapping[str, Any]) -> bytes:
        """Those that are not given are 0 or empty. Raises PduError, which never quotes a value: it may be a password."""
        out, given = bytearray(), fields.get
        for kind, names, most in self._runs:
            name = names[0]
            if kind is int:
                try:
                    out += bytes(map(given, names, _ZEROS))
                except ValueError:
                    raise PduError(f"one of {', '.join(names)} does not fit into an octet", code=_fault("")) from None
            elif kind is str:
                if text := given(name):
                    _check(name, text, most)
                    out += text.encode("latin-1")
                out.append(0)
            elif octets := given(name):
                if len(octets) > most:
                    raise PduError(f"{name} is longer than {most} octets", code=_fault(name))
                out += octets
        return bytes(out)


def _check(name: str, value: str, most: int) -> None:
    if len(value) >= most:
        raise PduError(f"{name} is longer than {most - 1} characters", code=_fault(name))
    if not (value.isascii() and value.isprintable()) and name != "message_id":
        raise PduError(f"{name} has characters that are not printable ASCII", code=_fault(name))


def _fault(name: str) -> int:
    return _FAULTS.get(name, status.UNKNOWN_ERROR)


_FAULTS: Final = {
    "short_message": status.INVALID_MESSAGE_LENGTH,
    "source_addr": status.INVALID_SOURCE,
    "destination_addr": status.INVALID_DESTINATION,
    "password": status.INVALID_PASSWORD,
    "system_id": status.INVALID_SYSTEM_ID,
    "system_type": status.INVALID_SYSTEM_TYPE,
}


_LAYOUTS: Final[dict[int, tuple[str, _Layout]]] = {
    0x00000001: ("bind_receiver", _Layout(smpplib_command.BindReceiver)),
    0x00000002: ("bind_transmitter", _Layout(smpplib_command.BindTransmitter)),
    0x00000004: ("submit_sm", _Layout(smpplib_command.SubmitSM)),
    0x00000005: ("deliver_sm", _Layout(smpplib_command.DeliverSM)),
    0x00000006: ("unbind", _Layout(smpplib_command.Unbind)),
    0x00000009: ("bind_transceiver", _Layout(smpplib_command.BindTransceiver)),
    0x00000015: ("enquire_link", _Layout(smpplib_command.EnquireLink)),
    0x00000102: ("alert_notification", _Layout(smpplib_command.AlertNotification)),
    0x00000103: ("data_sm", _Layout(smpplib_command.DataSM)),
    0x80000000: ("generic_nack", _Layout(smpplib_command.GenericNAck)),
    0x80000001: ("bind_receiver_resp", _Layout(smpplib_command.BindReceiverResp)),
    0x80000002: ("bind_transmitter_resp", _Layout(smpplib_command.BindTransmitterResp)),
    0x80000004: ("submit_sm_resp", _Layout(smpplib_command.SubmitSMResp)),
    0x80000005: ("deliver_sm_resp", _Layout(smpplib_command.DeliverSMResp)),
    0x80000006: ("unbind_resp", _Layout(smpplib_command.UnbindResp)),
    0x80000009: ("bind_transceiver_resp", _Layout(smpplib_command.BindTransceiverResp)),
    0x80000015: ("enquire_link_resp", _Layout(smpplib_command.EnquireLinkResp)),
    0x80000103: ("data_sm_resp", _Layout(smpplib_command.DataSMResp)),
}


def decode(frame: bytes) -> commands.Pdu:
    """The PDU in `frame` (one whole PDU, as Framer gives it). Raises MalformedPduError."""
    _, command_id, code, sequence = _HEADER.unpack_from(frame)
    known = _LAYOUTS.get(command_id)
    if known is None:
        return commands.Pdu(sequence, commands.Unknown(command_id), code)
    name, layout = known
    try:
        fields, rest = layout.read(frame[HEADER:])
        command = _read(command_id, fields, rest)
    except ValueError as fault:
        raise MalformedPduError(f"{name}: {fault}", sequence=sequence, command_id=command_id) from fault
    return commands.Pdu(sequence, command, code)


def encode(pdu: commands.Pdu) -> bytes:
    """The octets of `pdu`. Raises PduError when a field does not fit or contains control characters."""
    command_id, fields, tlvs = _write(pdu.command)
    body = b""
    # §5.1: a response that refuses has no body.
    if not (command_id & RESPONSE and pdu.status):
        body = _LAYOUTS[command_id][1].write(fields)
        if tlvs:
            body += b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tlvs)
    return _HEADER.pack(HEADER + len(body), command_id, pdu.status, pdu.sequence) + body


def _write(command: commands.Command) -> tuple[int, dict[str, Any], commands.Tlvs]:
    """(command_id, mandatory fields, optional parameters) of a command."""
    match command:
        case commands.Bind():
            fields = _named(command, "system_id", "password", "system_type")
            return command.type, fields | {"interface_version": SMPP_VERSION_34}, ()
        case commands.BindResp():
            return command.type | RESPONSE, {"system_id": command.system_id}, ()
        case commands.SubmitSm():
            rest = ("data_coding", "esm_class", "registered_delivery", "validity_period")
            return 0x04, _addresses(command) | _named(command, *rest) | _message(command), command.tlvs
        case commands.SubmitSmResp():
            return 0x04 | RESPONSE, {"message_id": command.message_id}, ()
        case commands.DeliverSm():
            fields = _addresses(command) | _named(command, "data_coding", "esm_class")
            if command.data_sm:
                return 0x103, fields, command.tlvs
            return 0x05, fields | _message(command), command.tlvs
        case commands.DeliverSmResp():
            return (0x103 if command.data_sm else 0x05) | RESPONSE, {"message_id": ""}, ()
        case commands.Unknown():
            raise PduError(f"command 0x{command.command_id:08X} is not ours to send", code=status.INVALID_COMMAND_ID)
        case _:
            return _EMPTY_IDS[type(command)], {}, ()


_EMPTY_IDS: Final[dict[type[Any], int]] = {
    commands.EnquireLink: 0x15,
    commands.EnquireLinkResp: 0x15 | RESPONSE,
    commands.Unbind: 0x06,
    commands.UnbindResp: 0x06 | RESPONSE,
    commands.GenericNack: RESPONSE,
    commands.AlertNotification: 0x102,
}
_EMPTY: Final[dict[int, Callable[[], commands.Command]]] = {value: key for key, value in _EMPTY_IDS.items()}


def _named(command: commands.Command, *names: str) -> dict[str, Any]:
    return {name: getattr(command, name) for name in names}


def _message(command: commands.SubmitSm | commands.DeliverSm) -> dict[str, Any]:
    return {"sm_length": len(command.short_message), "short_message": command.short_message}


def _addresses(command: commands.SubmitSm | commands.DeliverSm) -> dict[str, Any]:
    source, destination = command.source, command.destination
    return {
        "source_addr_ton": source.ton,
        "source_addr_npi": source.npi,
        "source_addr": source.value,
        "dest_addr_ton": destination.ton,
        "dest_addr_npi": destination.npi,
        "destination_addr": destination.value,
    }


def _read(command_id: int, fields: Mapping[str, Any], rest: bytes) -> commands.Command:
    match command_id:
        case 0x80000004:
            return commands.SubmitSmResp(fields.get("message_id", ""))
        case 0x05 | 0x103:
            return _read_deliver(fields, rest, data_sm=command_id == 0x103)  # noqa: PLR2004 — the id's name is beside it
        case 0x04:
            return _read_submit(fields, rest)
        case 0x80000005 | 0x80000103:
            return commands.DeliverSmResp(data_sm=command_id == 0x80000103)  # noqa: PLR2004 — as above
        case 0x01 | 0x02 | 0x09:
            told = (fields.get(name, "") for name in ("system_id", "password", "system_type"))
            return commands.Bind(commands.BindType(command_id), *told)
        case 0x80000001 | 0x80000002 | 0x80000009:
            return commands.BindResp(commands.BindType(command_id & ~RESPONSE), fields.get("system_id", ""))
        case _:
            return _EMPTY[command_id]()


def _read_submit(fields: Mapping[str, Any], rest: bytes) -> commands.SubmitSm:
    return commands.SubmitSm(
        *_read_addresses(fields),
        short_message=fields.get("short_message", b""),
        data_coding=fields.get("data_coding", 0),
        esm_class=fields.get("esm_class", 0),
        registered_delivery=fields.get("registered_delivery", 0),
        validity_period=fields.get("validity_period", ""),
        tlvs=_read_tlvs(rest),
    )


def _read_deliver(fields: Mapping[str, Any], rest: bytes, *, data_sm: bool) -> commands.DeliverSm:
    # Responses may come without their body, and do; a request that ends early is torn.
    if "data_coding" not in fields:
        raise ValueError("ends before its text")
    return commands.DeliverSm(
        *_read_addresses(fields),
        short_message=fields.get("short_message", b""),
        data_coding=fields["data_coding"],
        esm_class=fields["esm_class"],
        tlvs=_read_tlvs(rest),
        data_sm=data_sm,
    )


def _read_addresses(fields: Mapping[str, Any]) -> tuple[Address, Address]:
    get = fields.get
    source = Address(get("source_addr_ton", 0), get("source_addr_npi", 0), get("source_addr", ""))
    return source, Address(get("dest_addr_ton", 0), get("dest_addr_npi", 0), get("destination_addr", ""))


def _read_tlvs(data: bytes) -> commands.Tlvs:
    """Optional parameters as they came; a torn one at the end is dropped, since the message before it is whole."""
    found: list[tuple[int, bytes]] = []
    pos = 0
    while pos + 4 <= len(data):
        tag, length = struct.unpack_from(">HH", data, pos)
        if pos + 4 + length > len(data):
            break
        found.append((tag, data[pos + 4 : pos + 4 + length]))
        pos += 4 + length
    return tuple(found)
