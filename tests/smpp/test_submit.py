"""Segments out, receipts and replies in, against an SMSC of another project."""

import asyncio
from datetime import datetime, timedelta
from itertools import groupby

import pytest

from sms.address import Addressing
from sms.alphabet import Encoding
from sms.lab.smsc import Smsc, Submitted
from sms.receipt import MessageState
from sms.settings import GatewayState
from sms.status import Kind
from sms.submission import Accepted, Refused, SubmitResult
from sms.text import LongTexts

from .conftest import EITHER, Connect, until

LONG = "The appointment is moved. " * 12


def accepted_ids(results: list[SubmitResult]) -> list[str]:
    accepted = [result for result in results if isinstance(result, Accepted)]
    assert accepted == results
    return [result.smsc_id for result in accepted]


@pytest.mark.req("M1", "M3")
async def test_a_text_is_accepted_and_its_receipt_matches(smsc: Smsc, connect: Connect) -> None:
    async with connect() as client:
        (smsc_id,) = accepted_ids(await client.send("Hello", validity=timedelta(days=1)))
        await until(lambda: client.receipts, "the receipt")
        (receipt,) = client.receipts
        assert (receipt.smsc_id, receipt.state, receipt.final) == (smsc_id, MessageState.DELIVERED, True)
        assert receipt.destination == "41791112233"
    (sent,) = smsc.ledger()
    assert (sent.text, sent.destination, sent.source, sent.source_ton) == ("Hello", "41791112233", "Clinic", 5)
    assert sent.registered_delivery == 1
    # The SMSC has read our relative form, and shows when the validity ends.
    ends = datetime.fromisoformat(sent.validity_period).timestamp()
    assert ends - sent.at == pytest.approx(timedelta(days=1).total_seconds(), abs=2)


@pytest.mark.req("M1", "M2", "M3")
@EITHER
@pytest.mark.parametrize(("text", "data_coding"), [("Hello", 0), (LONG, 0), ("Привет", 8), ("😀" * 80, 8)])
async def test_parts_arrive_in_order_with_their_receipts(
    smsc: Smsc, connect: Connect, text: str, data_coding: int
) -> None:
    async with connect() as client:
        sent = accepted_ids(await client.send(text, validity=timedelta(days=1)))
        await until(lambda: len(client.receipts) == len(sent), "the receipts")
        assert sorted(receipt.smsc_id for receipt in client.receipts) == sorted(sent)
        assert {(receipt.state, receipt.final) for receipt in client.receipts} == {(MessageState.DELIVERED, True)}
    ledger = smsc.ledger()
    assert {(row.data_coding, row.registered_delivery, row.destination) for row in ledger} == {
        (data_coding, 1, "41791112233")
    }
    assert all(row.validity_period for row in ledger)
    headers = {row.payload[:6] if row.esm_class & 0x40 else b"" for row in ledger}
    assert len(headers) == len(ledger) == len(sent)
    bodies = [
        row.payload[6 if row.esm_class & 0x40 else 0 :] for row in sorted(ledger, key=lambda row: row.payload[:6])
    ]
    assert b"".join(bodies).decode("utf-16-be" if data_coding else "ascii") == text


@pytest.mark.req("M2")
async def test_long_texts_are_carried_as_the_smsc_wants_them(smsc: Smsc, connect: Connect) -> None:
    for long in LongTexts:
        async with connect(long_texts=long) as client:
            accepted_ids(await client.send(LONG))
    short, wide, sar, (payload,) = (list(group) for _, group in groupby(smsc.ledger(), key=_carried))
    for headed in (short, wide):
        assert "".join(sent.text or "" for sent in sorted(headed, key=lambda sent: sent.payload[:7])) == LONG
    assert {sent.payload[0] for sent in short} == {5}
    assert {sent.payload[0] for sent in wide} == {6}
    assert "".join(sent.text or "" for sent in sorted(sar, key=lambda sent: sent.sar[2])) == LONG
    assert {(sent.sar[1], sent.esm_class) for sent in sar} == {(3, 0)}
    assert (payload.message_payload, payload.esm_class) == (LONG, 0)


def _carried(sent: Submitted) -> str:
    if sent.message_payload:
        return "payload"
    return "sar" if sent.sar else f"header of {sent.payload[0]}"


