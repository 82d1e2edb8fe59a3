"""The index of contacts is only what lists are read from: whatever is wrong with its file, calls go on."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dialer.domain.search import is_whole
from dialer.engine import indexing
from dialer.store.projection import ProjectionError


class _Full:
    """On a disk that is full the first two times."""

    file = Path("full.db-search")
    tries = 0

    async def follow(self) -> bool:
        self.tries += 1
        if self.tries < 3:
            raise ProjectionError("database or disk is full")
        return True


@pytest.mark.req("K10", "D3")
async def test_a_full_disk_is_said_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "PAUSE_AFTER_ERROR_S", 0)
    full = _Full()
    context: Any = SimpleNamespace(db=SimpleNamespace(projection=full))
    following = asyncio.create_task(indexing.follow_contacts(context))
    async with asyncio.timeout(60):
        while full.tries < 4:
            await asyncio.sleep(0)
    assert not following.done()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


@pytest.mark.req("K10")
@pytest.mark.parametrize(("word", "whole"), [("1", True), ("202", True), ("2025", False), ("a1", False)])
def test_a_short_number_is_looked_for_as_it_is(word: str, whole: bool) -> None:
    assert is_whole(word) is whole
