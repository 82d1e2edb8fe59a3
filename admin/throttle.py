"""How often is too often: logins that failed lately, so that guessing is slow, and pushes into a campaign. Pure: the time comes in."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from admin.forwarded import neighbourhood
from config.settings import Rest
from dialer.domain.rate import TokenBucket

FAILURES = 5
PERIOD = timedelta(minutes=5)
# The oldest are forgotten when there are more of a kind: memory is bounded.
MAX_PAIRS = 10_000
# Of one name from anywhere: from so many on each try has to wait, twice as long as the one before, never longer than this.
NAME_FAILURES, LONGEST_WAIT = 20, timedelta(seconds=30)
# From one address, whatever the names.
ADDRESS_FAILURES = 30

Key = tuple[str, ...]


class LoginThrottle:
    """At most `FAILURES` failed logins of one name from one address within `PERIOD`, `ADDRESS_FAILURES` from an address.

    A name that is tried from everywhere is slowed down and never locked, and not at all where it has come in from before.
    """

    def __init__(self) -> None:
        self._failed: OrderedDict[Key, list[datetime]] = OrderedDict()
        self._known: OrderedDict[Key, None] = OrderedDict()  # pairs that have succeeded

    def wait_s(self, name: str, address: str, now: datetime) -> int:
        """Whole seconds until the next try is allowed; 0 is at once."""
        pair, by_name, by_address = _keys(name, address)
        until = [self._full_until(pair, FAILURES, now), self._full_until(by_address, ADDRESS_FAILURES, now)]
        if pair not in self._known:
            until.append(self._slow_until(by_name, now))
        if (latest := max(until)) <= now:
            return 0
        return max(1, round((latest - now).total_seconds()))

    def failed(self, name: str, address: str, now: datetime) -> None:
        for key in _keys(name, address):
            self._failed[key] = [*self._recent(key, now), now][-ADDRESS_FAILURES:]
            self._failed.move_to_end(key)
        while len(self._failed) > 3 * MAX_PAIRS:
            self._failed.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """The try that was counted is taken back; others of the name or the address stay."""
        pair, *wider = _keys(name, address)
        self._failed.pop(pair, None)
        for key in wider:
            if times := self._failed.get(key):
                times.pop()
        self._known[pair] = None
        self._known.move_to_end(pair)
        while len(self._known) > MAX_PAIRS:
            self._known.popitem(last=False)

    def _full_until(self, key: Key, most: int, now: datetime) -> datetime:
        recent = self._recent(key, now)
        return now if len(recent) < most else recent[-most] + PERIOD

    def _slow_until(self, key: Key, now: datetime) -> datetime:
        recent = self._recent(key, now)
        if len(recent) < NAME_FAILURES:
            return now
        return recent[-1] + min(LONGEST_WAIT, timedelta(seconds=2 ** (len(recent) - NAME_FAILURES)))

    def _recent(self, key: Key, now: datetime) -> list[datetime]:
        return [at for at in self._failed.get(key, ()) if now - at < PERIOD]


def _keys(name: str, address: str) -> tuple[Key, Key, Key]:
    """Of the pair, the name and the address."""
    near = neighbourhood(address)
    return ("pair", name[:64], near), ("name", name[:64]), ("address", near)


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
