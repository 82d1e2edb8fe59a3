"""The telephone numbers of the simulated world: the last two digits say how the callee behaves."""

from enum import StrEnum

AREAS = (202, 206, 212, 213, 214, 215, 216, 217, 301, 302, 303, 305, 310, 312, 314, 404, 415, 503, 617, 713)
PER_AREA = 1000
PER_BEHAVIOUR = len(AREAS) * PER_AREA


class Callee(StrEnum):
    """What a callee does. `ring` and `talk` are set at run time with `World.set_callees`."""

    ANSWER = "answer"
    TALK = "talk"
    SLOW = "slow"
    SHORT = "short"
    IMPATIENT = "impatient"
    INSTANT = "instant"
    MACHINE = "machine"
    HELLO = "hello"
    OPTS_OUT = "opts_out"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    CONGESTION = "congestion"
    INVALID = "invalid"
    BUSY_ONCE = "busy_once"


CODES = {
    Callee.ANSWER: "01",
    Callee.TALK: "02",
    Callee.SLOW: "03",
    Callee.SHORT: "04",
    Callee.IMPATIENT: "05",
    Callee.INSTANT: "06",
    Callee.MACHINE: "07",
    Callee.HELLO: "08",
    Callee.OPTS_OUT: "09",
    Callee.BUSY: "11",
    Callee.NO_ANSWER: "12",
    Callee.REJECTED: "13",
    Callee.CONGESTION: "14",
    Callee.INVALID: "15",
    Callee.BUSY_ONCE: "16",
}


def number(behaviour: Callee, i: int) -> str:
    """The `i`-th number (0 to 19,999) of callees with this behaviour: valid E.164, US, exchanges 550-559.

    Raises ValueError beyond that.
    """
    if not 0 <= i < PER_BEHAVIOUR:
        raise ValueError(f"i must be 0 to {PER_BEHAVIOUR - 1}, not {i}")
    area, rest = divmod(i, PER_AREA)
    return f"+1{AREAS[area]}55{rest:03d}{CODES[behaviour]}"


def behaviour_of(dialed: str) -> Callee:
    """How the callee at this number behaves; any number that is not in the table talks."""
    return next((b for b, code in CODES.items() if dialed.endswith(code)), Callee.TALK)
