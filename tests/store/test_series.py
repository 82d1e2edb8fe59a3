"""What is counted by the minute: added up over nodes, kept over a restart, forgotten after two days."""

from datetime import timedelta

import pytest

from dialer.domain.calls import Call
from dialer.domain.ending import CallResult
from dialer.domain.errors import NotFound
from dialer.domain.outcome import Outcome
from dialer.domain.series import Counts, Span, total
from dialer.engine.minutes import Minutes
from dialer.engine.tally import Tracked
from dialer.operations import series
from tests.support import builders
from tests.support.context import Bench


def result(outcome: Outcome) -> CallResult:
    return CallResult(outcome, None, None, None, None, None, None, None, "")


def call(bench: Bench, campaign_id: int) -> Tracked:
    return Tracked(Call("0" * 26, bench.clock()), campaign_id, 1, "+1", "sales", "carrier")


def minutes(bench: Bench) -> tuple[Minutes, list[int]]:
    rung: list[int] = []
    return Minutes(bench.ctx, lambda: rung.append(1)), rung


async def seen(bench: Bench, campaign_id: int | None = None, span: Span = Span.HOUR) -> Counts:
    return total(await series.read(bench.ctx, span, campaign_id))


@pytest.mark.req("A3")
async def test_nodes_add_up_by_campaign_and_over_all(bench: Bench, second: Bench) -> None:
    one, other = await builders.add_campaign(bench), await builders.add_campaign(bench)
    for node in (bench, second):
        kept, rung = minutes(node)
        kept.sent(call(node, one))
        kept.ended(call(node, one), result(Outcome.ANSWERED))
        kept.ended(call(node, one), result(Outcome.ABANDONED))
        kept.ended(call(node, one), result(Outcome.BUSY))
        kept.texted(other)
        assert await seen(node, other) == Counts(texts=0 if node is bench else 1), "not a write for each"
        await kept.flush()
        await kept.flush()
        assert rung == [1]
    assert await seen(bench, one) == Counts(calls=2, ended=6, answered=4, abandoned=2)
    assert await seen(bench, other) == Counts(texts=2)
    assert await seen(second) == await seen(second, span=Span.DAY) == Counts(2, 6, 4, 2, 2)
    with pytest.raises(NotFound):
        await seen(bench, 99)


@pytest.mark.req("A3")
async def test_each_minute_is_its_own_and_old_ones_are_forgotten(bench: Bench) -> None:
    campaign_id = await builders.add_campaign(bench)
    kept, _rung = minutes(bench)
    for _ in range(3):
        kept.sent(call(bench, campaign_id))
        bench.clock.advance(minutes=1)
    await kept.flush()
    found = await series.read(bench.ctx, Span.HOUR, campaign_id)
    assert [one.counts.calls for one in found[-5:]] == [0, 1, 1, 1, 0]
    bench.clock.advance(days=3)
    await kept.flush()
    bench.clock.now -= timedelta(days=3)
    assert await seen(bench, campaign_id) == Counts()


async def test_what_can_not_be_written_stays_counted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_id = await builders.add_campaign(bench)
    kept, _rung = minutes(bench)
    kept.texted(campaign_id)

    async def refuse(*_: object) -> None:
        kept.texted(campaign_id)
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(series, "add", refuse)
        with pytest.raises(OSError, match="full"):
            await kept.flush()
    kept.texted(99)  # a campaign that is gone by now
    await kept.flush()
    assert await seen(bench) == Counts(texts=2)
