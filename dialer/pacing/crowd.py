"""How likely it is that a call which starts now, once it is answered, finds no agent: the arithmetic of power mode. Pure."""

from dataclasses import dataclass
from functools import lru_cache
from math import erfc, exp, lgamma, log, log1p, sqrt

#: Larger crowds are taken for normally distributed.
CROWD = 80
#: Eight points and weights of Gauss and Legendre on (0, 1).
_POINTS = (
    (0.01985507175123188, 0.05061426814518815),
    (0.10166676129318664, 0.11119051722668724),
    (0.2372337950418355, 0.15685332293894365),
    (0.4082826787521751, 0.181341891689181),
    (0.5917173212478249, 0.181341891689181),
    (0.7627662049581645, 0.15685332293894365),
    (0.8983332387068134, 0.11119051722668724),
    (0.9801449282487681, 0.05061426814518815),
)


@dataclass(frozen=True, slots=True)
class Pace:
    """What calls of a campaign are like: `answer_rate` from 0 to 1, and mean times in seconds.

    `ring_s` until a call that somebody answers is answered; `busy_s` from an agent's taking a call until the agent is free
    again, wrap-up included.
    """

    answer_rate: float
    ring_s: float
    busy_s: float


@lru_cache(maxsize=65_536)
def risk(free: int, busy: int, ringing: int, pace: Pace) -> float:
    """How likely it is that one more call, when it is answered, finds no agent; from 0 to 1. All times are exponential.

    `free` agents, `busy` ones who come back, `ringing` calls of the same pace. The time until the answer is drawn from its
    eight most telling values; `left` is the share of the others that still ring then.
    """
    return sum(weight * _no_agent(free, busy, ringing, pace, left) for left, weight in _POINTS)


def _no_agent(free: int, busy: int, ringing: int, pace: Pace, left: float) -> float:
    answered, back = pace.answer_rate * (1 - left), 1 - left ** (pace.ring_s / pace.busy_s)
    if ringing + busy > CROWD:
        mean = ringing * answered - busy * back
        variance = ringing * answered * (1 - answered) + busy * back * (1 - back)
        return 0.5 * erfc((free - 0.5 - mean) / sqrt(2 * variance)) if variance else float(mean >= free)
    took = _tails(ringing, answered)
    came = _binomial(busy, back)
    return sum(came[k] * took[free + k] for k in range(min(busy, ringing - free) + 1))


def _tails(n: int, p: float) -> list[float]:
    """The probability of k or more of n, for each k."""
    tails = _binomial(n, p)
    for k in range(n - 1, -1, -1):
        tails[k] += tails[k + 1]
    return tails


def _binomial(n: int, p: float) -> list[float]:
    """The probability of k of n, for each k; 0 < p <= 1. Each from the one before it, from the likeliest on."""
    if p >= 1:
        return [0.0] * n + [1.0]
    odds, top = p / (1 - p), min(n, int((n + 1) * p))
    found = [0.0] * (n + 1)
    found[top] = exp(lgamma(n + 1) - lgamma(top + 1) - lgamma(n - top + 1) + top * log(p) + (n - top) * log1p(-p))
    for k in range(top, n):
        found[k + 1] = found[k] * odds * (n - k) / (k + 1)
    for k in range(top, 0, -1):
        found[k - 1] = found[k] * k / (odds * (n - k + 1))
    return found
