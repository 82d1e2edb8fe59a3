"""Durations as people write them in a strategy: `90s`, `15m`, `2h`, `3d`."""

import re
from datetime import timedelta

from dialer.domain.said import Said

LONGEST = timedelta(days=3650)

_WRITTEN = re.compile(r"([0-9]{1,9})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `15m`, `2h` or `3d`; raises ValueError with the remedy. At most ten years."""
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise ValueError(Said("write a duration as a number and s, m, h or d, such as 90s, 15m, 2h or 3d"))
    duration = timedelta(seconds=int(written[1]) * _SECONDS[written[2]])
    if duration > LONGEST:
        raise ValueError(Said("a duration may be at most 3650d"))
    return duration


def format_duration(duration: timedelta) -> str:
    """Write a duration of whole seconds in the largest unit that fits it; the inverse of `parse_duration`."""
    seconds = int(duration.total_seconds())
    for unit in ("d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds // _SECONDS[unit]}{unit}"
    return f"{seconds}s"
