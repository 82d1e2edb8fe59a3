"""The codec: octets to PDUs and back. The only file that imports smpplib, and it takes only its layout tables.

What smpplib 2.2.4 does not do is done here: optional parameters are kept raw (it fails on those it does not expect),
lengths are checked before anything is written (it cuts passwords and addresses silently) and while reading (it reads
past the end), unknown commands are values instead of errors, and sequence numbers are only ours to give.
"""

import struct
from collections.abc import Callable
from typing import Any, Final

from smpplib import command as smpplib_command

from sms import commands, status
from sms.address import Address

HEADER: Final = 16
# message_payload may carry 64 KiB; with the other fields no honest PDU is longer.
MAX_LENGTH: Final = 70_000
MAX_SHORT_MESSAGE: Final = 254
_RESPONSE: Final = 0x80000000


class PduError(ValueError):
    """A PDU that cannot be written or read. `status` is what SMPP calls the fault."""

    def __init__(self, reason: str, *, code: int = status.INVALID_COMMAND_LENGTH) -> None:
        super().__init__(reason)
        self.status = code


class FramingError(PduError):
    """The stream is out of step: nothing after this point can be trusted."""


class MalformedPduError(PduError):
    """The header was readable, the body is not."""

    def __init__(self, reason: str, *, sequence: int, command_id: int) -> None:
        super().__init__(reason)
        self.sequence = sequence
        self.command_id = command_id

    @property
    def is_response(self) -> bool:
        return bool(self.command_id & _RESPONSE)


class Framer:
    """Cuts a stream into PDUs, however it arrives."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> bytes | None:
        """The next whole PDU; None when more must arrive. Raises FramingError for an impossible length."""
        if len(self._buffer) < HEADER:
            return None
        (length,) = struct.unpack_from(">L", self._buffer)
        if not HEADER <= length <= MAX_LENGTH:
            raise FramingError(f"a PDU of {length} octets is announced")
        if len(self._buffer) < length:
            return None
        frame = bytes(self._buffer[:length])
        del self._buffer[:length]
        return frame


class _Client:
    """smpplib asks its client for sequence numbers; ours are set when the header is written."""

    sequence = 0

    def next_sequence(self) -> int:
        return 0


class _Careful:
    """Replaces smpplib's reading of the fields that it reads without looking."""

    params: dict[str, Any]
    tlvs: commands.Tlvs = ()

    def _parse_string(self, name: str, data: bytes, pos: int, _length: int | None = None) -> tuple[bytes, int]:
        end = data.find(b"\0", pos)
        if end < 0:
            raise ValueError(f"{name} does not end")
        setattr(self, name, data[pos:end].decode("latin-1"))
        return data, end + 1

    def _parse_ostring(self, name: str, data: bytes, pos: int, _length: int | None = None) -> tuple[bytes, int]:
        end = pos + int(getattr(self, self.params[name].len_field) or 0)
        if end > len(data):
            raise ValueError(f"{name} is longer than its PDU")
        setattr(self, name, data[pos:end])
        return data, end

    def parse_optional_params(self, data: bytes) -> None:
        self.tlvs = tuple(_read_tlvs(data))


def _careful(name: str) -> type[Any]:
    return type(name, (_Careful, getattr(smpplib_command, name)), {})


_CLASSES: Final[dict[int, tuple[str, type[Any]]]] = {
    0x00000001: ("bind_receiver", _careful("BindReceiver")),
    0x00000002: ("bind_transmitter", _careful("BindTransmitter")),
    0x00000004: ("submit_sm", _careful("SubmitSM")),
    0x00000005: ("deliver_sm", _careful("DeliverSM")),
    0x00000006: ("unbind", _careful("Unbind")),
    0x00000009: ("bind_transceiver", _careful("BindTransceiver")),
    0x00000015: ("enquire_link", _careful("EnquireLink")),
    0x00000102: ("alert_notification", _careful("AlertNotification")),
    0x00000103: ("data_sm", _careful("DataSM")),
    0x80000000: ("generic_nack", _careful("GenericNAck")),
    0x80000001: ("bind_receiver_resp", _careful("BindReceiverResp")),
    0x80000002: ("bind_transmitter_resp", _careful("BindTransmitterResp")),
    0x80000004: ("submit_sm_resp", _careful("SubmitSMResp")),
    0x80000005: ("deliver_sm_resp", _careful("DeliverSMResp")),
    0x80000006: ("unbind_resp", _careful("UnbindResp")),
    0x80000009: ("bind_transceiver_resp", _careful("BindTransceiverResp")),
    0x80000015: ("enquire_link_resp", _careful("EnquireLinkResp")),
    0x80000103: ("data_sm_resp", _careful("DataSMResp")),
}


