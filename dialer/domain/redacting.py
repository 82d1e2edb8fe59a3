"""What may stand in a log: telephone numbers are personal data, and lines are kept and passed on more freely than the store."""

import re

# A run of digits as long as a number in its international form may be, however it is written.
_NUMBER = re.compile(r"\+?\d(?:[ ().\-/]?\d){5,}")
LEFT = 2


def without_numbers(text: str) -> str:
    """`text` with each longer number cut to its last two digits: `…67`."""
    return _NUMBER.sub(lambda found: f"…{found[0][-LEFT:]}", text)
