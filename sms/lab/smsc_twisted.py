"""A second SMSC for the tests, on Jasmin's `smpp.twisted3`: it shares neither our misunderstandings nor those of `smsc.js`.

    python smsc_twisted.py '{"port": 0, "ledger": "/path/ledger.jsonl", "behaviour": {…}}'

It is started and steered like `smsc.js` (see there), and knows a part of its behaviours and commands: those below.
"""

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smpp.pdu import constants, operations, pdu_encoding, pdu_types
from smpp.pdu.pdu_types import CommandStatus, MessageState
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse, SMPPServerProtocol
from smpp.twisted.server import SMPPServerFactory
from twisted.cred.error import UnauthorizedLogin
from twisted.internet import defer, reactor, stdio
from twisted.protocols.basic import LineReceiver

ACCOUNT = "dialer"
WRONG_PASSWORD, BIND_FAILED, THROTTLED = 0x0E, 0x0D, 0x58
STATES = {2: "DELIVRD", 3: "EXPIRED", 5: "UNDELIV", 8: "REJECTD"}
NAMES = {2: MessageState.DELIVERED, 3: MessageState.EXPIRED, 5: MessageState.UNDELIVERABLE, 8: MessageState.REJECTED}


def octet(encoder: type, value: Any) -> int:
    """The number on the wire for the package's own name of it."""
    return int.from_bytes(encoder().encode(value))


def status(code: int) -> CommandStatus:
    return CommandStatus[constants.command_status_value_map[code]["name"]]


class Smsc:
    def __init__(self, given: dict[str, Any]) -> None:
        self.behaviour: dict[str, Any] = {
            "bind_status": 0, "answer": True, "answer_delay_ms": 0, "refuse": [], "rate": 0, "receipts": "after",
            "receipt_delay_ms": 20, "receipt_copies": 1, "undelivered": [], **given["behaviour"],
        }  # fmt: skip
        self.ledger = Path(given["ledger"])
        self.next_id = given.get("first_id", 1)
        self.unanswered: list[tuple[defer.Deferred[Any], Any]] = []
        self.second, self.taken = 0, 0
        self.config = SMPPServerConfig(systems={ACCOUNT: {"max_bindings": 10}}, msgHandler=self.submitted)
        self.factory = Factory(self)

    def note(self, **record: Any) -> None:
        with self.ledger.open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps({"at": time.time(), **record}) + "\n")

    def binds(self) -> list[Any]:
        return list(self.factory.getBoundConnections(ACCOUNT) or ())

    def submitted(self, _system_id: str, _session: Any, pdu: Any) -> Any:
        """The package's answer to a submit_sm: a response, or a promise of one."""
        fields, smsc_id = pdu.params, str(self.next_id)
        destination = fields["destination_addr"].decode()
        code = THROTTLED if self.over_rate() else matching(self.behaviour["refuse"], destination)
        self.next_id += 1
        self.note(what="submit_sm", status=code, smsc_id="" if code else smsc_id, **described(fields))
        if code:
            return DataHandlerResponse(status(code))
        wants = octet(pdu_encoding.RegisteredDeliveryEncoder, fields["registered_delivery"]) & 1
        receipts = self.behaviour["receipts"] if wants else "none"
        if receipts == "before":
            self.owe(smsc_id, fields, 0)
        answer: defer.Deferred[Any] = defer.Deferred()
        if receipts == "after":
            answer.addCallback(self.answered, smsc_id, fields)
        response = DataHandlerResponse(CommandStatus.ESME_ROK, message_id=smsc_id.encode())
        if self.behaviour["answer"]:
            reactor.callLater(self.behaviour["answer_delay_ms"] / 1000, answer.callback, response)
        else:
            self.unanswered.append((answer, response))
        return answer

    def answered(self, response: Any, smsc_id: str, submit: dict[str, Any]) -> Any:
        self.owe(smsc_id, submit, self.behaviour["receipt_delay_ms"])
        return response

    def over_rate(self) -> bool:
        now = int(time.time())
        if now != self.second:
            self.second, self.taken = now, 0
        self.taken += 1
        return bool(0 < self.behaviour["rate"] < self.taken)

    def owe(self, smsc_id: str, submit: dict[str, Any], delay_ms: float) -> None:
        for _ in range(self.behaviour["receipt_copies"]):
            reactor.callLater(delay_ms / 1000, self.deliver, smsc_id, submit)

    def deliver(self, smsc_id: str, submit: dict[str, Any]) -> None:
        state = matching(self.behaviour["undelivered"], submit["destination_addr"].decode()) or 2
        good, day = state == 2, time.strftime("%y%m%d%H%M")  # noqa: PLR2004  (DELIVERED, §5.2.28)
        text = (
            f"id:{smsc_id} sub:001 dlvrd:00{good:d} submit date:{day} done date:{day} stat:{STATES[state]}"
            f" err:{0 if good else 1:03} text:"
        )
        receipt = pdu_types.EsmClass(pdu_types.EsmClassMode.DEFAULT, pdu_types.EsmClassType.SMSC_DELIVERY_RECEIPT, [])
        self.send(
            source_addr=submit["destination_addr"], destination_addr=submit["source_addr"], esm_class=receipt,
            short_message=text.encode(), receipted_message_id=smsc_id.encode(), message_state=NAMES[state],
        )  # fmt: skip

    def send(self, what: str = "receipt_resp", **fields: Any) -> None:
        bound = self.factory.getBoundConnections(ACCOUNT)
        session = bound and bound.getNextBindingForDelivery()
        if session:
            answer = session.sendDataRequest(operations.DeliverSM(**fields))
            answer.addCallbacks(lambda _: self.note(what=what, status=0), lambda _: None)

    # -- commands ------------------------------------------------------------------------------------------------------

    def obey(self, given: dict[str, Any]) -> None:
        getattr(self, f"do_{given['do']}")(given)

    def do_set(self, given: dict[str, Any]) -> None:
        self.behaviour |= given["behaviour"]
        self.config.systems[ACCOUNT]["max_bindings"] = 0 if self.behaviour["bind_status"] == BIND_FAILED else 10

    def do_drop(self, _: dict[str, Any]) -> None:
        for session in self.binds():
            session.transport.abortConnection()

    def do_unbind(self, _: dict[str, Any]) -> None:
        for session in self.binds():
            session.unbindAndDisconnect()

    def do_enquire(self, _: dict[str, Any]) -> None:
        self.binds()[0].sendRequest(operations.EnquireLink(), 5)

    def do_answer_late(self, _: dict[str, Any]) -> None:
        waiting, self.unanswered = self.unanswered, []
        for answer, response in waiting:
            answer.callback(response)

    def do_reply(self, given: dict[str, Any]) -> None:
        source, destination = given["source"].encode(), given["destination"].encode()
        text = given["text"].encode("ascii")
        self.send("reply_resp", source_addr=source, destination_addr=destination, short_message=text)


