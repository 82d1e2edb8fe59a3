"""The steps that pass time: wait and time window. A wait is a `due_at`, nothing more (requirement S4)."""

from datetime import datetime, timedelta

from dialer.domain.columns import attribute_name
from dialer.domain.record import replace
from dialer.domain.said import Said, marked
from dialer.domain.windows import is_open, next_open
from dialer.strategy.duration import format_duration
from dialer.strategy.effects import DONE, Hold
from dialer.strategy.fields import TimeWindowFields, WaitFields, WaitKind, WindowKind
from dialer.strategy.local_time import find_zone, later, next_at, read_clock, read_moment
from dialer.strategy.turn import Here, Leave, Turn


def enter_wait(here: Here, fields: WaitFields) -> Turn:
    """Hold until the wait ends; a date that has passed, or an attribute without one, holds nobody."""
    try:
        due_at, why = _wait_end(here, fields)
    except ValueError:
        return Turn(
            here.memory, Leave("next", Said("the attribute %(attribute)s holds no date", attribute=fields.at), DONE)
        )
    if due_at <= here.now:
        return Turn(here.memory, Leave("next", Said("%(at)s has passed", at=due_at.isoformat()), DONE))
    return _hold(here, due_at, why)


def wait_over(here: Here) -> Turn:
    return Turn(here.memory, Leave("next", marked("the wait is over"), DONE))


def enter_window(here: Here, fields: TimeWindowFields) -> Turn:
    """Go on while the window is open; outside it, hold until it opens or take the way `closed`."""
    name = fields.time_zone or here.contact.time_zone
    zone = name if find_zone(name) else "UTC"
    hours = f"{fields.start}-{fields.end} {zone}"
    if is_open(fields.execution, zone, here.now):
        return Turn(here.memory, Leave("open", Said("inside %(hours)s", hours=hours), DONE))
    outside = Said("outside %(hours)s", hours=hours)
    if fields.kind is WindowKind.BRANCH:
        return Turn(here.memory, Leave("closed", outside, DONE))
    # The domain looks some weeks ahead; a window that does not open within them is looked at again tomorrow.
    opens = next_open(fields.execution, zone, here.now) or here.now + timedelta(days=1)
    return _hold(here, opens, outside)


def _wait_end(here: Here, fields: WaitFields) -> tuple[datetime, str]:
    """When the wait ends (UTC) and the reason; raises ValueError when an attribute holds no date."""
    at = fields.at or ""
    match fields.kind:
        case WaitKind.FOR:
            duration = fields.duration or timedelta(0)
            return later(here.now, duration, here.zone), Said("for %(duration)s", duration=format_duration(duration))
        case WaitKind.UNTIL_TIME:
            return next_at(here.now, read_clock(at), here.zone), Said(
                "until %(when)s", when=f"{at} {here.contact.time_zone}"
            )
        case WaitKind.UNTIL_DATE:
            return read_moment(at, here.zone), Said("until %(when)s", when=at)
        case WaitKind.UNTIL_ATTRIBUTE:
            value = here.contact.values.get(attribute_name(at), "")
            return read_moment(value, here.zone), Said(
                "until %(attribute)s, which is %(value)s", attribute=at, value=value
            )


def _hold(here: Here, due_at: datetime, why: str) -> Turn:
    return Turn(replace(here.memory, due_at=due_at), Hold(here.memory.node, due_at), why)
