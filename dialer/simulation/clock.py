"""The virtual clock: seconds from the start, and what the rules of windows and hours say then, remembered until it changes."""

from datetime import datetime, timedelta
from math import inf
from typing import NamedTuple
from zoneinfo import ZoneInfo

from dialer.domain.rules.catalogue import pack
from dialer.domain.rules.hours import rule_windows
from dialer.domain.windows import opening_of, zone
from dialer.simulation.job import Rules

HOUR = 3600.0
_QUARTER = 900.0  # zones differ from each other by whole quarters of an hour


#: A contact's own zone, None: the campaign's; and the zones in which its number may be, where a rule pack asks for them.
Where = tuple[str | None, tuple[str, ...]]
NOWHERE: Where = (None, ())


class Opening(NamedTuple):
    """Whether calls and texts may go out, and until when (in seconds) that is so; infinite: for good."""

    is_open: bool
    until: float


class Clock:
    """`start` should be a whole second; it counts as 0."""

    def __init__(self, rules: Rules, start: datetime) -> None:
        self.rules, self.start = rules, start
        self.own = zone(rules.time_zone)
        self._past = start.timestamp() % _QUARTER  # since the last whole quarter of an hour
        self._times = pack(rules.rule_pack).times
        self._openings: dict[Where, Opening] = {}
        self._hours: dict[tuple[str | None, int], int] = {}
        self._zones: dict[str | None, ZoneInfo] = {None: self.own}

    def at(self, t: float) -> datetime:
        return self.start + timedelta(seconds=t)

    def seconds(self, moment: datetime) -> float:
        return (moment - self.start).total_seconds()

    def opening(self, where: Where, t: float) -> Opening:
        """The same rule as the dialer's (`domain.campaign.calling_window`)."""
        known = self._openings.get(where)
        if known is not None and t < known.until:
            return known
        zone_name, places = where
        own = zone_name or self.rules.time_zone
        zones = (zone_name,) if zone_name else places or (own,)
        windows = [(self.rules.execution, own), *rule_windows(self._times, zones)]
        found = opening_of(windows, self.rules.validity, self.at(t))
        until = inf if found.changes_at is None else self.seconds(found.changes_at)
        made = self._openings[where] = Opening(found.open, until)
        return made

    def hour(self, name: str | None, t: float) -> int:
        """The hour of the day that the contact's clock shows."""
        key = (name, int((t + self._past) // _QUARTER))
        known = self._hours.get(key)
        if known is None:
            tz = self._zones.get(name) or self._zones.setdefault(name, zone(name or self.rules.time_zone))
            known = self._hours[key] = self.at(key[1] * _QUARTER - self._past).astimezone(tz).hour
        return known

    def next_hour(self, t: float) -> float:
        """When the campaign's clock shows the next whole hour."""
        wall = self.at(t).astimezone(self.own)
        return t + HOUR - (wall.minute * 60 + wall.second + wall.microsecond / 1e6)

    @property
    def begins(self) -> float:
        """When contacts enter: now, or when the validity period begins."""
        from_ = self.rules.validity.from_
        return 0.0 if from_ is None else max(0.0, self.seconds(from_))

    @property
    def ends(self) -> float:
        """When the validity period is over."""
        until = self.rules.validity.until
        return inf if until is None else self.seconds(until)
