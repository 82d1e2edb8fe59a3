"""Daily caps of a gateway, against toll fraud (D6): how many calls may leave by it, and how long they may last. Pure.

A day is one of the gateway's own zone, from midnight to midnight; on days on which the clocks change it is longer or shorter.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from dialer.domain.gateway import VoiceGateway
from dialer.domain.said import Said, marked
from dialer.domain.windows import zone

#: The calls of a gateway in all, among the prefixes.
ALL = ""


@dataclass(frozen=True, slots=True)
class Cap:
    """One cap that is reached: `most` calls to `prefix` (`ALL`: to any number), or minutes of calls, until `resets_at`."""

    prefix: str
    most: int
    resets_at: datetime
    minutes: bool = False

    @property
    def text(self) -> str:
        """What the gateway has made: `the 500 calls to +44`."""
        what = marked("the %(number)s minutes of calls") if self.minutes else marked("the %(number)s calls")
        made = Said(what, number=f"{self.most:,}")
        return Said("%(calls)s to %(prefix)s", calls=made, prefix=self.prefix) if self.prefix else made


def caps(gateway: VoiceGateway) -> dict[str, int]:
    """By prefix, what the gateway allows in a day."""
    found = {} if gateway.calls_per_day is None else {ALL: gateway.calls_per_day}
    if not gateway.prefix_calls_per_day:
        return found
    pairs = (one.split("=") for one in gateway.prefix_calls_per_day)
    return found | {prefix: int(most) for prefix, most in pairs}


def counted(gateway: VoiceGateway, number: str) -> Iterator[str]:
    """The prefixes whose caps a call to this number counts against."""
    return (prefix for prefix in caps(gateway) if number.startswith(prefix))


def reached(
    gateway: VoiceGateway, calls: Mapping[str, int], number: str, now: datetime, seconds: int = 0
) -> Cap | None:
    """The first cap that keeps a call to this number from leaving; `calls` of today by prefix, which lasted `seconds`."""
    minutes = gateway.minutes_per_day
    if minutes is not None and seconds >= minutes * 60:
        return Cap(ALL, minutes, next_day(gateway, now), minutes=True)
    for prefix, most in caps(gateway).items():
        if number.startswith(prefix) and calls.get(prefix, 0) >= most:
            return Cap(prefix, most, next_day(gateway, now))
    return None


def day(gateway: VoiceGateway, now: datetime) -> date:
    return now.astimezone(zone(gateway.day_zone)).date()


def next_day(gateway: VoiceGateway, now: datetime) -> datetime:
    """When the next day begins there, in UTC."""
    tomorrow = day(gateway, now) + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone(gateway.day_zone)).astimezone(UTC)
