"""What is happening now, for the live pages: a snapshot on demand, and a bell that rings when it has changed."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Watcher:
    """One page that is looking. Changes between two looks ring once."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def ring(self) -> None:
        self._changed.set()

    async def wait(self, timeout_s: float) -> bool:
        """Until something has changed since the last wait; False after `timeout_s` without a change."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        changed = self._changed.is_set()
        self._changed.clear()
        return changed


class Live:
    """`snapshot()` is plain JSON, see docs/reference/api.md (`GET /live`)."""

    def __init__(self, look: Callable[[], dict[str, Any]]) -> None:
        self._look = look
        self._watchers: set[Watcher] = set()

    def snapshot(self) -> dict[str, Any]:
        """{link: {state, reason}, queues: [{name, free, waiting, members: [{name, interface, free, why}]}],
        calls: [{attempt_id, campaign_id, contact_id, number, queue, agent, state, since}],
        campaigns: [{id, limited_by, hopper}], gateways: [{id, kind, state, reason}]}"""
        return self._look()

    def changed(self) -> None:
        for watcher in self._watchers:
            watcher.ring()

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        watcher = Watcher()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
