"""Replies over a real SMSC: the strategy goes on, STOP is confirmed once and holds, long replies are put together."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from sms.lab.smsc import Smsc
from tests.support.invariants import check
from tests.support.rig import rig, strategy, text

FIRST = 900  # numbers from here on are this file's
ASK = {**text("replied", timeout="1h"), "out": {"replied": "thanks", "otherwise": "end"}}
THANKS = {**text(), "id": "thanks"}
ONE, TWO = (number(Callee.ANSWER, FIRST + i) for i in range(2))


@pytest.fixture
async def smsc(tmp_path: Path) -> AsyncIterator[Smsc]:
    started = Smsc(tmp_path / "smsc", receipts="none")
    await started.start()
    yield started
    await started.stop()


@pytest.mark.req("M5", "D7")
async def test_a_reply_goes_on_and_a_stop_ends_it_all(lab: Lab, tmp_path: Path, smsc: Smsc):
    async with rig(lab, tmp_path, smsc=smsc) as running:
        campaign = await running.campaign([ONE, TWO], strategy(ASK, THANKS), sms_gateway="smsc")
        await running.publish(campaign)
        await running.until(lambda: len(smsc.ledger()) == 2, "two texts")
        us = smsc.ledger()[0].source
        long = [b"\x05\x00\x03\x07\x02\x01I am ", b"\x05\x00\x03\x07\x02\x02very happy"]
        for part in reversed(long):
            await smsc.tell("reply", source=ONE[1:], destination=us, octets=part.hex(), esm_class=0x40)
        await running.until(lambda: len(smsc.ledger()) == 3, "the answer to the reply")
        for _ in range(2):
            await smsc.tell("reply", source=TWO[1:], destination=us, text="Stop.")
        await running.until(lambda: len(smsc.ledger()) == 4, "the confirmation of the stop")
        one, two = await running.done(campaign)
        assert [data["text"] for data in one.data("replied")] == ["I am very happy"]
        assert one.statuses == ["submitted", "submitted"]
        assert [data["stop"] for data in two.data("replied")] == [True]
        assert two.statuses == ["submitted"], "no thanks to who has asked for peace"
        sent = smsc.ledger()[-1]
        assert (sent.destination, sent.source, sent.text) == (
            TWO[1:],
            us,
            running.ctx.settings.replies.stop_confirmation,
        )
        assert sent.validity_period, "a handset that is off does not get it in the night"
        answered = [record["status"] for record in smsc.records() if record["what"] == "reply_resp"]
        assert answered == [0, 0, 0, 0], "each is acknowledged"
        await check(running.ctx.db, settled=True)
