"""One picture for all who look: drawn once, what changed since for each, and nothing kept for who is slow."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from admin.drawing import Drawing, Watcher, event
from dialer.engine.bell import Bell

SOON_S = 60.0


class Picture:
    """Parts that a test changes; `drawn` counts the looks."""

    def __init__(self) -> None:
        self.parts, self.drawn, self.fault = {"a": "a1", "b": "b1"}, 0, ""
        self._bells: set[Bell] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.drawing = Drawing(self.draw, self.bells, 0.0, self.tasks)

    async def draw(self) -> tuple[Mapping[str, str], float]:
        self.drawn += 1
        await asyncio.sleep(0)
        if self.fault:
            raise LookupError(self.fault)
        return dict(self.parts), SOON_S

    @contextmanager
    def bells(self) -> Iterator[Bell]:
        bell = Bell()
        self._bells.add(bell)
        yield bell
        self._bells.discard(bell)

    async def change(self, **parts: str) -> None:
        self.parts |= parts
        for bell in self._bells:
            bell.ring()
        await settled()


async def settled() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def heard(watcher: Watcher) -> tuple[str, str]:
    """The id and the data of the next event."""
    frame = await watcher.next(SOON_S)
    assert frame is not None
    name, *data = frame.decode().strip().split("\n")
    return name.removeprefix("id: "), "".join(line.removeprefix("data: ") for line in data)


@pytest.mark.req("A3")
async def test_everybody_gets_the_same_bytes_of_one_look() -> None:
    picture = Picture()
    with picture.drawing.watch() as one, picture.drawing.watch() as other:
        first, second = await one.next(SOON_S), await other.next(SOON_S)
        assert first is second
        assert picture.drawn == 1
        await picture.change(b="b2")
        assert (await heard(one))[1] == (await heard(other))[1] == "b2"
        assert picture.drawn == 2


@pytest.mark.req("A3")
async def test_who_is_slow_gets_the_newest_and_nothing_between() -> None:
    picture = Picture()
    with picture.drawing.watch() as quick, picture.drawing.watch() as slow:
        await heard(quick)
        await heard(slow)
        for number in range(2, 50):
            await picture.change(a=f"a{number}")
            assert (await heard(quick))[1] == f"a{number}"
        assert len(picture.drawing._frames) == 1
        assert (await heard(slow))[1] == "a49"
        assert await slow.next(0.001) is None


@pytest.mark.req("A3")
async def test_who_has_seen_a_change_already_waits_for_the_next_one() -> None:
    picture = Picture()
    with picture.drawing.watch() as watcher:
        await heard(watcher)
        await picture.change(a="a2")
        assert (await heard(watcher))[1] == "a2"
        waiting = asyncio.ensure_future(heard(watcher))
        await settled()
        assert not waiting.done()
        await picture.change(a="a3")
        assert (await waiting)[1] == "a3"


@pytest.mark.req("A3")
async def test_who_comes_back_gets_what_changed_since() -> None:
    picture = Picture()
    with picture.drawing.watch() as watcher:
        seen, everything = await heard(watcher)
        assert everything == "a1b1"
    assert not picture.drawing.is_watched
    await settled()
    assert not picture.tasks
    picture.parts["b"] = "b2"  # while nobody looks
    with picture.drawing.watch(seen) as back:
        seen, text = await heard(back)
        assert text == "b2"
    with picture.drawing.watch(seen) as up_to_date:
        assert await up_to_date.next(0.01) is None


@pytest.mark.parametrize("last", ["", "x-1", "1", "{life}-2", "{life}-", "{life}-٣", "{life}-" + "9" * 30])
@pytest.mark.req("A3")
async def test_an_id_that_is_not_of_here_gets_everything(last: str) -> None:
    picture = Picture()
    with picture.drawing.watch(last.format(life=picture.drawing._life)) as watcher:
        assert (await heard(watcher))[1] == "a1b1"


async def test_what_can_not_be_drawn_ends_the_streams_and_the_next_one_tries_again() -> None:
    picture = Picture()
    with picture.drawing.watch() as watcher:
        await heard(watcher)
        picture.fault = "gone"
        await picture.change()
        with pytest.raises(LookupError, match="gone"):
            await watcher.next(SOON_S)
    picture.fault = ""
    with picture.drawing.watch() as watcher:
        assert (await heard(watcher))[1] == "a1b1"


async def test_a_look_is_not_broken_off() -> None:
    picture, ended = Picture(), asyncio.Event()
    draw = picture.draw

    async def slowly() -> tuple[Mapping[str, str], float]:
        found = await draw()
        await asyncio.sleep(0.01)
        ended.set()
        return found

    picture.drawing._draw = slowly
    with picture.drawing.watch():
        await settled()
    await asyncio.gather(*picture.tasks)
    assert ended.is_set()


def test_a_text_of_several_lines_is_one_event() -> None:
    assert event("x-1", "a\nb\r\nc") == b"id: x-1\ndata: a\ndata: b\ndata: c\n\n"
