"""Texts of a campaign at the SMSC: refused by kind, stopped by the validity period, and given no longer than its hours."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from dialer.domain.windows import Validity
from dialer.operations import campaigns
from sms.lab.smsc import Smsc
from tests.support.invariants import check
from tests.support.rig import rig, strategy, text
from tests.support.stories import states
from tests.support.written import Written

FIRST = 940  # numbers from here on are this file's
INVALID, QUEUE_FULL, UNKNOWN = 0x0B, 0x14, 0x45F


def now() -> datetime:
    return datetime.now(UTC)


def people(many: int, start: int = 0) -> list[str]:
    return [number(Callee.ANSWER, FIRST + start + i) for i in range(many)]


@pytest.fixture
async def smsc(tmp_path: Path) -> AsyncIterator[Smsc]:
    started = Smsc(tmp_path / "smsc", answer_delay_ms=20, receipts="none")
    await started.start()
    yield started
    await started.stop()


@pytest.mark.req("M4")
async def test_a_refusal_is_repeated_only_where_it_may_pass(lab: Lab, tmp_path: Path, smsc: Smsc) -> None:
    """Permanent and unknown: once, and the text has failed. Temporary: again, until the SMSC takes it."""
    for_good, for_now, unknown = people(3)
    codes = dict(zip((for_good, for_now, unknown), (INVALID, QUEUE_FULL, UNKNOWN), strict=True))
    await smsc.set(refuse=[[f"{one[1:]}$", code] for one, code in codes.items()])
    async with rig(lab, tmp_path, smsc=smsc) as running:
        campaign = await running.campaign([for_good, for_now, unknown], strategy(text()), sms_gateway="smsc")
        await running.publish(campaign)
        await running.until(lambda: len({one.destination for one in smsc.ledger()}) == 3, "three refusals")
        await smsc.set(refuse=[[f"{one[1:]}$", codes[one]] for one in (for_good, unknown)])
        found = {story.number: story for story in await running.done(campaign)}
        tried = Counter(one.destination for one in smsc.ledger())
        assert (tried[for_good[1:]], tried[unknown[1:]]) == (1, 1)
        assert tried[for_now[1:]] >= 2
        assert {one: story.statuses for one, story in found.items()} == {
            for_good: ["failed"], for_now: ["submitted"], unknown: ["failed"],
        }  # fmt: skip
        assert found[for_good].messages[0].error == "ESME_RINVDSTADR: destination address is invalid"
        assert [one.status for one in smsc.ledger() if one.status == 0] == [0], "one was taken"
        await check(running.ctx.db, settled=True)


@pytest.mark.req("C7", "C8", "C13", "M1")
async def test_a_validity_period_that_ends_stops_texts_and_extending_it_goes_on(
    lab: Lab, tmp_path: Path, smsc: Smsc, written: Written
) -> None:
    numbers = people(200, 10)
    async with rig(lab, tmp_path, smsc=smsc) as running:
        campaign = await running.campaign(numbers, strategy(text()), sms_gateway="smsc", calls_per_second=20)
        await smsc.set(answer_delay_ms=300)
        await running.publish(campaign)
        await running.until(lambda: len(smsc.ledger()) >= 10, "ten texts")
        until = now() + timedelta(seconds=1)
        await campaigns.edit(running.ctx, campaign, {"validity": Validity(until=until)})

        async def all_stopped() -> bool:
            return states(await running.stories(campaign))["pending"] == 0 and now() > until + timedelta(seconds=1)

        await running.until(all_stopped, "the stop")
        sent = smsc.ledger()
        assert len(sent) < len(numbers)
        # What was allowed a moment before the end is written a moment after it; longer on a busy machine.
        assert [at for at in written.texts if at > until + timedelta(seconds=0.5)] == []
        stopped = [s.place for s in await running.stories(campaign) if s.place.state == "stopped"]
        assert len(stopped) >= len(numbers) - len(sent)
        assert {place.stop_reason for place in stopped} == {"validity-period-expired"}
        await smsc.set(answer_delay_ms=0)
        await campaigns.edit(running.ctx, campaign, {"validity": Validity(until=now() + timedelta(hours=1))})
        await running.done(campaign)
        assert Counter(one.destination for one in smsc.ledger()) == {one[1:]: 1 for one in numbers}
        await check(running.ctx.db, settled=True)


@pytest.mark.req("M2", "C9")
@pytest.mark.parametrize(("wanted", "most"), [(None, timedelta(minutes=40)), ("5m", timedelta(minutes=5))])
async def test_the_smsc_may_not_try_longer_than_the_campaign_or_the_step_allows(
    lab: Lab, tmp_path: Path, smsc: Smsc, wanted: str | None, most: timedelta
) -> None:
    (one,) = people(1, 300 if wanted else 301)
    step = text(validity=wanted) if wanted else text()
    async with rig(lab, tmp_path, smsc=smsc) as running:
        validity = Validity(until=now() + timedelta(minutes=40))
        campaign = await running.campaign([one], strategy(step), sms_gateway="smsc", validity=validity)
        await running.publish(campaign)
        await running.done(campaign)
    (sent,) = smsc.ledger()
    ends = datetime.fromisoformat(sent.validity_period).timestamp()
    assert most - timedelta(minutes=1) <= timedelta(seconds=ends - sent.at) <= most + timedelta(seconds=2)
