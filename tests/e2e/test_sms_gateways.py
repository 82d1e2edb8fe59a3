"""Texts over two real SMSCs: one stands in for the other, and what nobody knows of is sent again only where a step says so."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from dialer.domain.gateway import SmsGateway
from dialer.engine import texting
from dialer.store import gateways as stored
from sms.lab.smsc import Smsc
from tests.support.invariants import check
from tests.support.rig import Rig, rig, strategy, text

FIRST = 950  # numbers from here on are this file's


def people(first: int, many: int) -> list[str]:
    return [number(Callee.ANSWER, FIRST + first + i) for i in range(many)]


@pytest.fixture
async def smscs(tmp_path: Path) -> AsyncIterator[tuple[Smsc, Smsc]]:
    made = Smsc(tmp_path / "one", receipts="none"), Smsc(tmp_path / "two", receipts="none")
    for smsc in made:
        await smsc.start()
    yield made
    for smsc in made:
        await smsc.stop()


async def add(running: Rig, name: str, smsc: Smsc, **more: Any) -> None:
    account = SmsGateway(name=name, host="127.0.0.1", port=smsc.port, system_id="dialer", sender="Test", **more)
    async with running.ctx.db.write() as tx:
        await stored.add(tx, name, account, running.ctx.clock())
    await running.engine.gateways_changed()
    await running.until(lambda: (found := running.engine.texting.gateways.of(name)) and found.is_bound, "the bind")


@pytest.mark.req("M1", "M4")
async def test_another_gateway_takes_the_texts_while_the_first_is_down(
    lab: Lab, tmp_path: Path, smscs: tuple[Smsc, Smsc]
):
    one, two = smscs
    async with rig(lab, tmp_path, smsc=one) as running:
        await add(running, "second", two)
        gateways = running.engine.texting.gateways
        await running.until(lambda: gateways.of("smsc").is_bound, "the bind")
        named = {"sms_gateway": "smsc", "sms_fallbacks": ["second"]}
        first = await running.campaign(people(0, 5), strategy(text()), **named)
        await running.publish(first)
        await running.done(first)
        assert (len(one.ledger()), len(two.ledger())) == (5, 0)
        await one.kill()
        await running.until(lambda: not gateways.of("smsc").is_bound, "the loss to be noticed")
        second = await running.campaign(people(5, 5), strategy(text()), **named)
        await running.publish(second)
        stories = await running.done(second)
        assert len(two.ledger()) == 5
        assert {story.messages[0].gateway for story in stories} == {"second"}
        await check(running.ctx.db, settled=True)


@pytest.mark.req("M1", "M4")
async def test_texts_that_wait_for_their_turn_at_a_gateway_leave_by_another_when_its_link_is_lost(
    lab: Lab, tmp_path: Path, smscs: tuple[Smsc, Smsc]
):
    """At one a second as many as its window has room for wait, and no other text of the campaign would be begun."""
    one, two = smscs
    async with rig(lab, tmp_path) as running:
        await add(running, "first", one, messages_per_second=1)
        await add(running, "second", two)
        named = {"sms_gateway": "first", "sms_fallbacks": ["second"]}
        campaign = await running.campaign(people(40, 30), strategy(text()), **named)
        await running.publish(campaign)
        await running.until(lambda: len(one.ledger()) >= 2, "two texts")
        await one.kill()
        stories = await running.done(campaign)
        assert Counter(sent.destination for sent in (*one.ledger(), *two.ledger())) == {
            story.number.removeprefix("+"): 1 for story in stories
        }
        assert len(one.ledger()) < 30
        await check(running.ctx.db, settled=True)


@pytest.mark.req("M1")
async def test_a_step_whose_own_gateway_is_down_holds_up_no_texts_of_others(
    lab: Lab, tmp_path: Path, smscs: tuple[Smsc, Smsc], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(texting, "AWAY", timedelta(seconds=1))
    one, two = smscs
    async with rig(lab, tmp_path, smsc=one) as running:
        await add(running, "second", two)
        await two.kill()
        by_second = {**text(gateway="second"), "id": "second"}
        branch = {
            "id": "branch", "type": "branch", "out": {"rule1": "text", "otherwise": "second"},
            "fields": {"on": "first_name", "rules": [{"op": "eq", "value": "P29"}]},
        }  # fmt: skip
        campaign = await running.campaign(people(80, 30), strategy(branch, text(), by_second), sms_gateway="smsc")
        await running.publish(campaign)
        await running.until(lambda: len(one.ledger()) == 1, "the text of the last one")
        await two.start()
        stories = await running.done(campaign)
        assert (len(stories), len(one.ledger()), len(two.ledger())) == (30, 1, 29)
        await check(running.ctx.db, settled=True)


@pytest.mark.req("M4")
@pytest.mark.parametrize(("resend", "sent"), [(0, ["lost"]), (1, ["lost", "submitted"])])
async def test_a_text_without_an_answer_is_sent_again_only_where_the_step_says_so(
    lab: Lab, tmp_path: Path, smscs: tuple[Smsc, Smsc], resend: int, sent: list[str]
):
    smsc, _ = smscs
    async with rig(lab, tmp_path, smsc=smsc) as running:
        await smsc.set(answer=False)
        campaign = await running.campaign(
            people(20 + resend, 1), strategy(text(resend_lost=resend)), sms_gateway="smsc"
        )
        await running.publish(campaign)
        await running.until(lambda: len(smsc.ledger()) == 1, "the text")
        await smsc.set(answer=True)
        await smsc.tell("drop")
        (story,) = await running.done(campaign)
        assert story.statuses == sent
        assert len(smsc.ledger()) == len(sent)
        await check(running.ctx.db, settled=True)
