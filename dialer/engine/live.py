"""What is happening now, for the live pages: a snapshot on demand, and a bell that rings when it has changed."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dialer.engine.bell import Bell
from dialer.operations.checkup import Asterisk


class Live:
    """`snapshot()` is plain JSON, see docs/reference/api.md (`GET /live`)."""

    def __init__(
        self,
        look: Callable[[], dict[str, Any]],
        look_at_texts: Callable[[str], Mapping[str, Any] | None] = lambda _name: None,
    ) -> None:
        self._look, self._look_at_texts = look, look_at_texts
        self.asterisk: Asterisk | None = None  # for the check of the settings; None where no engine runs
        self._watchers: set[Bell] = set()

    def snapshot(self) -> dict[str, Any]:
        """What is going on now.

        {link: {state, reason}, queues: [{name, free, waiting, members: [{name, interface, free, why, doing, since}]}],
        calls: [{attempt_id, campaign_id, contact_id, number, queue, agent, state, since}],
        campaigns: [{id, title, limited_by, why, ready, hopper, abandonment: {answered_live, abandoned, late, rate_percent,
        limit_percent, exceeded}, power: {held, answer_rate, ring_s, busy_s, risk_percent, lines_per_agent} or null}],
        gateways: [{id, kind, state, reason}],
        webhooks: {under_way, sent, answered, failed}}

        `ready`: agents on the agent page, of a campaign that only previews; null of another.
        """
        return self._look()

    def sms_gateway(self, name: str) -> Mapping[str, Any] | None:
        """What an SMS gateway tells about itself, see gateway_view.py; None if none of this name runs in this process."""
        return self._look_at_texts(name)

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
