"""An SMSC that is scripted octet by octet: what no real server can be made to do in the middle of a PDU."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from sms import commands
from sms.address import Address
from sms.commands import BindType, Pdu
from sms.framing import Framer
from sms.pdu import decode, encode
from sms.session import LAST_SEQUENCE, Session
from sms.settings import GatewayState
from sms.submission import Accepted, OutgoingPart, Refused, SubmitResult, Unknown

from .conftest import Connect, Esme, until

WINDOW = 4
RECEIPT = "id:{} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:"


@dataclass
class Line:
    """The SMSC's end of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def __post_init__(self) -> None:
        self._framer = Framer()

    async def hears(self) -> Pdu:
        while (frame := self._framer.next()) is None:
            data = await self.reader.read(4096)
            assert data, "the gateway hung up"
            self._framer.feed(data)
        return decode(frame)

    async def submissions(self, many: int = WINDOW) -> list[int]:
        """The sequence numbers of so many submit_sm."""
        return [(await self.hears()).sequence for _ in range(many)]

    async def says(self, *octets: bytes, pieces: int = 1 << 20) -> None:
        data = b"".join(octets)
        for at in range(0, len(data), pieces):
            self.writer.write(data[at : at + pieces])
            await self.writer.drain()
            await asyncio.sleep(0)

    async def binds(self) -> "Line":
        bind = await self.hears()
        assert isinstance(bind.command, commands.Bind)
        # An enquiry before the answer is no answer.
        await self.says(encode(Pdu(77, commands.EnquireLink())))
        assert await self.hears() == Pdu(77, commands.EnquireLinkResp())
        await self.says(encode(Pdu(bind.sequence, commands.BindResp(BindType.TRANSCEIVER, "scripted"))), pieces=1)
        return self


Script = Callable[[Line], Awaitable[None]]


@asynccontextmanager
async def scripted(connect: Connect, script: Script, **settings: Any) -> AsyncIterator[Esme]:
    """A gateway whose first connection is played by `script` after the bind; later ones are only bound."""
    faults: list[BaseException] = []
    scripts: list[Script] = [script]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await Line(reader, writer).binds()
            if scripts:
                await scripts.pop()(line)
            await reader.read(-1)
        except (AssertionError, ConnectionError) as fault:
            faults.append(fault)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, connect(port=server.sockets[0].getsockname()[1], window=WINDOW, **settings) as client:
        await client.bound()
        yield client
        await client.gateway.stop(0.2)
    assert not [fault for fault in faults if isinstance(fault, AssertionError)], faults


async def texts(client: Esme, many: int = WINDOW) -> Sequence[SubmitResult]:
    parts = [OutgoingPart(f"t{at}", "+41791112233", b"Hello", 0) for at in range(many)]
    return await asyncio.gather(*(client.submit(part) for part in parts))


def accepted(sequence: int) -> bytes:
    return encode(Pdu(sequence, commands.SubmitSmResp(f"id{sequence}")))


def header(command_id: int, code: int, sequence: int, length: int = 16) -> bytes:
    return b"".join(field.to_bytes(4) for field in (length, command_id, code, sequence))


def receipt(sequence: int, smsc_id: str) -> bytes:
    us, handset = Address(5, 0, "Clinic"), Address(1, 1, "41791112233")
    return encode(Pdu(sequence, commands.DeliverSm(handset, us, RECEIPT.format(smsc_id).encode(), esm_class=4)))


@pytest.mark.req("M3", "M4")
@pytest.mark.parametrize("pieces", [1, 7, 1 << 20])
async def test_answers_backwards_twice_unknown_bare_and_after_their_receipts(connect: Connect, pieces: int) -> None:
    async def script(line: Line) -> None:
        first, second, third, fourth = await line.submissions()
        await line.says(
            receipt(500, f"id{fourth}"),
            accepted(9999), accepted(fourth), accepted(fourth), accepted(0x7FFFFFFF),
            encode(Pdu(third, commands.GenericNack(), 3)),
            header(0x80000004, 0x0B, second),  # a refusal without a body, §4.4.2
            accepted(first), encode(Pdu(third, commands.SubmitSmResp("too late"))),
            pieces=pieces,
        )  # fmt: skip

    async with scripted(connect, script) as client:
        first, second, third, fourth = await texts(client)
        assert isinstance(first, Accepted)
        assert isinstance(second, Refused)
        assert (second.name, isinstance(third, Refused)) == ("ESME_RINVDSTADR", True)
        assert isinstance(fourth, Accepted)
        await until(lambda: client.receipts, "the receipt")
        assert client.receipts[0].smsc_id == fourth.smsc_id
        assert (client.gateway.describe().counts.binds, client.gateway.describe().in_flight) == (1, 0)


@pytest.mark.req("M1")
async def test_sequence_numbers_begin_anew_and_their_answers_are_found(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sms.link.Session", partial(Session, first_sequence=LAST_SEQUENCE - 2))  # the bind's
    heard: list[int] = []

    async def script(line: Line) -> None:
        heard.extend(await line.submissions())
        await line.says(*(accepted(sequence) for sequence in reversed(heard)))

    async with scripted(connect, script) as client:
        results = await texts(client)
        assert heard == [LAST_SEQUENCE - 1, LAST_SEQUENCE, 1, 2]
        assert results == [Accepted(f"id{sequence}") for sequence in heard]


@pytest.mark.req("M4")
@pytest.mark.parametrize(
    "last",
    [b"", accepted(2)[:9], b"\xff" * 40, header(5, 0, 9, 1 << 30), b"\0" * 16],
    ids=["cut", "torn", "garbage", "over-long", "no-length"],
)
async def test_the_stream_ends_with_a_full_window(connect: Connect, last: bytes) -> None:
    """What was not answered by then is unknown, and is not sent again on the next connection."""

    async def script(line: Line) -> None:
        sequences = await line.submissions()
        await line.says(accepted(sequences[-1]), last)
        if len(last) < 16:  # no more than a piece of a header: the end must come from this side
            line.writer.close()

    async with scripted(connect, script) as client:
        *unknown, answered = await texts(client)
        assert {type(result) for result in unknown} == {Unknown}
        assert isinstance(answered, Accepted)
        await until(lambda: client.gateway.describe().counts.binds == 2, "the next bind")
        assert client.gateway.state is GatewayState.BOUND
        assert client.gateway.describe().in_flight == 0
