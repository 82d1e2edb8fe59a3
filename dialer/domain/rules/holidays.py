"""National holidays, by the `holidays` library: nobody keeps such a list better."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache

_OBSERVED = " (observed)"
MIDNIGHT = time(0, 0)


@dataclass(frozen=True, slots=True)
class HolidayHours:
    """Open on every day that is no national holiday of `country` (two letters)."""

    country: str

    @property
    def edges(self) -> Collection[time]:
        return (MIDNIGHT,)

    def shows_open(self, wall: datetime) -> bool:
        return wall.date() not in national_holidays(self.country, wall.year)


@lru_cache(maxsize=256)
def national_holidays(country: str, year: int) -> frozenset[date]:
    """Those of the whole country, and the days on which a region takes one that falls on a weekend.

    The first call takes some tenths of a second, most of it for the library itself: `warm` takes it somewhere else.
    """
    import holidays  # a quarter of a second, which no command should take that needs no holidays

    national = holidays.country_holidays(country, years=year)
    found, names = set(national), set(national.values())
    for region in national.subdivisions:
        for day, name in holidays.country_holidays(country, subdiv=region, years=year).items():
            if name.endswith(_OBSERVED) and name.removesuffix(_OBSERVED) in names:
                found.add(day)
    return frozenset(found)


def warm(country: str, year: int) -> None:
    """Read what is asked for this year and the next, so that nobody waits for it later."""
    for one in (year, year + 1):
        national_holidays(country, one)