def matching(rules: list[tuple[str, int]], number: str) -> int:
    return next((code for pattern, code in rules if re.search(pattern, number)), 0)


def described(fields: dict[str, Any]) -> dict[str, Any]:
    """A submit_sm for the ledger, by what the package has read."""
    payload = fields["short_message"] or b""
    coding = octet(pdu_encoding.DataCodingEncoder, fields["data_coding"])
    return {
        "destination": fields["destination_addr"].decode(), "source": fields["source_addr"].decode(),
        "source_ton": octet(pdu_encoding.AddrTonEncoder, fields["source_addr_ton"]),
        "source_npi": octet(pdu_encoding.AddrNpiEncoder, fields["source_addr_npi"]),
        "destination_ton": octet(pdu_encoding.AddrTonEncoder, fields["dest_addr_ton"]),
        "destination_npi": octet(pdu_encoding.AddrNpiEncoder, fields["dest_addr_npi"]),
        "payload": payload.hex(), "text": None, "data_coding": coding, "sar": [], "message_payload": "",
        "esm_class": octet(pdu_encoding.EsmClassEncoder, fields["esm_class"]),
        "registered_delivery": octet(pdu_encoding.RegisteredDeliveryEncoder, fields["registered_delivery"]),
        "validity_period": str(fields["validity_period"] or ""),
    }  # fmt: skip


class Session(SMPPServerProtocol):  # type: ignore[misc]  # the package has no types
    def onPDURequest_unbind(self, pdu: Any) -> None:  # noqa: N802
        self.factory.smsc.note(what="unbind")
        super().onPDURequest_unbind(pdu)

    def sendErrorResponse(self, pdu: Any, code: Any, system_id: str) -> None:  # noqa: N802
        number = octet(pdu_encoding.CommandStatusEncoder, code)
        self.factory.smsc.note(what="bind", command=pdu.commandId.name, system_id=system_id, status=number)
        super().sendErrorResponse(pdu, code, system_id)


class Factory(SMPPServerFactory):  # type: ignore[misc]  # the package has no types
    protocol = Session

    def __init__(self, smsc: Smsc) -> None:
        super().__init__(smsc.config, auth_portal=None)
        self.smsc = smsc

    def login(self, system_id: str, _password: str, _address: str) -> Any:
        if system_id != ACCOUNT or self.smsc.behaviour["bind_status"] == WRONG_PASSWORD:
            raise UnauthorizedLogin
        return None, None, lambda: None

    def addBoundConnection(self, session: Any) -> None:  # noqa: N802
        super().addBoundConnection(session)
        self.smsc.note(what="bind", command=session.bind_type.name, system_id=session.system_id, status=0)


class Steering(LineReceiver):  # type: ignore[misc]  # read by mypy as if it had no types
    """One JSON command a line, one JSON answer a line; the end of the input ends the process."""

    delimiter = b"\n"

    def __init__(self, obey: Callable[[dict[str, Any]], None]) -> None:
        self._obey = obey

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        given = json.loads(line)
        self._obey(given)
        self.sendLine(json.dumps({"done": given["do"], "result": None}).encode())

    def connectionLost(self, _reason: Any) -> None:  # noqa: N802
        if reactor.running:
            reactor.stop()


def main() -> None:
    given = json.loads(sys.argv[1])
    smsc = Smsc(given)
    listening = reactor.listenTCP(given["port"], smsc.factory, interface="127.0.0.1")
    steering = Steering(smsc.obey)
    stdio.StandardIO(steering)
    steering.sendLine(json.dumps({"port": listening.getHost().port}).encode())
    reactor.run()


if __name__ == "__main__":
    main()