@pytest.mark.req("M1")
async def test_addresses_as_the_smsc_wants_them(smsc: Smsc, connect: Connect) -> None:
    addressing = Addressing(sender_ton=3, sender_npi=9, number_ton=0, number_npi=0, number_prefix="00")
    async with connect(addressing=addressing) as client:
        accepted_ids(await client.send("Hello"))
    (sent,) = smsc.ledger()
    assert (sent.source, sent.source_ton, sent.source_npi) == ("Clinic", 3, 9)
    assert (sent.destination, sent.destination_ton, sent.destination_npi) == ("0041791112233", 0, 0)


@pytest.mark.req("M2")
async def test_near_characters_are_sent_where_the_gateway_says_so(smsc: Smsc, connect: Connect) -> None:
    for transliterate in (False, True):
        async with connect(transliterate=transliterate) as client:
            accepted_ids(await client.send("It’s “on” – café"))
    assert [(sent.text, sent.data_coding) for sent in smsc.ledger()] == [
        ("It’s “on” – café", 8),
        ('It\'s "on" - café', 0),
    ]


@pytest.mark.req("M2")
@pytest.mark.parametrize(("text", "parts"), [("Işık", 1), ("Şimdi " * 40, 2)])
async def test_a_national_table_is_named_in_the_header_of_each_part(
    smsc: Smsc, connect: Connect, text: str, parts: int
) -> None:
    async with connect(national=Encoding.TURKISH) as client:
        accepted_ids(await client.send(text))
        for sent in smsc.ledger():
            # As a handset would send it back: the reading end is the same.
            await smsc.tell(
                "reply", source="41791112233", destination="Clinic", octets=sent.payload.hex(), esm_class=sent.esm_class
            )
        await until(lambda: len(client.replies) == parts, "what was sent")
    assert [(sent.data_coding, sent.esm_class) for sent in smsc.ledger()] == [(0, 0x40)] * parts
    assert all(b"\x24\x01\x01" in sent.payload[:9] for sent in smsc.ledger())
    assert "".join(reply.text for reply in sorted(client.replies, key=lambda reply: reply.number)) == text


@pytest.mark.req("M2")
@pytest.mark.parametrize(
    ("text", "parts", "data_coding"),
    [
        ("Price: 5 € [net] {or} ~ ^ | \\", 1, 0),
        ("Grüße, Ελλ? Ç @ £ $ ¥ § ¿", 8, None),
        ("Привет 😀", 1, 8),
        (LONG, 3, 0),
        (LONG + "€", 3, 0),
        ("😀" * 80, 3, 8),
    ],
    ids=["extension", "greek-small", "emoji", "long", "long-euro", "long-emoji"],
)
async def test_texts_arrive_whole(smsc: Smsc, connect: Connect, text: str, parts: int, data_coding: int | None) -> None:
    async with connect() as client:
        results = await client.send(text)
    accepted_ids(results)
    ledger = sorted(smsc.ledger(), key=lambda sent: sent.payload[:6] if sent.esm_class & 0x40 else b"")
    if data_coding is None:
        # Small Greek letters are not in GSM-7.
        assert [sent.data_coding for sent in ledger] == [8]
    else:
        assert (len(ledger), {sent.data_coding for sent in ledger}) == (parts, {data_coding})
    # Joined by the SMSC's own decoder, not by ours.
    assert "".join(sent.text or "" for sent in ledger) == text
    if len(ledger) > 1:
        assert [sent.payload[4:6] for sent in ledger] == [bytes([len(ledger), at + 1]) for at in range(len(ledger))]
        assert len({sent.payload[3] for sent in ledger}) == 1


@pytest.mark.req("M3")
@pytest.mark.parametrize("id_form", ["same", "hex_decimal", "decimal_hex", "padded"])
@pytest.mark.parametrize("receipt_form", ["text", "tlv"])
async def test_receipts_match_in_every_form(smsc: Smsc, connect: Connect, id_form: str, receipt_form: str) -> None:
    await smsc.set(id_form=id_form, receipt_form=receipt_form)
    async with connect() as client:
        (smsc_id,) = accepted_ids(await client.send("Hello"))
        await until(lambda: client.receipts, "the receipt")
    stored = smsc_id.upper().lstrip("0")
    assert stored in client.receipts[0].keys
    assert client.receipts[0].state is MessageState.DELIVERED


