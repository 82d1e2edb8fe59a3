"""What a crash or a stuck store may not lose, and that the lab's SMSC leaves nothing behind."""

import asyncio
import os
import signal
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sms import commands, inbox, link
from sms.backoff import Backoff
from sms.commands import Pdu
from sms.journal import Kind
from sms.lab.smsc import LabError, Smsc
from sms.pdu import encode
from sms.receipt import MessageState
from sms.settings import GatewaySettings, GatewayState
from sms.submission import Accepted, OutgoingPart, Unknown

from .conftest import Connect, Esme, until

PART = OutgoingPart("a", "+41791112233", b"Hello", 0)
open_connection = asyncio.open_connection
ROOT = Path(__file__).parents[2]
PARENT = """
import asyncio, pathlib, sys
from sms.lab.smsc import Smsc
async def main():
    smsc = Smsc(pathlib.Path(sys.argv[1]))
    await smsc.start()
    print(smsc._process.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


async def forever() -> None:
    await asyncio.Event().wait()


@pytest.mark.req("M3")
async def test_a_receipt_not_stored_before_the_end_comes_after_the_restart(connect: Connect) -> None:
    async with connect() as client:
        client.before_receipt = forever
        (result,) = await client.send("Hello")
        await until(lambda: client.gateway.describe().counts.receipts, "the receipt")
        await client.gateway.stop(0.2)
        assert client.receipts == []
    async with connect() as restarted:
        await until(lambda: restarted.receipts, "the receipt")
        assert isinstance(result, Accepted)
        assert restarted.receipts[0].smsc_id == result.smsc_id
        assert restarted.receipts[0].state is MessageState.DELIVERED


@pytest.mark.req("M3")
async def test_a_stuck_store_keeps_neither_the_link_nor_the_receipt(
    smsc: Smsc, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "HANDLER_TIMEOUT_S", 0.1)
    async with connect() as client:
        client.before_receipt = forever
        await client.send("Hello")
        await until(lambda: any(row["what"] == "receipt_resp" for row in smsc.records()), "the refusal")
        client.before_receipt = None
        await until(lambda: client.receipts, "the receipt")
        assert client.gateway.describe().counts.binds == 1


async def test_cancelling_the_run_leaves_nothing_running(smsc: Smsc) -> None:
    before = asyncio.all_tasks()
    client = Esme(smsc, GatewaySettings("lab", "127.0.0.1", smsc.port, "dialer", "secret"))
    running = asyncio.create_task(client.gateway.run())
    await client.bound()
    assert len(asyncio.all_tasks() - before) > 1
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == before
    assert client.gateway.state is GatewayState.STOPPED
    # Stopping what has ended is no fault.
    await client.gateway.stop(1.0)


async def test_the_ledger_outlives_the_smsc_and_the_port_stays(smsc: Smsc, connect: Connect) -> None:
    port = smsc.port
    async with connect() as client:
        await client.send("Before")
        await smsc.kill()
        with pytest.raises(LabError):
            await smsc.tell("state")
        await smsc.start()
        assert smsc.port == port
        await client.send("After")
    sent = smsc.ledger()
    assert [row.text for row in sent] == ["Before", "After"]
    assert len({row.smsc_id for row in sent}) == 2


async def test_a_receipt_that_nobody_can_read_is_acknowledged(smsc: Smsc, connect: Connect) -> None:
    unreadable = commands.DeliverSm(short_message=b"what?", esm_class=4)
    async with connect() as client:
        await client.bound()
        await smsc.tell("raw", octets=encode(Pdu(77, unreadable)).hex())
        await until(lambda: client.gateway.describe().counts.unreadable, "the receipt")
        # The link lives, and serves the next one.
        await client.send("Hello")
        await until(lambda: client.receipts, "the next receipt")
        assert client.gateway.describe().counts.binds == 1
        told = [(one.kind, one.detail) for one in client.gateway.describe().events]
        assert (Kind.UNREADABLE, "a receipt of esm_class 0x04") in told
        assert told[-1][0] is Kind.BOUND


async def test_a_late_answer_that_cannot_be_stored_does_no_harm(
    smsc: Smsc, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "HANDLER_TIMEOUT_S", 0.05)
    await smsc.set(answer=False, receipts="none")
    async with connect(response_timeout_s=0.1) as client:
        client.before_late = forever
        await client.send("Hello")
        await smsc.tell("answer_late")
        await until(lambda: client.gateway.describe().counts.accepted, "the late answer")
        assert [one.kind for one in client.gateway.describe().events] == [Kind.LATE, Kind.UNKNOWN, Kind.BOUND]
        await smsc.set(answer=True)
        assert isinstance((await client.send("Hello"))[0], Accepted)
        assert client.late == []


async def test_the_answer_to_a_caller_that_left_is_told_as_late(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(answer=False)
    async with connect() as client:
        sending = asyncio.create_task(client.send("Hello"))
        await until(smsc.ledger, "the submission")
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await smsc.tell("answer_late")
        await until(lambda: client.late, "the answer")
        assert client.late[0][0] == "1/1"


async def test_a_ref_in_flight_is_not_taken_twice(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(answer=False)
    async with connect() as client:
        sending = asyncio.create_task(client.submit(PART))
        await until(smsc.ledger, "the submission")
        with pytest.raises(ValueError, match="in flight already"):
            await client.submit(PART)
        await smsc.tell("answer_late")
        assert isinstance(await sending, Accepted)
    assert len(smsc.ledger()) == 1


async def test_nobody_listens(smsc: Smsc, connect: Connect) -> None:
    await smsc.kill()
    async with connect() as client:
        await until(lambda: "no connection" in client.gateway.describe().reason, "the failure")
        waiting = asyncio.create_task(client.submit(PART))
        await smsc.start()
        assert isinstance(await waiting, Accepted)


@pytest.mark.req("M1")
@pytest.mark.parametrize("host", ["smsc..example", f"{'x' * 64}.example", "."])
async def test_a_host_that_is_no_name_is_a_failed_connection_and_no_end_of_the_server(
    connect: Connect, host: str
) -> None:
    async with connect(host=host) as client:
        await until(lambda: "is no host's name" in client.gateway.describe().reason, "the failure")
        assert client.gateway.state in {GatewayState.DOWN, GatewayState.CONNECTING}


async def test_stopping_while_the_handshake_is_stuck(connect: Connect) -> None:
    accepted = asyncio.Event()

    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set()
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server, connect(port=server.sockets[0].getsockname()[1], tls=True) as client:
        await accepted.wait()
        begun = asyncio.get_running_loop().time()
        await client.gateway.stop(0.2)
        assert asyncio.get_running_loop().time() - begun < 30.0


async def test_a_peer_that_takes_no_octets_is_dropped(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    """It binds us, then never reads again: our octets pile up on the way to it, and no close can be sent."""
    monkeypatch.setattr(link, "HANG_UP_S", 0.05)
    monkeypatch.setattr(asyncio, "open_connection", with_a_small_buffer)
    loop = asyncio.get_running_loop()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        timing = {"response_timeout_s": 2.0, "enquire_link_s": 0.1, "reconnect": Backoff(60, 60)}
        async with connect(port=listener.getsockname()[1], window=200, **timing) as client:
            deaf, _ = await loop.sock_accept(listener)
            with deaf:
                await loop.sock_sendall(deaf, encode(Pdu(1, commands.BindResp(commands.BindType.TRANSCEIVER))))
                parts = [replace(PART, ref=str(at), payload=b"x" * 160) for at in range(200)]
                results = await asyncio.gather(*(client.submit(part) for part in parts))
                assert {type(result) for result in results} == {Unknown}
                await until(lambda: client.gateway.state is GatewayState.DOWN, "the loss")


async def with_a_small_buffer(*args: object, **kwargs: object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await open_connection(*args, **kwargs)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    return reader, writer


async def test_the_smsc_dies_with_its_parent(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 60))
    assert runs(pid)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await until(lambda: not runs(pid), "the end of the SMSC")


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Without an init that reaps it, an orphan that has ended stays as a zombie.
    return " Z " not in Path(f"/proc/{pid}/stat").read_text()
