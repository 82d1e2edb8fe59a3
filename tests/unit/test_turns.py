"""Reads take turns: so many at once, in order, each place rests after an answer, and too many are sent away."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from admin.errors import Refused
from admin.turns import Turns
from tests.support.waiting import until


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
    await until(lambda: turns._places._value > 0, "the place to have rested")
    await asyncio.sleep(0.1)
    assert turns._places._value == 1, "it is given back once"


class Reads:
    """Questions that are answered with the number of the read, once `go` is set."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.number, self.go = turns, 0, asyncio.Event()

    def ask(self, question: str) -> "asyncio.Task[web.StreamResponse]":
        return asyncio.ensure_future(self.turns.together(question, self.read))

    async def read(self) -> web.StreamResponse:
        self.number += 1
        number = self.number
        await self.go.wait()
        return web.json_response({"read": number}, headers={"ETag": "1"})


def body(response: web.StreamResponse) -> object:
    assert isinstance(response, web.Response)
    return response.body


@pytest.mark.req("A1", "A3")
async def test_who_asks_the_same_before_its_turn_gets_the_same_answer() -> None:
    """Not who comes when it is being read already: what has changed since would be missing."""
    turns = Turns(at_once=1)
    reads = Reads(turns)
    first = reads.ask("a")
    await settled()
    waiting = [reads.ask("a") for _ in range(9)]
    other = reads.ask("b")
    await settled()
    reads.go.set()
    answers = [body(one) for one in await asyncio.gather(*waiting)]
    assert answers == [b'{"read": 2}'] * len(answers)
    assert (body(await first), body(await other)) == (b'{"read": 1}', b'{"read": 3}')
    later = await waiting[-1]
    assert (later.status, later.content_type, later.headers["ETag"]) == (200, "application/json", "1")
    assert not turns._asked
    assert turns._waiting == 0


async def test_an_error_is_theirs_too_and_one_who_leaves_takes_nobody_along() -> None:
    turns = Turns(at_once=1)
    reads = Reads(turns)
    first = reads.ask("a")
    await settled()

    async def missing() -> web.StreamResponse:
        raise LookupError

    lost = [asyncio.ensure_future(turns.together("lost", missing)) for _ in range(3)]
    leaving = reads.ask("b")
    await settled()
    staying = [reads.ask("b") for _ in range(2)]
    await settled()
    leaving.cancel()
    await settled()
    reads.go.set()
    assert all(isinstance(one, LookupError) for one in await asyncio.gather(*lost, return_exceptions=True))
    assert [body(one) for one in await asyncio.gather(*staying)] == [b'{"read": 2}'] * 2
    assert body(await first) == b'{"read": 1}'
    assert not turns._asked


async def test_what_is_sent_bit_by_bit_is_sent_to_each() -> None:
    turns, sent = Turns(at_once=1), list[web.StreamResponse]()

    async def stream() -> web.StreamResponse:
        sent.append(web.StreamResponse())
        return sent[-1]

    asks: list[Callable[[], Awaitable[web.StreamResponse]]] = [lambda: turns.together("a", stream)] * 3
    async with asyncio.timeout(60):
        assert set(await asyncio.gather(*(ask() for ask in asks))) == set(sent)
    assert len(sent) == 3


async def test_who_goes_along_counts_among_those_who_wait() -> None:
    turns = Turns(at_once=1, most_waiting=2)
    reads = Reads(turns)
    first = reads.ask("a")
    await settled()
    waiting = [reads.ask("a") for _ in range(2)]
    await settled()
    with pytest.raises(Refused, match="2 reads wait"):
        await reads.ask("a")
    reads.go.set()
    await asyncio.gather(first, *waiting)


async def test_those_who_went_along_are_answered_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """And who was not, when the first one leaves, asks again."""
    monkeypatch.setattr("admin.turns.EACH_S", 3600)
    turns = Turns(at_once=1)
    reads = Reads(turns)
    reads.go.set()
    async with turns.turn():
        first, second, third = (reads.ask("a") for _ in range(3))
        await settled()
    assert body(await second) == b'{"read": 1}'
    await settled()
    assert not first.done()
    assert not third.done()
    first.cancel()
    assert body(await third) == b'{"read": 2}'
