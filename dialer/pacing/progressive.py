"""Progressive: at most one call in flight for each agent who is proven free (D1). Pure; the decision says why not more."""

from enum import StrEnum

from dialer.domain.record import record


class Limit(StrEnum):
    """What keeps the dialer from placing (more) calls now."""

    LINK_DOWN = "link_down"  # Asterisk can't be reached, or its answers are late: nobody is proven free
    UNKNOWN_QUEUE = "unknown_queue"
    NO_AGENT_FREE = "no_agent_free"
    HIGHER_PRIORITY = "higher_priority"  # nobody is free, and a campaign of a higher priority gets who is next
    OTHER_CAMPAIGNS = "other_campaigns"  # it was the turn of others, and they took all who were free
    CALLS_PER_SECOND = "calls_per_second"
    MAX_CONCURRENT_CALLS = "max_concurrent_calls"
    GATEWAY_LIMIT = "gateway_limit"
    GATEWAY_CAP = "gateway_cap"  # its calls of the day are made, or its minutes
    GATEWAY_BREAKER = "gateway_breaker"  # its trunk fails: nothing leaves but a probe now and then
    NOTHING_DUE = "nothing_due"  # no request of the campaign is due
    OUTSIDE_WINDOW = "outside_window"
    DRAINING = "draining"  # the server is stopping


@record
class QueueState:
    """One queue at one moment.

    `callers_waiting` are those for whom no agent is being rung; `in_flight` are calls of ours that have not joined it yet
    and have not ended; `claimed_elsewhere` are free agents that other queues, in which they sit too, may need.
    """

    known: bool
    free: int
    callers_waiting: int
    in_flight: int
    claimed_elsewhere: int = 0


@record
class PacingDecision:
    """How many calls may be originated now, and what stands against more."""

    originate: int
    limited_by: Limit | None


# No number of calls is as large.
UNLIMITED = 1_000_000


def decide(queue: QueueState | None, *, link_up: bool, draining: bool = False) -> PacingDecision:
    """Each call that is on its way, and each caller who waits (ours or not), has a claim on one free agent.

    None is a campaign without a queue of its own: each of its calls asks for the queue that its step names.
    """
    if draining:
        return PacingDecision(0, Limit.DRAINING)
    if not link_up:
        return PacingDecision(0, Limit.LINK_DOWN)
    if queue is None:
        return PacingDecision(UNLIMITED, None)
    if not queue.known:
        return PacingDecision(0, Limit.UNKNOWN_QUEUE)
    originate = max(0, queue.free - queue.callers_waiting - queue.in_flight - queue.claimed_elsewhere)
    return PacingDecision(originate, Limit.NO_AGENT_FREE)
