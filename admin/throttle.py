"""How often is too often: logins that failed lately, so that guessing is slow, and pushes into a campaign. Pure: the time comes in."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.settings import Rest
from dialer.domain.rate import TokenBucket

FAILURES = 5
PERIOD = timedelta(minutes=5)
# The oldest are forgotten when somebody tries more pairs than this: memory is bounded.
MAX_PAIRS = 10_000


class LoginThrottle:
    """At most `FAILURES` failed logins of one name from one address within `PERIOD`."""

    def __init__(self) -> None:
        self._failed: OrderedDict[tuple[str, str], list[datetime]] = OrderedDict()

    def wait_s(self, name: str, address: str, now: datetime) -> int:
        """Whole seconds until the next try is allowed; 0 is at once."""
        recent = self._recent(name, address, now)
        if len(recent) < FAILURES:
            return 0
        return max(1, round((recent[-FAILURES] + PERIOD - now).total_seconds()))

    def failed(self, name: str, address: str, now: datetime) -> None:
        key = _key(name, address)
        self._failed[key] = [*self._recent(name, address, now), now][-FAILURES:]
        self._failed.move_to_end(key)
        while len(self._failed) > MAX_PAIRS:
            self._failed.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        self._failed.pop(_key(name, address), None)

    def _recent(self, name: str, address: str, now: datetime) -> list[datetime]:
        return [at for at in self._failed.get(_key(name, address), ()) if now - at < PERIOD]


def _key(name: str, address: str) -> tuple[str, str]:
    return name[:64], address


@dataclass(slots=True)
class PushThrottle:
    """Each campaign's calls and contacts of its REST source, within the settings. Times are seconds of a steady clock."""

    rest: Rest
    _buckets: dict[int, tuple[TokenBucket, TokenBucket]] = field(default_factory=dict)

    def wait_s(self, campaign_id: int, now: float) -> int:
        """Whole seconds until the next call is taken; 0: this one is."""
        calls, contacts = self._of(campaign_id, now)
        if calls.available(now) < 1 or contacts.available(now) < 1:
            return max(1, math.ceil(max(calls.next_at(now), contacts.next_at(now)) - now))
        calls.take(1, now)
        return 0

    def came(self, campaign_id: int, contacts: int, now: float) -> None:
        """What a call brought is taken as a whole; the next waits until it fits."""
        self._of(campaign_id, now)[1].take(contacts, now)

    def _of(self, campaign_id: int, now: float) -> tuple[TokenBucket, TokenBucket]:
        if campaign_id not in self._buckets:
            a_second, a_minute = self.rest.calls_per_second, float(self.rest.contacts_per_minute)
            burst = max(1.0, 2 * a_second)
            calls = TokenBucket(a_second, burst, burst, now)
            self._buckets[campaign_id] = (calls, TokenBucket(a_minute / 60, a_minute, a_minute, now))
        return self._buckets[campaign_id]
