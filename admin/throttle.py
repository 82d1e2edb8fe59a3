"""Logins that failed lately, by name and address, so that guessing is slow. Pure: the time comes in."""

from collections import OrderedDict
from datetime import datetime, timedelta

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
