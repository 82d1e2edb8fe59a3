"""What a dry run reads of the stores: contacts where they stand, do-not-contact lists, and calls that were made."""

import pytest

from dialer.domain.contact import Address
from dialer.domain.outcome import Outcome
from dialer.operations import do_not_contact, dry_runs
from dialer.operations.do_not_contact import NewEntry
from dialer.simulation import measured
from dialer.simulation.assumptions import Assumptions
from tests.support import builders as b
from tests.support import invariants
from tests.support.context import Bench
from tests.support.simulated import EXACT

pytestmark = pytest.mark.req("S7")


async def test_people_as_they_stand(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One is through, one waits for its text, one is listed, and one is new; read two at a time."""
    monkeypatch.setattr(dry_runs, "AT_ONCE", 2)
    campaign_id = await b.add_campaign(bench, b.call_wait_text())
    await b.load(bench, campaign_id, [b.person(1)])
    await b.publish(bench, campaign_id)
    await b.call_all(bench, campaign_id, Outcome.ANSWERED)
    await b.load(bench, campaign_id, [b.person(2)])
    await b.settle(bench, campaign_id)
    await b.call_all(bench, campaign_id, Outcome.NO_ANSWER)
    only_mail = b.person(5, addresses=(Address("five@example.com", voice=False, sms=False, email=True),))
    await b.load(bench, campaign_id, [b.person(3), b.person(4, first_name=""), only_mail])
    await do_not_contact.add(bench.ctx, [NewEntry(b.number(3), None, "asked")])
    assumed = Assumptions.model_validate({**EXACT, "answer_rate": 0.0})
    result = await dry_runs.simulate(bench.ctx, campaign_id, assumed)
    assert (result["contacts"], result["calls"], result["texts"]) == (4, 1, 1)
    assert {one["reason"]: one["contacts"] for one in result["unreached"]} == {
        "do-not-contact": 1,
        "no-address": 1,
        "not-answered": 1,  # and got no text, for want of a first name
    }
    assert result["reached"] == 1
    await invariants.check(bench.ctx.db)


async def test_rates_are_measured(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the campaign's own calls, or those of the others while it has too few."""
    monkeypatch.setattr(measured, "ENOUGH", 4)
    campaign_id = await b.add_campaign(bench)
    await b.load(bench, campaign_id, b.persons(5))
    await b.publish(bench, campaign_id)
    for request in await b.claim(bench, campaign_id):
        attempt_id = await b.intend_call(bench, request)
        assert attempt_id is not None
        await b.end_call(bench, attempt_id, Outcome.BUSY if request.contact_id % 2 else Outcome.ANSWERED)
    other = await b.add_campaign(bench, title="Other")
    await b.load(bench, other, b.persons(1, start=10))
    result = await dry_runs.simulate(bench.ctx, other, Assumptions(measured=True))
    assert result["assumptions"]["measured"] is True
    assert {result["assumptions"]["answer_rate"], result["assumptions"]["busy_share"]} == {0.4, 0.6}
    assert result["assumptions"]["talk_s"] == Assumptions().talk_s