def decode(frame: bytes) -> commands.Pdu:
    """The PDU in `frame` (one whole PDU, as Framer gives it). Raises MalformedPduError."""
    _, command_id, code, sequence = struct.unpack_from(">LLLL", frame)
    if command_id not in _CLASSES:
        return commands.Pdu(sequence, commands.Unknown(command_id), code)
    raw = _blank(command_id)
    try:
        raw.parse_params(frame[HEADER:])
        command = _read(command_id, raw)
    except (ValueError, struct.error) as fault:
        name = _CLASSES[command_id][0]
        raise MalformedPduError(f"{name}: {fault}", sequence=sequence, command_id=command_id) from fault
    return commands.Pdu(sequence, command, code)


def encode(pdu: commands.Pdu) -> bytes:
    """The octets of `pdu`. Raises PduError when a field does not fit or contains control characters."""
    command_id, fields, tlvs = _write(pdu.command)
    body = b""
    # §5.1: a response that refuses has no body.
    if not (command_id & _RESPONSE and pdu.status):
        raw = _blank(command_id)
        for name, value in fields.items():
            setattr(raw, name, _checked(name, value, raw.params[name]))
        body = raw.generate_params() + b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tlvs)
    return struct.pack(">LLLL", HEADER + len(body), command_id, pdu.status, pdu.sequence) + body


def _blank(command_id: int) -> Any:
    name, layout = _CLASSES[command_id]
    return layout(name, client=_Client())


_FAULTS: Final = {
    "short_message": status.INVALID_MESSAGE_LENGTH,
    "source_addr": status.INVALID_SOURCE,
    "destination_addr": status.INVALID_DESTINATION,
    "password": status.INVALID_PASSWORD,
    "system_id": status.INVALID_SYSTEM_ID,
    "system_type": status.INVALID_SYSTEM_TYPE,
}


def _checked(name: str, value: Any, param: Any) -> Any:
    """`value`, if it fits `param`. Never quotes the value: it may be a password."""
    code = _FAULTS.get(name, status.UNKNOWN_ERROR)
    match value:
        case bytes() if len(value) > MAX_SHORT_MESSAGE:
            raise PduError(f"{name} is longer than {MAX_SHORT_MESSAGE} octets", code=code)
        case str() if len(value) >= param.max:
            raise PduError(f"{name} is longer than {param.max - 1} characters", code=code)
        case str() if not (value.isascii() and value.isprintable()) and name != "message_id":
            raise PduError(f"{name} has characters that are not printable ASCII", code=code)
        case int() if not 0 <= value < 1 << 8 * param.size:
            raise PduError(f"{name} does not fit into {param.size} octet", code=code)
    return value


def _write(command: commands.Command) -> tuple[int, dict[str, Any], commands.Tlvs]:
    """(command_id, mandatory fields, optional parameters) of a command."""
    match command:
        case commands.Bind():
            return command.type, _named(command, "system_id", "password", "system_type"), ()
        case commands.BindResp():
            return command.type | _RESPONSE, {"system_id": command.system_id}, ()
        case commands.SubmitSm():
            rest = ("data_coding", "esm_class", "registered_delivery", "validity_period", "short_message")
            return 0x04, _addresses(command) | _named(command, *rest), command.tlvs
        case commands.SubmitSmResp():
            return 0x04 | _RESPONSE, {"message_id": command.message_id}, ()
        case commands.DeliverSm():
            fields = _addresses(command) | _named(command, "data_coding", "esm_class")
            if command.data_sm:
                return 0x103, fields, command.tlvs
            return 0x05, fields | {"short_message": command.short_message}, command.tlvs
        case commands.DeliverSmResp():
            return (0x103 if command.data_sm else 0x05) | _RESPONSE, {"message_id": ""}, ()
        case commands.Unknown():
            raise PduError(f"command 0x{command.command_id:08X} is not ours to send", code=status.INVALID_COMMAND_ID)
        case _:
            return _EMPTY_IDS[type(command)], {}, ()


