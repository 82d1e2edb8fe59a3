"""Who was put on a do-not-contact list is told so by "why not?", also when the strategy is over because of it (K13, D7)."""

import pytest

from dialer.domain.contact import Address
from dialer.operations import do_not_contact
from dialer.operations.do_not_contact import NewEntry
from dialer.operations.why_not import why_not
from tests.support import builders
from tests.support.builders import number, person
from tests.support.context import Bench


@pytest.mark.req("K13", "D7")
async def test_who_is_through_because_of_a_list_is_told_of_the_list(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    await builders.load(bench, campaign_id, [person(1)])
    await builders.publish(bench, campaign_id)
    await do_not_contact.add(bench.ctx, [NewEntry(number(1))])
    told = (await why_not(bench.ctx, campaign_id, 1)).reasons
    assert [one.code for one in told] == ["do-not-contact", "strategy-done"]
    assert number(1) in told[0].text


@pytest.mark.req("K13", "D7")
async def test_an_e_mail_address_lets_nobody_be_called(bench: Bench) -> None:
    """Before the campaign is published and after: no step can use what is not listed."""
    campaign_id = await builders.add_campaign(bench)
    both = (Address(number(1), voice=True, sms=True), Address("p1@example.com", email=True))
    await builders.load(bench, campaign_id, [person(1, addresses=both)])
    await do_not_contact.add(bench.ctx, [NewEntry(number(1))])
    told = (await why_not(bench.ctx, campaign_id, 1)).reasons
    assert {one.code for one in told} == {"campaign-unpublished", "not-entered", "do-not-contact"}
    await builders.publish(bench, campaign_id)
    told = (await why_not(bench.ctx, campaign_id, 1)).reasons
    assert [one.code for one in told] == ["do-not-contact", "strategy-done"]
