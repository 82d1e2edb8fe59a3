"""The same number is in no two calls at once, also of two nodes that share a database (D6, A6)."""

import asyncio
from datetime import timedelta

import pytest

from dialer.domain.outcome import Outcome
from dialer.operations import why_not
from tests.api.conftest import ALL_CLEAR
from tests.support import builders, invariants
from tests.support.context import Bench

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)


async def _two_campaigns(bench: Bench) -> tuple[int, int]:
    """The same person is due in both."""
    made = [await builders.add_campaign(bench, title=title) for title in ("One", "Two")]
    for campaign_id in made:
        await builders.load(bench, campaign_id, builders.persons(1))
        await builders.publish(bench, campaign_id)
    return made[0], made[1]


async def _why(bench: Bench, campaign_id: int) -> list[str]:
    return [one.code for one in (await why_not.why_not(bench.ctx, campaign_id, 1)).reasons]


@pytest.mark.req("D6", "A6", "K13")
async def test_a_number_that_another_node_calls_waits_for_the_end(bench: Bench, second: Bench) -> None:
    one, two = await _two_campaigns(bench)
    (here,), (there,) = await builders.claim(bench, one), await builders.claim(second, two)
    attempt_id = await builders.intend_call(bench, here)
    assert attempt_id is not None
    assert await builders.intend_call(second, there) is None
    assert await builders.claim(second, two) == [], "looked at again in some seconds, not at once"
    second.engine.seen = ALL_CLEAR
    assert "number-in-another-call" in await _why(second, two)
    await builders.end_call(bench, attempt_id, Outcome.BUSY)
    bench.clock.now += timedelta(seconds=10)
    assert "number-in-another-call" not in await _why(second, two)
    (again,) = await builders.claim(second, two)
    assert await builders.intend_call(second, again) is not None
    await invariants.check(bench.ctx.db)


@pytest.mark.req("D6", "A6")
async def test_of_two_that_commit_at_the_same_moment_one_is_called(bench: Bench, second: Bench) -> None:
    one, two = await _two_campaigns(bench)
    (here,), (there,) = await builders.claim(bench, one), await builders.claim(second, two)
    made = await asyncio.gather(builders.intend_call(bench, here), builders.intend_call(second, there))
    assert sorted(attempt_id is None for attempt_id in made) == [False, True]