_EMPTY_IDS: Final[dict[type[Any], int]] = {
    commands.EnquireLink: 0x15,
    commands.EnquireLinkResp: 0x15 | _RESPONSE,
    commands.Unbind: 0x06,
    commands.UnbindResp: 0x06 | _RESPONSE,
    commands.GenericNack: _RESPONSE,
    commands.AlertNotification: 0x102,
}
_EMPTY: Final[dict[int, Callable[[], commands.Command]]] = {value: key for key, value in _EMPTY_IDS.items()}


def _named(command: commands.Command, *names: str) -> dict[str, Any]:
    return {name: getattr(command, name) for name in names}


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


def _read(command_id: int, raw: Any) -> commands.Command:
    match command_id:
        case 0x01 | 0x02 | 0x09:
            bind_type = commands.BindType(command_id)
            return commands.Bind(bind_type, raw.system_id or "", raw.password or "", raw.system_type or "")
        case 0x80000001 | 0x80000002 | 0x80000009:
            return commands.BindResp(commands.BindType(command_id & ~_RESPONSE), raw.system_id or "")
        case 0x04:
            return _read_submit(raw)
        case 0x80000004:
            return commands.SubmitSmResp(raw.message_id or "")
        case 0x05 | 0x103:
            return _read_deliver(raw, data_sm=command_id == 0x103)  # noqa: PLR2004 — the id's name is beside it
        case 0x80000005 | 0x80000103:
            return commands.DeliverSmResp(data_sm=command_id == 0x80000103)  # noqa: PLR2004 — as above
        case _:
            return _EMPTY[command_id]()


def _read_submit(raw: Any) -> commands.SubmitSm:
    return commands.SubmitSm(
        source=Address(raw.source_addr_ton or 0, raw.source_addr_npi or 0, raw.source_addr or ""),
        destination=Address(raw.dest_addr_ton or 0, raw.dest_addr_npi or 0, raw.destination_addr or ""),
        short_message=raw.short_message or b"",
        data_coding=raw.data_coding or 0,
        esm_class=raw.esm_class or 0,
        registered_delivery=raw.registered_delivery or 0,
        validity_period=raw.validity_period or "",
        tlvs=tuple(raw.tlvs),
    )


def _read_deliver(raw: Any, *, data_sm: bool) -> commands.DeliverSm:
    # Responses may come without their body, and do; a request that ends early is torn.
    if raw.data_coding is None:
        raise ValueError("ends before its text")
    return commands.DeliverSm(
        source=Address(raw.source_addr_ton or 0, raw.source_addr_npi or 0, raw.source_addr or ""),
        destination=Address(raw.dest_addr_ton or 0, raw.dest_addr_npi or 0, raw.destination_addr or ""),
        short_message=b"" if data_sm else raw.short_message or b"",
        data_coding=raw.data_coding or 0,
        esm_class=raw.esm_class or 0,
        tlvs=raw.tlvs,
        data_sm=data_sm,
    )


def _read_tlvs(data: bytes) -> list[tuple[int, bytes]]:
    """Optional parameters as they came; a torn one at the end is dropped, since the message before it is whole."""
    found, pos = [], 0
    while pos + 4 <= len(data):
        tag, length = struct.unpack_from(">HH", data, pos)
        if pos + 4 + length > len(data):
            break
        found.append((tag, data[pos + 4 : pos + 4 + length]))
        pos += 4 + length
    return found
