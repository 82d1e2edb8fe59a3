"""Reads take turns: so many at once, in order, each place rests after an answer, and too many are sent away."""

import asyncio

import pytest

from admin.errors import Refused
from admin.turns import Turns


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.req("A1", "A3")
async def test_so_many_at_once_and_the_others_in_order() -> None:
    turns, answered, go = Turns(at_once=2, most_waiting=3), list[int](), asyncio.Event()

    async def read(number: int) -> None:
        async with turns.turn():
            await go.wait()
            answered.append(number)

    reads = [asyncio.ensure_future(read(number)) for number in range(5)]
    await settled()
    with pytest.raises(Refused, match="3 reads wait"):
        await read(9)
    go.set()
    await asyncio.gather(*reads)
    assert answered == [0, 1, 2, 3, 4]


async def test_a_place_rests_and_comes_back_after_an_error_and_a_leaving() -> None:
    turns = Turns(at_once=1)
    with pytest.raises(LookupError):
        async with turns.turn():
            raise LookupError
    async with turns.turn():
        waiting = asyncio.ensure_future(turns.turn().__aenter__())
        await settled()
        waiting.cancel()
        await settled()
    async with asyncio.timeout(60), turns.turn():
        assert turns._waiting == 0


async def test_who_holds_a_place_for_long_loses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin.turns.LONGEST_S", 0.01)
    turns = Turns(at_once=1)
    async with turns.turn():
        async with asyncio.timeout(60), turns.turn():
            pass
        async with asyncio.timeout(60), turns.turn():
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.1)
    assert turns._places._value == 1
