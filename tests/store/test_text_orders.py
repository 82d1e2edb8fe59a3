"""Responses and receipts of a text in parts, in any order and more than once: the store ends in the same state."""

import asyncio
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from ulid import ULID

from dialer.domain.message import combined
from dialer.domain.transitions import MESSAGE, MessageStatus
from dialer.operations import messages
from dialer.operations.message_rows import PartNews, ReceiptNews, TextIntent
from dialer.store import tables
from tests.support import builders, invariants
from tests.support.builders import person
from tests.support.context import Bench
from tests.support.context import bench as make_bench
from tests.support.databases import SqliteDatabases, opened
from tests.support.soak import examples, seconds

M = MessageStatus
NEGATIVE = (M.UNDELIVERED, M.EXPIRED, M.REJECTED)
# What the SMSC says of a part: its response, or that none came before a late one, and its final receipt, if any.
PARTS = st.lists(st.tuples(st.booleans(), st.sampled_from([None, M.DELIVERED, *NEGATIVE])), min_size=1, max_size=3)
Said = tuple[int, M, bool]  # part, status, whether it is a receipt


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[bool, M | None]], list[list[Said]]]:
    """The parts, and all that is said of them: each thing once to three times, in any order, some of it together."""
    parts = draw(PARTS)
    said: list[Said] = []
    for number, (late, end) in enumerate(parts, 1):
        said += [(number, M.LOST, False)] * late
        said += [(number, M.SUBMITTED, False)] * draw(st.integers(1, 3))
        said += [(number, end, True)] * (draw(st.integers(1, 3)) if end else 0)
    batches: list[list[Said]] = []
    for one in draw(st.permutations(said)):
        if batches and batches[-1][0][2] is one[2] and draw(st.booleans()):
            batches[-1].append(one)
        else:
            batches.append([one])
    return parts, batches


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.soak
@pytest.mark.timeout(seconds(300))
@pytest.mark.req("M3", "M4")
def test_any_order_and_repetition_ends_in_the_same_state(
    runner: asyncio.Runner, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    numbers = count(1)
    context = opened(runner.run(sqlite_databases.make()))
    bench = make_bench(runner.run(context.__aenter__()), tmp_path)

    @given(histories())
    @settings(max_examples=examples(60), deadline=None)
    def holds(history: tuple[list[tuple[bool, M | None]], list[list[Said]]]) -> None:
        runner.run(_holds(bench, campaign, next(numbers), *history))

    try:
        campaign = runner.run(_campaign(bench))
        holds()
        runner.run(invariants.check(bench.ctx.db))
    finally:
        runner.run(context.__aexit__(None, None, None))


TEXT = builders.strategy(
    {"id": "text", "type": "sms", "fields": {"text": "Hello", "until": "delivered"}, "out": {"otherwise": "end"}},
    {"id": "end", "type": "end", "fields": {"result": "done"}},
)


async def _campaign(bench: Bench) -> int:
    campaign = await builders.add_campaign(bench, TEXT)
    await builders.publish(bench, campaign)
    return campaign


async def _holds(
    bench: Bench, campaign: int, number: int, parts: list[tuple[bool, M | None]], batches: list[list[Said]]
) -> None:
    message_id = await _begun(bench, campaign, number, len(parts))
    seen = [await _statuses(bench, message_id)]
    for batch in batches:
        if batch[0][2]:
            receipts = [ReceiptNews("texter", [f"{message_id}-{n}"], "", status, None) for n, status, _ in batch]
            await messages.receipt(bench.ctx, receipts)
        else:
            news = [_answer(message_id, part, status) for part, status, _ in batch]
            await messages.record(bench.ctx, [("texter", one) for one in news])
        seen.append(await _statuses(bench, message_id))
    ends = [end or M.SUBMITTED for _, end in parts]
    whole, *each = seen[-1]
    assert each == ends
    negative = {end for end in ends if end in NEGATIVE}
    # The first bad end is the text's, and is never taken back: which of two it is depends on what came first.
    assert whole in (negative or {combined(ends)})
    for before, after in pairwise(seen):
        for was, became in zip(before, after, strict=True):
            assert was == became or not MESSAGE.final(was), f"{was} was taken back for {became}"
    async with bench.ctx.db.read() as tx:
        early = await tx.execute(select(tables.early_receipt))
        assert not list(early), "a receipt was left behind"


def _answer(message_id: str, part: int, status: M) -> PartNews:
    return PartNews(message_id, part, status, (f"{message_id}-{part}",) if status is M.SUBMITTED else ())


async def _begun(bench: Bench, campaign: int, number: int, parts: int) -> str:
    """The id of a text in so many parts that is about to be submitted to person `number`."""
    await builders.load(bench, campaign, [person(number)])
    await builders.settle(bench, campaign)
    (request,) = await builders.claim(bench, campaign, "sms")
    intent = TextIntent(str(ULID()), request, "texter", "", "Hello", "gsm7", parts)
    assert await messages.intend(bench.ctx, [intent])
    return intent.message_id


async def _statuses(bench: Bench, message_id: str) -> list[M]:
    """Of the text, then of its parts."""
    part, message = tables.message_part, tables.message
    async with bench.ctx.db.read() as tx:
        whole = await tx.scalar(select(message.c.status).where(message.c.id == message_id))
        each = await tx.scalars(select(part.c.status).where(part.c.message_id == message_id).order_by(part.c.part))
        return [M(whole), *map(M, each)]
