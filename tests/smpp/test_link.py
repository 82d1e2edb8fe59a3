"""Binding, losing and regaining the link, throttling and silence, against an SMSC of another project."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from dialer.domain.gateway import SmsGateway
from dialer.operations.text_settings import gateway_settings
from sms.backoff import Backoff
from sms.commands import BindType
from sms.lab.smsc import Smsc
from sms.settings import GatewayState
from sms.slots import GatewayStoppedError, SlotError
from sms.submission import Accepted, NotSent, OutgoingPart, Refused, SubmitResult, Unknown

from .conftest import EITHER, Connect, Esme, esme, until


def kinds(results: list[SubmitResult]) -> list[type]:
    return [type(result) for result in results]


@pytest.mark.req("M1")
@pytest.mark.parametrize("bind", ["transceiver", "transmitter", "receiver"])
@EITHER
async def test_binds_and_unbinds(smsc: Smsc, connect: Connect, bind: str) -> None:
    async with connect(bind=bind) as client:
        await client.bound()
        assert client.gateway.describe().reason.startswith("bound to ")
    assert client.gateway.state is GatewayState.STOPPED
    assert [record["what"] for record in smsc.records()] == ["bind", "unbind"]
    assert smsc.records()[0]["command"] == f"bind_{bind}"


@pytest.mark.req("M1")
@EITHER
async def test_several_binds_share_the_texts_and_one_receives(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(answer_delay_ms=50)
    async with connect(bind="separate", binds=2, window=3) as client:
        await until(lambda: client.gateway.describe().counts.binds == 3, "all binds")
        sending = asyncio.gather(*(client.send(f"Hello {n}", f"+417911122{n:02}") for n in range(12)))
        await until(lambda: client.gateway.describe().in_flight == 6, "both windows to be full")
        assert {(bind.type, bind.in_flight) for bind in client.gateway.describe().binds} == {
            ("transmitter", 3),
            ("receiver", 0),
        }
        assert all(kinds(results) == [Accepted] for results in await sending)
        await until(lambda: len(client.receipts) == 12, "the receipts")
    binds = [record["command"] for record in smsc.records() if record["what"] == "bind"]
    assert sorted(binds) == ["bind_receiver", "bind_transmitter", "bind_transmitter"]
    assert [record["what"] for record in smsc.records()].count("unbind") == 3


@pytest.mark.req("M1")
async def test_one_bind_that_is_lost_is_made_again_while_the_other_sends(smsc: Smsc, connect: Connect) -> None:
    async with connect(binds=2, window=1, reconnect=Backoff(0.5, 0.5)) as client:
        await until(lambda: client.gateway.describe().counts.binds == 2, "both binds")
        await smsc.tell("drop_one")
        await until(lambda: sum(bind.is_bound for bind in client.gateway.describe().binds) == 1, "the loss")
        assert client.gateway.state is GatewayState.BOUND
        assert kinds(await client.send("Hello")) == [Accepted]
        await until(lambda: client.gateway.describe().counts.binds == 3, "the other bind to be made again")


@pytest.mark.req("M1")
async def test_a_refusal_for_good_ends_all_binds(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(bind_status=0x0E)
    async with connect(binds=3) as client:
        await until(lambda: client.gateway.state is GatewayState.REFUSED, "the refusal")
        await asyncio.sleep(0.3)
        assert len(smsc.records()) <= 3


@pytest.mark.req("M1")
async def test_binds_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, *names, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    smsc = Smsc(tmp_path, tls_key=key, tls_cert=cert)
    await smsc.start()
    try:
        async with esme(smsc, tls=True, tls_ca=str(cert)) as client:
            assert kinds(await client.send("Hello")) == [Accepted]
        async with esme(smsc, tls=True) as client:
            # A certificate that nobody vouches for.
            await until(lambda: "certificate" in client.gateway.describe().reason, "the distrust")
            assert client.gateway.describe().counts.binds == 0
        # One whose authority is trusted for the whole server, by a gateway as it is stored.
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        account = SmsGateway(name="Safe", host="127.0.0.1", port=smsc.port, system_id="me", tls=True)
        client = Esme(smsc, gateway_settings("safe", account))
        running = asyncio.create_task(client.gateway.run())
        await client.bound()
        assert kinds(await client.send("Hello")) == [Accepted]
        await client.gateway.stop(2.0)
        await running
    finally:
        await smsc.stop()


@pytest.mark.req("M1")
@EITHER
async def test_a_wrong_password_ends_the_attempts(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(bind_status=0x0E)
    async with connect() as client:
        await until(lambda: client.gateway.state is GatewayState.REFUSED, "the refusal")
        assert client.gateway.describe().reason == "the bind is refused: ESME_RINVPASWD, password is wrong"
        await asyncio.sleep(0.3)
    assert len(smsc.records()) == 1


@pytest.mark.req("M1")
@EITHER
async def test_a_refusal_that_may_pass_is_tried_again(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(bind_status=0x0D)
    async with connect() as client:
        await until(lambda: len(smsc.records()) >= 2, "a second try")
        await smsc.set(bind_status=0)
        await client.bound()


@pytest.mark.req("M1")
@pytest.mark.parametrize("way", ["drop", "unbind"])
@EITHER
async def test_comes_back_after_the_smsc_ends_the_link(smsc: Smsc, connect: Connect, way: str) -> None:
    async with connect() as client:
        await client.bound()
        await smsc.tell(way)
        await until(lambda: client.gateway.describe().counts.binds == 2, "the second bind")
        assert kinds(await client.send("Hello")) == [Accepted]


@pytest.mark.req("M1", "M4")
@EITHER
async def test_survives_the_death_of_the_smsc(smsc: Smsc, connect: Connect) -> None:
    async with connect() as client:
        await smsc.set(answer=False)
        sending = asyncio.create_task(client.send("Hello"))
        await until(smsc.ledger, "the submission")
        await smsc.kill()
        # It was written, so it is never sent again.
        assert kinds(await sending) == [Unknown]
        await until(lambda: client.gateway.state is GatewayState.DOWN, "the loss")
        waiting = asyncio.create_task(client.send("After"))
        await smsc.start()
        await smsc.set(answer=True)
        await client.bound()
        await until(lambda: len(smsc.ledger()) == 2, "the second submission")
        await smsc.tell("answer_late")
        assert kinds(await waiting) == [Accepted]
    assert [sent.payload for sent in smsc.ledger()] == [b"Hello", b"After"]


@pytest.mark.req("M4")
async def test_a_link_lost_inside_a_slot_sends_nothing(smsc: Smsc, connect: Connect) -> None:
    async with connect(reconnect=Backoff(60, 60)) as client:
        async with client.gateway.slot():
            await smsc.tell("drop")
            await until(lambda: client.gateway.state is GatewayState.DOWN, "the loss")
            result = await client.gateway.submit(OutgoingPart("a", "+41791112233", b"Hello", 0))
        assert isinstance(result, NotSent)
    assert smsc.ledger() == []


@pytest.mark.req("M4")
@EITHER
async def test_no_answer_is_unknown_and_a_late_one_is_told(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(answer=False)
    async with connect(response_timeout_s=0.2) as client:
        assert await client.send("Hello") == [Unknown("no answer in 0.2 s")]
        await smsc.tell("answer_late")
        await until(lambda: client.late, "the late answer")
        ((ref, result),) = client.late
        assert ref == "1/1"
        assert isinstance(result, Accepted)
        await until(lambda: client.receipts, "the receipt")
        assert client.receipts[0].smsc_id == result.smsc_id
    assert len(smsc.ledger()) == 1


@pytest.mark.req("M4")
@pytest.mark.parametrize(("code", "name"), [(0x14, "ESME_RMSGQFUL"), (0x08, "ESME_RSYSERR"), (0x64, "ESME_RX_T_APPN")])
async def test_a_full_queue_and_a_busy_smsc_hold_the_whole_link_too(
    smsc: Smsc, connect: Connect, code: int, name: str
) -> None:
    async with connect(window=5, throttle=Backoff(0.4, 0.4)) as client:
        await smsc.set(refuse=[[".", code]])
        (result,) = await client.send("Hello")
        assert isinstance(result, Refused)
        assert (result.name, str(result.kind)) == (name, "temporary")
        assert client.gateway.state is GatewayState.THROTTLED
        await smsc.set(refuse=[])
        assert kinds(await client.send("Hello")) == [Accepted]
        assert len(smsc.ledger()) == 2


@pytest.mark.req("M4")
@pytest.mark.parametrize("code", [0x0B, 0x45, 0xFF, 0x45F])
async def test_a_refusal_for_good_or_of_unknown_kind_holds_nothing(smsc: Smsc, connect: Connect, code: int) -> None:
    await smsc.set(refuse=[["99$", code]])
    async with connect() as client:
        assert kinds(await client.send("Hello", "+41791112299")) == [Refused]
        assert client.gateway.state is GatewayState.BOUND


@pytest.mark.req("M4")
@EITHER
async def test_throttling_holds_the_whole_link(smsc: Smsc, connect: Connect) -> None:
    async with connect(window=5, throttle=Backoff(0.4, 0.4)) as client:
        await smsc.set(refuse=[[".", 0x58]])
        (result,) = await client.send("Hello")
        assert isinstance(result, Refused)
        assert (result.name, str(result.kind)) == ("ESME_RTHROTTLED", "temporary")
        assert client.gateway.state is GatewayState.THROTTLED
        assert "ESME_RTHROTTLED" in client.gateway.describe().reason
        await smsc.set(refuse=[])
        begun = asyncio.get_running_loop().time()
        assert kinds(await client.send("Hello")) == [Accepted]
        # `chance` is 0 here: half of 0.4 s is held, less the time of one command to the SMSC.
        assert asyncio.get_running_loop().time() - begun > 0.1
        assert client.gateway.describe().state is GatewayState.BOUND


@pytest.mark.req("M4")
@EITHER
async def test_pacing_below_the_limit_is_never_throttled(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(rate=100, receipts="none")
    async with connect(window=50, messages_per_second=80) as client:
        results = await asyncio.gather(*(client.send("Hello") for _ in range(120)))
        assert {kind for result in results for kind in kinds(result)} == {Accepted}
    assert len(smsc.ledger()) == 120


@pytest.mark.req("M4")
async def test_a_slot_left_without_a_segment_costs_nothing(connect: Connect) -> None:
    async with connect(messages_per_second=0.01) as client:
        await client.bound()
        begun = asyncio.get_running_loop().time()
        for _ in range(5):
            async with client.gateway.slot():
                pass
        assert asyncio.get_running_loop().time() - begun < 100.0


@pytest.mark.req("M1")
@EITHER
async def test_never_more_in_flight_than_the_window(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(answer=False, receipts="none")
    async with connect(window=3) as client:
        sending = [asyncio.create_task(client.send("Hello")) for _ in range(7)]
        for whole in (3, 6, 7):
            await until(lambda whole=whole: len(smsc.ledger()) == whole, f"{whole} submissions")
            assert client.gateway.describe().in_flight <= 3
            await smsc.tell("answer_late")
        await asyncio.gather(*sending)


@pytest.mark.req("M1")
@EITHER
async def test_enquires_when_idle_and_answers_enquiries(smsc: Smsc, connect: Connect) -> None:
    async with connect(enquire_link_s=0.1, response_timeout_s=1.5) as client:
        await client.bound()
        await smsc.tell("enquire")
        await asyncio.sleep(2.0)
        assert client.gateway.describe().counts.binds == 1


@pytest.mark.req("M1")
async def test_a_silent_peer_is_dropped(connect: Connect) -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server, connect(port=server.sockets[0].getsockname()[1], response_timeout_s=0.1) as client:
        await until(lambda: "does not answer (binding)" in client.gateway.describe().reason, "the loss")


async def test_garbage_ends_the_link_and_it_comes_back(smsc: Smsc, connect: Connect) -> None:
    async with connect() as client:
        await client.bound()
        await smsc.tell("raw", octets="ffffffff" * 8)
        await until(lambda: client.gateway.describe().counts.binds == 2, "the second bind")


@pytest.mark.req("M1")
@EITHER
async def test_stopping_drains_then_unbinds(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(answer_delay_ms=200, receipts="none")
    async with connect(window=2) as client:
        sending = [asyncio.create_task(client.send("Hello")) for _ in range(4)]
        await until(lambda: len(smsc.ledger()) == 2, "the first submissions")
        await client.gateway.stop(5.0)
        results = await asyncio.gather(*sending, return_exceptions=True)
    assert [type(result) for result in results] == [list, list, GatewayStoppedError, GatewayStoppedError]
    assert [kinds(result) for result in results[:2]] == [[Accepted], [Accepted]]
    assert [record["what"] for record in smsc.records()] == ["bind", "submit_sm", "submit_sm", "unbind"]


async def test_stops_in_time_though_the_smsc_is_stuck(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(answer=False)
    async with connect() as client:
        sending = asyncio.create_task(client.send("Hello"))
        await until(smsc.ledger, "the submission")
        begun = asyncio.get_running_loop().time()
        await client.gateway.stop(0.4)
        assert asyncio.get_running_loop().time() - begun < 30.0
        assert kinds(await sending) == [Unknown]


async def test_one_segment_a_slot(connect: Connect) -> None:
    part = OutgoingPart("a", "+41791112233", b"Hello", 0)
    async with connect() as client:
        with pytest.raises(SlotError):
            await client.gateway.submit(part)
        async with client.gateway.slot():
            await client.gateway.submit(part)
            with pytest.raises(SlotError):
                await client.gateway.submit(part)


async def test_the_password_is_never_shown(connect: Connect) -> None:
    async with connect() as client:
        assert "secret" not in repr(client.settings) + repr(client.settings.session(BindType.TRANSCEIVER)) + repr(
            client.gateway.describe()
        )
