"""Test messages against an SMSC: once, in parts, by the gateway's own settings, and what the SMSC makes of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from config.settings import Settings
from dialer.domain.errors import Conflict
from dialer.domain.gateway import SmsGateway
from dialer.engine.alone import VALID
from dialer.engine.board import Board
from dialer.engine.sms_gateways import SmsGateways
from dialer.engine.text_log import TextLog
from dialer.operations import do_not_contact, trials
from dialer.operations.context import Context, NoEngine
from dialer.operations.do_not_contact import NewEntry
from dialer.store import gateways
from dialer.store.database import Database
from dialer.store.migrate import upgrade
from dialer.store.types import AnyRow
from sms.lab.smsc import Smsc
from tests.support.databases import SQLITE, made_ready
from tests.support.waiting import until

pytestmark = pytest.mark.req("M1", "M2", "M3", "M4")
NUMBER = "+491701234567"


class Signals(NoEngine):
    """As much of the engine as test messages need."""

    def __init__(self) -> None:
        self.gateways: SmsGateways

    def why_no_text(self, gateway_id: str) -> str | None:
        return self.gateways.why_no_text(gateway_id)

    def trial_added(self, trial_id: int) -> None:
        self.gateways.trying.send(trial_id)


@dataclass
class Node:
    """The SMS gateways of a server, over a store that outlives it."""

    ctx: Context
    gateways: SmsGateways
    board: Board

    async def ask(self, text: str = "Hello") -> int:
        return int((await trials.ask(self.ctx, "texts", NUMBER, text, "ann")).id)

    async def now(self, trial_id: int) -> AnyRow:
        return await trials.get(self.ctx, "texts", trial_id)

    async def becomes(self, trial_id: int, status: str) -> AnyRow:
        async def is_it() -> bool:
            return bool((await self.now(trial_id)).status == status)

        await until(is_it, status)
        return await self.now(trial_id)

    @property
    def is_bound(self) -> bool:
        return self.gateways.why_no_text("texts") is None


@asynccontextmanager
async def node(folder: Path, smsc: Smsc, **settings: object) -> AsyncIterator[Node]:
    signals = Signals()
    url = f"{SQLITE}{folder}/dialer.db"
    await made_ready(url)
    ctx = Context(Database(url), Settings(data_dir=folder / "data"), signals)
    try:
        await upgrade(ctx.db)
        await trials.lose_unanswered(ctx)
        account = SmsGateway(name="texts", host="127.0.0.1", port=smsc.port, system_id="me", sender="Shop", **settings)  # type: ignore[arg-type]
        async with ctx.db.write() as tx:
            if await gateways.get(tx, "texts") is None:
                await gateways.add(tx, "texts", account, ctx.clock())
        board = Board(ctx)
        await board.load()
        async with asyncio.TaskGroup() as tasks:
            log = TextLog(ctx, start=tasks.create_task)
            signals.gateways = SmsGateways(ctx, board, log, start=tasks.create_task, changed=lambda: None)
            await signals.gateways.load()
            running = Node(ctx, signals.gateways, board)
            await until(lambda: running.is_bound, "the bind")
            yield running
            await signals.gateways.stop()
    finally:
        await ctx.db.close()


async def test_it_is_sent_once_and_delivered(tmp_path: Path, smsc: Smsc) -> None:
    async with node(tmp_path, smsc) as running:
        row = await running.becomes(await running.ask(), "delivered")
        assert row.submitted_at is not None
        assert row.final_at is not None
    (sent,) = smsc.ledger()
    assert (sent.destination, sent.source, sent.text, sent.registered_delivery) == ("491701234567", "Shop", "Hello", 1)
    valid_s = datetime.fromisoformat(sent.validity_period).timestamp() - sent.at
    assert 0 < valid_s <= VALID.total_seconds() + 1, "not in the night"


@pytest.mark.parametrize("receipts", ["before", "after"])
async def test_the_parts_of_a_long_one_follow_each_other(tmp_path: Path, smsc: Smsc, receipts: str) -> None:
    await smsc.set(receipts=receipts, receipt_copies=2, id_form="hex_decimal")
    text = "\N{SNOWMAN} " * 60
    async with node(tmp_path, smsc) as running:
        row = await running.becomes(await running.ask(text.strip()), "delivered")
    assert (row.parts, len(smsc.ledger())) == (2, 2)
    assert [one.payload[:6].hex()[:6] for one in smsc.ledger()] == ["050003", "050003"]


async def test_a_refusal_is_told_in_words(tmp_path: Path, smsc: Smsc) -> None:
    await smsc.set(refuse=[["^49", 0x0B]])
    async with node(tmp_path, smsc) as running:
        row = await running.becomes(await running.ask("x" * 200), "failed")
    assert row.error == "ESME_RINVDSTADR: destination address is invalid"
    assert len(smsc.ledger()) == 1, "the second part stays here"


async def test_undelivered_says_the_code_of_the_smsc(tmp_path: Path, smsc: Smsc) -> None:
    await smsc.set(undelivered=[["^49", 5]])
    async with node(tmp_path, smsc) as running:
        row = await running.becomes(await running.ask(), "undelivered")
    assert row.error is not None
    assert row.error.startswith("undeliverable")


async def test_one_that_is_refused_for_the_moment_is_tried_again(tmp_path: Path, smsc: Smsc) -> None:
    await smsc.set(refuse=[["^49", 0x58]])
    async with node(tmp_path, smsc) as running:
        trial_id = await running.ask()
        await until(lambda: len(smsc.ledger()) == 1, "the refusal")
        await smsc.set(refuse=[])
        await running.becomes(trial_id, "delivered")
    assert [one.status for one in smsc.ledger()] == [0x58, 0]


async def test_a_number_that_says_stop_meanwhile_gets_no_second_try(tmp_path: Path, smsc: Smsc) -> None:
    await smsc.set(refuse=[["^49", 0x58]])
    async with node(tmp_path, smsc) as running:
        trial_id = await running.ask()
        await until(lambda: len(smsc.ledger()) == 1, "the refusal")
        await do_not_contact.add(running.ctx, [NewEntry(NUMBER)])
        await smsc.set(refuse=[])
        row = await running.becomes(trial_id, "failed")
    assert row.error is not None
    assert row.error.startswith("the number came onto the do-not-contact list (the SMSC said ESME_RTHROTTLED")
    assert len(smsc.ledger()) == 1


async def test_an_unanswered_one_is_lost_and_corrected_by_a_late_answer(tmp_path: Path, smsc: Smsc) -> None:
    await smsc.set(answer=False, receipts="none")
    async with node(tmp_path, smsc, response_timeout_s=0.3) as running:
        trial_id = await running.ask()
        await running.becomes(trial_id, "lost")
        await smsc.tell("answer_late")
        await running.becomes(trial_id, "submitted")
    assert len(smsc.ledger()) == 1


async def test_a_gateway_that_is_down_refuses_it(tmp_path: Path, smsc: Smsc) -> None:
    async with node(tmp_path, smsc) as running:
        await smsc.kill()
        await until(lambda: not running.is_bound, "the loss of the link")
        with pytest.raises(Conflict, match=r"'texts' is (down|connecting): .+: send the test message when it is bound"):
            await running.ask()
        await smsc.start()
        await until(lambda: running.is_bound, "the bind")
        await running.becomes(await running.ask(), "delivered")
    assert len(smsc.ledger()) == 1


async def test_it_is_not_sent_again_by_the_next_start(tmp_path: Path, smsc: Smsc) -> None:
    await smsc.set(answer=False)
    async with node(tmp_path, smsc) as running:
        trial_id = await running.ask()
        await until(lambda: len(smsc.ledger()) == 1, "the submit")
        await smsc.set(answer=True)
        async with node(tmp_path, smsc) as next_one:
            assert (await next_one.now(trial_id)).status == "lost"
            second = await next_one.ask("Another")
            await next_one.becomes(second, "delivered")
        assert [one.text for one in smsc.ledger()] == ["Hello", "Another"]
        await smsc.tell("drop")