@pytest.mark.req("M3")
@EITHER
async def test_a_receipt_before_the_response_is_handed_over(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(receipts="before", answer_delay_ms=100)
    async with connect() as client:
        sending = asyncio.create_task(client.send("Hello"))
        await until(lambda: client.receipts, "the receipt")
        assert not sending.done()
        (smsc_id,) = accepted_ids(await sending)
        assert client.receipts[0].smsc_id == smsc_id


@pytest.mark.req("M3")
async def test_a_receipt_twice_by_data_sm_in_single_octets(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(receipt_copies=2, receipt_command="data_sm", split_writes=True)
    async with connect() as client:
        await client.send("Hello")
        await until(lambda: len(client.receipts) == 2, "both receipts")
        assert client.receipts[0] == client.receipts[1]


@EITHER
async def test_undelivered(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(undelivered=[["99$", 5]])
    async with connect() as client:
        await client.send("Hello", "+41791112299")
        await until(lambda: client.receipts, "the receipt")
        (receipt,) = client.receipts
        assert (receipt.state, receipt.error, receipt.final) == (MessageState.UNDELIVERABLE, "001", True)


@pytest.mark.req("M3")
async def test_a_receipt_that_is_not_stored_comes_again(smsc: Smsc, connect: Connect) -> None:
    tries = 0

    async def fail_once() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("the store is locked")

    async with connect() as client:
        client.before_receipt = fail_once
        await client.send("Hello")
        await until(lambda: client.receipts, "the second receipt")
    assert [record["status"] for record in smsc.records() if record["what"] == "receipt_resp"] == [0x64, 0]


@pytest.mark.req("M3")
async def test_a_receipt_is_acknowledged_only_after_it_is_stored(smsc: Smsc, connect: Connect) -> None:
    stored, entered = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        entered.set()
        await stored.wait()

    async with connect() as client:
        client.before_receipt = slowly
        await client.send("Hello")
        await entered.wait()
        # The link goes on meanwhile, and the SMSC is still owed the acknowledgement.
        client.before_receipt = None
        await client.send("Another")
        assert client.receipts == []
        assert (await smsc.tell("state"))["owed"] == 2
        stored.set()
        await until(lambda: len(client.receipts) == 2, "both receipts")


@pytest.mark.req("M5")
@EITHER
async def test_a_reply(smsc: Smsc, connect: Connect) -> None:
    async with connect() as client:
        await client.bound()
        await smsc.tell("reply", source="41791112233", destination="Clinic", text="STOP")
        await until(lambda: client.replies, "the reply")
        (reply,) = client.replies
        assert (reply.source, reply.destination, reply.text) == ("41791112233", "Clinic", "STOP")


@pytest.mark.req("M4")
async def test_a_refusal_has_code_name_and_kind(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(refuse=[["99$", 0x0B], ["98$", 0x45F]])
    async with connect() as client:
        (permanent,) = await client.send("Hello", "+41791112299")
        (unknown,) = await client.send("Hello", "+41791112298")
        assert permanent == Refused(0x0B, "ESME_RINVDSTADR", Kind.PERMANENT, "destination address is invalid")
        assert unknown == Refused(0x45F, "0x0000045F", Kind.UNKNOWN, "the provider's own code")
        assert client.gateway.state is GatewayState.BOUND


@pytest.mark.req("M4")
async def test_a_nack_is_a_refusal(smsc: Smsc, connect: Connect) -> None:
    await smsc.set(nack=True)
    async with connect() as client:
        (result,) = await client.send("Hello")
        assert isinstance(result, Refused)
        assert (result.name, result.kind) == ("ESME_RINVCMDID", Kind.PERMANENT)


async def test_what_cannot_be_sent_is_refused_here(smsc: Smsc, connect: Connect) -> None:
    async with connect() as client:
        (number,) = await client.send("Hello", "not a number")
        (sender,) = await client.send("Hello", source="Far too long a sender")
        (validity,) = await client.send("Hello", validity=timedelta(days=400))
        assert [result.name for result in (number, sender, validity)] == [
            "ESME_RINVDSTADR",
            "ESME_RINVSRCADR",
            "ESME_RINVEXPIRY",
        ]
    assert smsc.ledger() == []
