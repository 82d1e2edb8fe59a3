"""The index of contacts is only what lists are read from: whatever is wrong with its file, calls go on."""

import asyncio
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog

from dialer.domain.search import is_whole
from dialer.engine import indexing
from dialer.store.projection import ProjectionError


class _Failing:
    """Works, fails twice, works, fails again, and works from then on."""

    file = Path("contacts.db-search")

    def __init__(self, error: Exception) -> None:
        self.tries, self.error = 0, error

    async def follow(self) -> bool:
        self.tries += 1
        if self.tries in {2, 3, 5}:
            raise self.error
        return True


def full() -> ProjectionError:
    error = ProjectionError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


@pytest.mark.req("K10", "D3")
@pytest.mark.parametrize(
    ("error", "said"),
    [
        (full(), [False, False]),  # once for each time it lasts, and without a traceback: the log may lie on that disk
        (ProjectionError("malformed"), [True, True, True]),
    ],
)
async def test_a_file_that_can_not_be_written_is_said_and_tried_again(
    error: ProjectionError, said: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "PAUSE_AFTER_ERROR_S", 0)
    failing = _Failing(error)
    context: Any = SimpleNamespace(db=SimpleNamespace(projection=failing))
    with structlog.testing.capture_logs() as logged:
        following = asyncio.create_task(indexing.follow_contacts(context))
        async with asyncio.timeout(60):
            while failing.tries < 7:
                await asyncio.sleep(0)
    assert not following.done()
    assert [(one["event"], one["error"]) for one in logged] == [("contacts_not_indexed", str(error))] * len(said)
    assert [one["exc_info"] for one in logged] == said
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


@pytest.mark.req("K10")
@pytest.mark.parametrize(("word", "whole"), [("1", True), ("202", True), ("2025", False), ("a1", False)])
def test_a_short_number_is_looked_for_as_it_is(word: str, whole: bool) -> None:
    assert is_whole(word) is whole
