"""What an agent does and since when: a course that also knows what comes when time alone ends it."""

from collections.abc import Sequence
from datetime import datetime

#: Each with the instant since when, in the order of time; what it does is a reason why it is not free, or "" for free.
Course = tuple[tuple[str, datetime], ...]


def go_on(before: Course, now: datetime, blocked: str, timed: Sequence[tuple[str, datetime | None]]) -> Course:
    """The course from `now` on. What it did before and still does keeps its beginning; without a past it begins now.

    `blocked`: what only an event will end, "" for nothing. `timed`: what ends at an instant (None: it is not so), the more
    telling one first.
    """
    what = blocked or _timed(timed, now)
    known = at(before, now)
    found = [known if known and known[0] == what else (what, now)]
    if not blocked:
        for end in sorted(end for _, end in timed if end is not None and end > now):
            if (then := _timed(timed, end)) != found[-1][0]:
                found.append((then, end))
    return tuple(found)


def at(course: Course, now: datetime) -> tuple[str, datetime] | None:
    """What it does now and since when; None before it began."""
    begun = [one for one in course if one[1] <= now]
    return begun[-1] if begun else None


def _timed(timed: Sequence[tuple[str, datetime | None]], now: datetime) -> str:
    return next((what for what, end in timed if end is not None and now < end), "")
