"""Power mode (D8): how many more lines may ring than agents are free, under a limit on abandoned calls.

The question is asked of one call, the next: if it is answered, how likely is it that no agent is free by then? Others that
ring may be answered before it, and agents who talk may have ended before it. As long as that risk is not above what is
allowed, the call may start. What is allowed follows what happens (`Throttle`): each abandoned call lowers it, each that
met an agent raises it a little, so that the share of abandoned calls stays under the limit whatever was estimated wrong.

Against the exact optimum (a constrained Markov decision problem): `python -m bench pacing`.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil, erfc, exp, lgamma, log, log1p, sqrt

#: No campaign may let more of its answered calls be abandoned, percent (16 CFR 310.4(b)(4); 47 CFR 64.1200(a)(7)).
MOST_ABANDONED_PERCENT = 3.0
#: So many calls must have ended before their answer rate is believed; until then it is progressive.
ENOUGH_CALLS = 50
#: The throttle aims at this share of the limit: what is measured scatters around what is aimed at.
AIM = 0.9
#: How fast the throttle follows: one abandoned call lowers the allowed risk by about so much.
GAIN = 0.1
#: Allowed risk at most, in limits: calls that ring already had a smaller one when they started.
HIGHEST = 2.0
#: Below this share of the limit it is not worth it: progressive.
LOWEST = 0.02
#: Larger crowds are taken for normally distributed.
CROWD = 200
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

    `ring_s` until a call is answered or ends unanswered; `busy_s` from an agent's taking a call until the agent is free
    again, wrap-up included.
    """

    answer_rate: float
    ring_s: float
    busy_s: float


@dataclass(frozen=True, slots=True)
class Throttle:
    """`limit`: the share of answered calls that may be abandoned. `risk`: what the next call may have of it."""

    limit: float
    risk: float

    def after(self, *, abandoned: bool) -> "Throttle":
        """A call was answered by a person: and met an agent, or did not."""
        risk = self.risk * exp(GAIN * (AIM * self.limit - abandoned))
        return replace(self, risk=min(max(risk, LOWEST * self.limit), HIGHEST * self.limit))

    @property
    def closed(self) -> bool:
        """So much was abandoned that only progressive dialing is left."""
        return self.risk <= LOWEST * self.limit


def throttle(limit_percent: float) -> Throttle:
    """At the start of a campaign, or of the process: half the limit, which is about what the limit turns out to allow."""
    limit = min(limit_percent, MOST_ABANDONED_PERCENT) / 100
    return Throttle(limit, limit / 2)


def pace(answered: int, ended: int, ring_s: float, busy_s: float) -> Pace | None:
    """From `answered` of `ended` calls, and mean times; None while too little is known.

    The rate is taken one standard error too high: who expects too many answers starts too few calls.
    """
    if ended < ENOUGH_CALLS or not answered or ring_s <= 0 or busy_s <= 0:
        return None
    rate = answered / ended
    return Pace(min(1.0, _up(rate + sqrt(rate * (1 - rate) / ended))), _up(ring_s), _up(busy_s))


def lines(free: int, busy: int, ringing: int, pace: Pace, risk: float, *, most: int) -> int:
    """How many more calls may start, `most` at most, while `ringing` of the same pace are on their way.

    `free` agents are not needed by anybody else; `busy` ones come back after `pace.busy_s` on average. Never fewer than
    progressive dialing starts.
    """
    surely = max(0, min(most, free - ringing))
    maybe = range(surely, most)
    return surely + bisect_right(maybe, risk, key=lambda more: _risk(free, busy, ringing + more, pace))


@lru_cache(maxsize=65_536)
def _risk(free: int, busy: int, ringing: int, pace: Pace) -> float:
    """How likely it is that one more call, when it is answered, finds no agent; all times exponential.

    The time until then is drawn from its eight most telling values; `left` is the share of the others that still ring.
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
    """The probability of k of n, for each k; 0 < p <= 1."""
    if p >= 1:
        return [0.0] * n + [1.0]
    whole, yes, no = lgamma(n + 1), log(p), log1p(-p)
    return [exp(whole - lgamma(k + 1) - lgamma(n - k + 1) + k * yes + (n - k) * no) for k in range(n + 1)]


def _up(value: float) -> float:
    """On a grid of 2 %, upwards: paces that hardly differ are the same, so that answers are found again."""
    return 1.02 ** ceil(log(value, 1.02))
