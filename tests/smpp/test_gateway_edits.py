"""A gateway that is edited while texts are under way: they keep their answers, and those behind them wait."""

from pathlib import Path

import pytest

from dialer.domain.gateway import ADAPTER
from dialer.operations import trials
from dialer.store import gateways
from sms.lab.smsc import Smsc
from tests.smpp.test_trials import Node, node
from tests.support.waiting import until

pytestmark = pytest.mark.req("M1", "M4")


async def _edit(running: Node, **changes: object) -> None:
    async with running.ctx.db.write() as tx:
        row = await gateways.row(tx, "texts")
        assert row is not None
        settings = ADAPTER.validate_python({**row.settings, **changes})
        await gateways.edit(tx, "texts", settings, running.ctx.clock())
    await running.board.load()
    await running.gateways.load()


async def test_a_price_ends_no_link(tmp_path: Path, smsc: Smsc) -> None:
    """An SMSC that is slower than the end of a link would leave what is under way lost."""
    await smsc.set(answer=False)
    async with node(tmp_path, smsc) as running:
        trial = await running.ask()
        await until(lambda: len(smsc.ledger()) == 1, "the submit")
        before = running.gateways.of("texts")
        await _edit(running, segment_price=0.07, currency="EUR", longest_validity_h=2)
        assert running.gateways.of("texts") is before
        await smsc.set(answer=True)
        await smsc.tell("answer_late")
        await running.becomes(trial, "delivered")
        found = running.gateways.get("texts")
        assert found is not None
        assert found.settings.segment_price == 0.07


async def test_it_is_there_while_the_old_link_ends(tmp_path: Path, smsc: Smsc) -> None:
    """Else a text that comes to it meanwhile fails, as if there were no such gateway."""
    await smsc.set(answer=False)
    async with node(tmp_path, smsc) as running:
        first = await running.ask()
        await until(lambda: len(smsc.ledger()) == 1, "the submit")
        await _edit(running, sender="Other")
        found = running.gateways.of("texts")
        assert found is not None
        assert not found.is_bound
        assert (await running.now(first)).status == "pending", "its link still waits for the answer"
        await _edit(running, sender="Third")
        await smsc.set(answer=True)
        await smsc.tell("answer_late")
        await until(lambda: running.is_bound, "the new link")
        assert (await running.becomes(first, "delivered")).sender == "Shop"
        row = await running.becomes(
            (await trials.ask(running.ctx, "texts", "+491701234567", "Hi", "ann")).id, "delivered"
        )
        assert row.sender == "Third"
    assert [record["what"] for record in smsc.records() if record["what"] in {"bind", "unbind"}][:3] == [
        "bind",
        "unbind",
        "bind",
    ]
