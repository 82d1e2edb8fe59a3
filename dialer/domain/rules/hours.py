"""The hours of a rule pack at the place of the called party: its own zone, or the strictest of those its number may be in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import phonenumbers
from phonenumbers import timezone as places

from dialer.domain.rules.catalogue import TimeRule, pack
from dialer.domain.rules.citation import Citation
from dialer.domain.windows import Clocked, all_open, next_all_open, zone_names

_MOST_NUMBERS = 65_536


@dataclass(frozen=True, slots=True)
class ClosedRule:
    """A rule whose hours are closed in at least one of the zones, and when they are open in all of them (UTC)."""

    citation: Citation
    zones: tuple[str, ...]
    opens_at: datetime | None


@lru_cache(maxsize=_MOST_NUMBERS)
def candidate_zones(number: str) -> tuple[str, ...]:
    """The IANA zones in which a number (E.164) may be, by its area code; none if it says nothing.

    A mobile number or a toll-free one may be anywhere in its country: all its zones.
    """
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    return tuple(sorted(set(places.time_zones_for_number(parsed)) & zone_names()))


def zones_of(zone: str | None, number: str | None, fallback: str) -> tuple[str, ...]:
    """The zones of a called party: its own where known, else where its number may be, else `fallback`."""
    if zone is not None:
        return (zone,)
    return (candidate_zones(number) if number else ()) or (fallback,)


def rule_windows(times: Sequence[TimeRule], zones: Sequence[str]) -> list[Clocked]:
    """Each rule in each zone: all have to be open."""
    return [(rule.hours, name) for rule in times for name in zones]


def all_rules_open(pack_id: str, zones: tuple[str, ...], now: datetime) -> bool:
    """Whether every rule of the pack is open in all zones. Hours begin and end at whole minutes, so a minute is asked once."""
    return _all_open(pack_id, zones, now.replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _all_open(pack_id: str, zones: tuple[str, ...], minute: datetime) -> bool:
    return all_open(rule_windows(pack(pack_id).times, zones), minute)


def remembered(windows: Sequence[Clocked], now: datetime) -> datetime | None:
    """As `next_all_open`, remembered for an hour: a toll-free number may be in forty zones, and many have one."""
    found = _opens_from(tuple(windows), now.replace(minute=0, second=0, microsecond=0))
    return found if found is None or found >= now else next_all_open(windows, now)


@lru_cache(maxsize=1024)
def _opens_from(windows: tuple[Clocked, ...], hour: datetime) -> datetime | None:
    return next_all_open(windows, hour)


def closed_rules(times: Sequence[TimeRule], zones: tuple[str, ...], now: datetime) -> Iterator[ClosedRule]:
    """The rules that hold a call or text back now, in the order of the pack."""
    for rule in times:
        windows = rule_windows([rule], zones)
        if not all_open(windows, now):
            yield ClosedRule(rule.citation, zones, remembered(windows, now))
