"""What the called party is shown: a number, or `"Name" <number>`, as Originate's `CallerID` takes it.

A dialplan that works with the caller id writes it into the arguments of its applications, where a comma begins the next
argument, and a semicolon, a bracket or a dollar sign means more than itself: none of these gets there.
"""

import re

from dialer.domain.errors import Fault, shown

_NUMBER = r"\+?[0-9]{1,20}"
_SHOWN = re.compile(rf'{_NUMBER}|"(?P<name>[^"<>,;|\\$(){{}}\[\]]{{0,60}})" ?<{_NUMBER}>')


def caller_id_faults(value: str | None) -> list[Fault]:
    """Empty for None and for an empty text: the trunk's own number is shown."""
    if not value:
        return []
    found = _SHOWN.fullmatch(value)
    if found and (found["name"] or "").isprintable():
        return []
    return [
        Fault(
            "caller_id",
            "%(value)s is no caller id: write a number, such as +12025550123, or a name and a number, such as "
            '"Shop" <+12025550123>, without , ; | \\ $ or brackets in the name',
            value=shown(value),
        )
    ]
