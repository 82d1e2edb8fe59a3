"""The SMS centre of the world: takes texts, refuses some, forgets to answer, hangs up; and what it has taken is the truth."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from sms import commands, status
from sms.address import Address
from sms.commands import Pdu
from sms.framing import Framer
from sms.pdu import decode, encode

#: What becomes of a text, and how often.
ENDS = {"answered": 70, "refused for now": 8, "refused": 6, "not answered": 8, "hung up": 8}
THROTTLED, BAD_DESTINATION = 0x58, 0x0B


@dataclass(frozen=True)
class Taken:
    """A text that will be delivered, whatever the sender was told."""

    text: str
    number: str
    at: float
    told: bool


class WorldSmsc:
    """`on_submit(number, text)` is told of each submit_sm as it comes in."""

    def __init__(self, loop: Any, chance: random.Random, note: Callable[..., None]) -> None:
        self.loop, self.chance, self.note = loop, chance, note
        self.on_submit: Callable[[str, str], None] = lambda _number, _text: None
        self.taken: list[Taken] = []
        self.sessions: set[_Session] = set()
        self.port = 2775

    async def listen(self) -> None:
        await self.loop.create_server(lambda: _Session(self), "127.0.0.1", self.port)

    def drop(self) -> None:
        for session in list(self.sessions):
            session.transport.abort()


class _Session(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, smsc: WorldSmsc) -> None:
        self._smsc, self._framer, self._sequence = smsc, Framer(), 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._smsc.sessions.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._smsc.sessions.discard(self)

    def data_received(self, data: bytes) -> None:
        self._framer.feed(data)
        while (frame := self._framer.next()) is not None:
            self._take(decode(frame))

    def _take(self, pdu: Pdu) -> None:
        match pdu.command:
            case commands.Bind(type=kind):
                self._say(pdu.sequence, commands.BindResp(kind, "world"))
            case commands.EnquireLink():
                self._say(pdu.sequence, commands.EnquireLinkResp())
            case commands.Unbind():
                self._say(pdu.sequence, commands.UnbindResp())
                self.transport.close()
            case commands.SubmitSm() as submit:
                self._submitted(pdu.sequence, submit)
            case _:
                pass

    def _submitted(self, sequence: int, submit: commands.SubmitSm) -> None:
        smsc, number = self._smsc, f"+{submit.destination.value.removeprefix('+')}"
        text = submit.short_message.decode("latin-1")
        smsc.on_submit(number, text)
        end = smsc.chance.choices(list(ENDS), list(ENDS.values()))[0]
        smsc.note(f"text {end}", number, text)
        if end.startswith("refused"):
            code = THROTTLED if end == "refused for now" else BAD_DESTINATION
            self._say(sequence, commands.SubmitSmResp(), code)
            return
        smsc.taken.append(Taken(text, number, smsc.loop.time(), told=end == "answered"))
        smsc_id = str(1_000_000 + len(smsc.taken))
        if end == "hung up":
            self.transport.abort()
        elif end == "answered":
            smsc.loop.call_later(
                smsc.chance.uniform(0, 0.2), self._say, sequence, commands.SubmitSmResp(smsc_id), status.OK
            )
            for _ in range(smsc.chance.choice([0, 1, 1, 1, 2])):  # now and then twice, or before the answer
                smsc.loop.call_later(smsc.chance.choice([0.0, 1.0, 8.0]), self._deliver, submit, smsc_id)

    def _deliver(self, submit: commands.SubmitSm, smsc_id: str) -> None:
        state = self._smsc.chance.choice(["DELIVRD"] * 4 + ["UNDELIV"])
        told = f"id:{smsc_id} sub:001 dlvrd:001 submit date:2605040900 done date:2605040901 stat:{state} err:000 text:"
        self._sequence += 1
        address = Address(1, 1, submit.destination.value.removeprefix("+"))
        self._say(
            self._sequence,
            commands.DeliverSm(source=address, short_message=told.encode(), esm_class=commands.ESM_RECEIPT),
        )

    def _say(self, sequence: int, command: commands.Command, code: int = status.OK) -> None:
        if self in self._smsc.sessions:
            self.transport.write(encode(Pdu(sequence, command, code)))
