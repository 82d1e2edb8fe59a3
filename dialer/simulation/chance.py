"""Chance without state: a number is drawn from the seed, the person and what it is for, whenever it is asked for.

So the same people answer and the same numbers do not exist when another assumption is changed, and two runs differ by
that assumption alone. SplitMix64 (Steele, Lea and Flood, 2014).
"""

from enum import IntEnum

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


class For(IntEnum):
    """What a number is drawn for."""

    EXISTS = 1
    ANSWERS = 2
    RINGS = 3
    TALKS = 4
    DELIVERED = 5
    TRAVELS = 6
    REPLIES = 7
    THINKS = 8
    LOOKS = 9


def draw(seed: int, person: int, what: For, number: int) -> float:
    """From 0 (included) to 1 (not included); `number` counts the draws of this person for this, or names one."""
    mixed = _mix(seed * _GAMMA + person & _MASK)
    return (_mix(mixed + (int(what) << 32 | number) * _GAMMA & _MASK) >> 11) * 2.0**-53


def spread(mean: float, variation: float, drawn: float) -> float:
    """A time around its mean: evenly from `1 - variation` to `1 + variation` of it."""
    return mean * (1.0 + variation * (2.0 * drawn - 1.0))


def _mix(z: int) -> int:
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return z ^ (z >> 31)
