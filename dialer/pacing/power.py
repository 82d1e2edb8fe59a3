"""Power mode (D8): more lines may ring than agents are free, under a limit on abandoned calls. Pure.

The question is asked of one call, the next: if it is answered, how likely is it that no agent is free by then (`crowd`)?
As long as that risk is not above what is allowed, the call may start. What is allowed follows what happens (`Throttle`):
each abandoned call lowers it, each that met an agent raises it a little, so that the share of abandoned calls stays under
the limit whatever was estimated wrong. And it follows the meter of 30 days: calls are abandoned several at a time, so
where the meter has room for only a few, what is allowed is less, long before there is room for none. While there is none, or
too little is known of the calls, it is progressive dialing.

Against the exact optimum (a constrained Markov decision problem): `python -m bench pacing`.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from math import ceil, exp, floor, log, sqrt

from dialer.pacing.crowd import Pace, risk
from dialer.pacing.progressive import Limit, PacingDecision, QueueState, decide

#: No campaign may let more of its answered calls be abandoned, percent (16 CFR 310.4(b)(4); 47 CFR 64.1200(a)(7)).
MOST_ABANDONED_PERCENT = 3.0
#: So many calls must have ended before their answer rate is believed; until then it is progressive.
ENOUGH_CALLS = 50
#: The throttle aims at this share of the limit: what is measured scatters around what is aimed at.
AIM = 0.9
#: How fast the throttle follows: one abandoned call lowers the allowed risk by about so much.
GAIN = 0.1
#: Allowed risk at most, in limits: calls that ring already had a smaller one when they started, and answers are estimated high.
HIGHEST = 4.0
#: So many calls or some more are abandoned at once when more answer than agents come free: the meter needs room for them.
BURST = 10.0
#: Rates and times are told apart by so much.
GRID = 1.03
#: Below this share of the limit it is not worth it: progressive.
LOWEST = 0.02


@dataclass(frozen=True, slots=True)
class Throttle:
    """`limit`: the share of answered calls that may be abandoned. `risk`: how likely the next one may find no agent."""

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

    The rate is taken half a standard error too high: who expects too many answers starts too few calls.
    """
    if ended < ENOUGH_CALLS or not answered or ring_s <= 0 or busy_s <= 0:
        return None
    rate = answered / ended
    return Pace(min(1.0, _up(rate + sqrt(rate * (1 - rate) / ended) / 2)), _up(ring_s), _up(busy_s))


class Held(StrEnum):
    """Why a campaign in power mode dials progressively at present."""

    PACE_UNKNOWN = "pace_unknown"  # too few of its calls have ended
    ABANDONMENT = "abandonment"  # one more abandoned call would be above the limit, or too many were lately
    SHARED = "shared"  # a campaign without power mode needs the same agents, and was promised one for each call


@dataclass(frozen=True, slots=True)
class Power:
    """A campaign in power mode at one moment, beside the `QueueState` of its queue.

    `busy` agents are in calls or in wrap-up, and come back to this queue only. `pace` is None while too little is known.
    `spare`: how many more may be abandoned within the limit of 30 days (`AbandonmentMeter.allowance`). `shared`: calls on
    their way, or other campaigns for the same agents, are without power mode.
    """

    busy: int
    pace: Pace | None
    throttle: Throttle
    spare: int
    lines_per_agent: float
    shared: bool = False

    @property
    def risk(self) -> float:
        """How likely the next call may find no agent, by the throttle and by the room that the meter has."""
        spare = max(0, self.spare)
        return self.throttle.risk * spare / (spare + BURST)

    @property
    def held(self) -> Held | None:
        """None: more lines may ring than agents are free."""
        if self.shared:
            return Held.SHARED
        if self.pace is None:
            return Held.PACE_UNKNOWN
        return Held.ABANDONMENT if self.spare < 1 or self.throttle.closed else None


def decide_power(
    queue: QueueState | None, power: Power | None, *, link_up: bool, draining: bool = False
) -> PacingDecision:
    """How many calls may start; never fewer than progressive dialing starts, nor more than `lines_per_agent` in all.

    Callers who wait, and calls and callers of other queues, have their claims on free agents as ever; calls on their way
    have no more than their chance of an answer. Without `power` it is progressive dialing.
    """
    surely = decide(queue, link_up=link_up, draining=draining)
    if queue is None or surely.limited_by is not Limit.NO_AGENT_FREE:
        return surely
    if power is None or power.pace is None or power.held is not None:
        return surely
    free = max(0, queue.free - queue.callers_waiting - queue.claimed_elsewhere)
    most = max(surely.originate, floor(power.lines_per_agent * (free + power.busy)) - queue.in_flight)
    more = lines(free, power.busy, queue.in_flight, power.pace, power.risk, most=most)
    return PacingDecision(more, Limit.NO_AGENT_FREE)


def lines(free: int, busy: int, ringing: int, pace: Pace, allowed: float, *, most: int) -> int:
    """How many more calls may start, `most` at most, while `ringing` of the same pace are on their way.

    `allowed` is the highest risk that one of them may have. `free` agents are not needed by anybody else; `busy` ones
    come back after `pace.busy_s` on average. Never fewer than progressive dialing starts.
    """
    surely = max(0, min(most, free - ringing))
    maybe = range(surely, most)
    return surely + bisect_right(maybe, allowed, key=lambda more: risk(free, busy, ringing + more, pace))


def _up(value: float) -> float:
    """On a grid, upwards: paces that hardly differ are the same, so that what was reckoned is found again."""
    return float(GRID ** ceil(log(value, GRID)))
