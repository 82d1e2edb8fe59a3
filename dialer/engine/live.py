"""What is happening now, for the live pages: a snapshot on demand, and a bell that rings when it has changed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dialer.engine.bell import Bell


class Live:
    """`snapshot()` is plain JSON, see docs/reference/api.md (`GET /live`)."""

    def __init__(self, look: Callable[[], dict[str, Any]]) -> None:
        self._look = look
        self._watchers: set[Bell] = set()

    def snapshot(self) -> dict[str, Any]:
        """What is going on now.

        {link: {state, reason}, queues: [{name, free, waiting, members: [{name, interface, free, why}]}],
        calls: [{attempt_id, campaign_id, contact_id, number, queue, agent, state, since}],
        campaigns: [{id, title, limited_by, why, hopper, abandonment: {answered_live, abandoned, late, rate_percent,
        limit_percent, exceeded}, power: {held, answer_rate, ring_s, busy_s, risk_percent, lines_per_agent} or null}],
        gateways: [{id, kind, state, reason}],
        webhooks: {under_way, sent, answered, failed}}
        """
        return self._look()

    def changed(self) -> None:
        for watcher in self._watchers:
            watcher.ring()

    @contextmanager
    def watch(self) -> Iterator[Bell]:
        """A bell of its own for each page that is looking; changes between two looks ring once."""
        watcher = Bell()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
