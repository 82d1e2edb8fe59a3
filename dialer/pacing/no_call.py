"""Why the dialer does not place one call now: the link, agents, limits, the gateway, and the number."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from dialer.domain.members import NotFree
from dialer.pacing.breaker import Breaker
from dialer.pacing.gates import Against, CallFacts, against
from dialer.pacing.outlook import CallOutlook, QueueView, held_back
from dialer.pacing.power import Power, decide_power
from dialer.pacing.progressive import Limit
from dialer.pacing.reason import Reason


def of_call(outlook: CallOutlook, number: str, now: datetime) -> Iterator[Reason]:
    yield from _of_dialer(outlook)
    if not outlook.queues:
        yield Reason("no-queue", "neither its step nor the campaign names a queue")
    if outlook.link_up:
        for queue in outlook.queues:
            yield from of_queue(queue, now, outlook.power_in(queue))
    yield from _of_campaign(outlook, now)
    cap = outlook.cap if outlook.cap and outlook.cap.resets_at > now else None
    allowed, lets = outlook.gateway_limit.room(now), outlook.breaker.lets(now)
    call = CallFacts(
        number, outlook.gateway, allowed, outlook.in_another_call, is_open=True, breaker_lets=lets, cap=cap
    )
    for one in against(call):
        yield from _told(one, outlook, number, now)


def _of_dialer(outlook: CallOutlook) -> Iterator[Reason]:
    if outlook.draining:
        yield Reason("draining", "the server is stopping: no new calls start")
    if not outlook.link_up:
        why = f": {outlook.link_reason}" if outlook.link_reason else ""
        yield Reason("link-down", f"the link to Asterisk is down, or its answers are late{why}")
    if not outlook.automatic and outlook.offers:
        many = {0: "no agent of its queue is", 1: "1 agent of its queue is"}
        who = many.get(outlook.ready, f"{outlook.ready} agents of its queue are")
        told = f"an agent decides on each call (preview), and {who} ready on the agent page"
        yield Reason("preview" if outlook.ready else "no-agent-on-the-page", told)
    elif not outlook.automatic:
        yield Reason(
            "no-dialing-mode",
            "the campaign allows no dialing mode that works: neither progressive nor power nor preview is ticked",
        )


def of_others(outlook: CallOutlook, before: int, now: datetime) -> Iterator[Reason]:
    """Calls of other campaigns come first, and there are not agents for all of them and this one; `before` are its own."""
    found = outlook.overtaken_by(before)
    if not found or outlook.agents(now) > before + sum(calls for _, calls in found):
        return
    told = [
        f"“{one.title}” (priority {one.contender.priority}, weight {one.contender.weight}) with "
        f"{calls} {'call' if calls == 1 else 'calls'}"
        for one, calls in found
    ]
    yield Reason("other-campaigns-first", f"campaigns that need the same agents come first: {', '.join(told)}")


def _of_campaign(outlook: CallOutlook, now: datetime) -> Iterator[Reason]:
    allowed = outlook.campaign
    for limit in allowed.limits(now):
        if limit is Limit.CALLS_PER_SECOND:
            yield Reason("calls-per-second", "the campaign's limit of calls per second is reached", allowed.token_at)
        else:
            told = f"the campaign's limit of {allowed.most_at_once} concurrent calls is reached"
            yield Reason("max-concurrent-calls", told)


def _told(one: Against, outlook: CallOutlook, number: str, now: datetime) -> Iterator[Reason]:
    name, allowed = outlook.gateway_name, outlook.gateway_limit
    match one:
        case Against.NO_GATEWAY:
            told = (
                f"there is no voice gateway {name}"
                if name
                else "neither its step nor the campaign names a voice gateway"
            )
            yield Reason(one, told)
        case Against.PREFIX:
            yield Reason(one, f"the voice gateway {name} may not dial the prefix of {number}")
        case Against.DAILY_CAP if outlook.cap is not None:
            told = f"the voice gateway {name} has made {outlook.cap.text} that it may make in a day"
            yield Reason(
                one, f"{told}; the next day begins at {outlook.cap.resets_at:%Y-%m-%d %H:%M} UTC", outlook.cap.resets_at
            )
        case Against.BREAKER:
            yield _breaker_open(name, outlook.breaker)
        case Against.IN_ANOTHER_CALL:
            yield Reason(one, f"{number} is in another call")
        case Against.GATEWAY_LIMIT:
            for limit in allowed.limits(now):
                if limit is Limit.CALLS_PER_SECOND:
                    told = f"the limit of calls per second of the voice gateway {name} is reached"
                    yield Reason("gateway-calls-per-second", told, allowed.token_at)
                else:
                    told = f"the voice gateway {name} has its limit of {allowed.most_at_once} calls"
                    yield Reason("gateway-max-calls", told)


def _breaker_open(name: str, breaker: Breaker) -> Reason:
    since = f"{breaker.since:%Y-%m-%d %H:%M:%S} UTC" if breaker.since else "now"
    told = f"calls by the voice gateway {name} fail because of its trunk: its breaker is open since {since}, and "
    if breaker.probe is not None:
        return Reason(Against.BREAKER, told + "one call is probing it")
    return Reason(
        Against.BREAKER, f"{told}the next call probes it at {breaker.probe_at:%H:%M:%S} UTC", breaker.probe_at
    )


# -- agents -----------------------------------------------------------------------------------------------------------

_ALL = {
    NotFree.UNAVAILABLE: "agents-unavailable",
    NotFree.PAUSED: "agents-paused",
    NotFree.RINGING: "agents-ringing",
    NotFree.IN_USE: "agents-in-calls",
    NotFree.NOT_ANSWERING: "agents-not-answering",
    NotFree.WRAP_UP: "agents-in-wrap-up",
}
_IN_WORDS = {
    NotFree.UNAVAILABLE: "can't be reached",
    NotFree.PAUSED: "paused",
    NotFree.RINGING: "ringing",
    NotFree.IN_USE: "in a call",
    NotFree.NOT_ANSWERING: "left calls ringing",
    NotFree.WRAP_UP: "in wrap-up",
}


def of_queue(queue: QueueView, now: datetime, power: Power | None = None) -> Iterator[Reason]:
    """Why no agent of the queue may be given a call; nothing if one may. The link is up."""
    state = queue.state(now)
    decision = decide_power(state, power, link_up=True)
    if decision.originate > 0:
        return
    if decision.limited_by is Limit.UNKNOWN_QUEUE:
        yield Reason("unknown-queue", f"Asterisk reports no queue {queue.name}")
    elif state.free:
        yield Reason("agents-claimed", _claimed(queue, now), _free_at(queue, power, now))
    else:
        code, told = _nobody_free(queue, now)
        yield Reason(code, told, _free_at(queue, power, now))


def _nobody_free(queue: QueueView, now: datetime) -> tuple[str, str]:
    held = [why for member in queue.members if NotFree.NOT_LOGGED_IN not in (why := held_back(member, now))]
    if not held:
        return "no-agent-logged-in", f"no agent is logged in to the queue {queue.name}"
    tally = Counter(why[0] for why in held)  # the weightiest of each
    listed = ", ".join(f"{number} {_IN_WORDS[why]}" for why, number in tally.most_common())
    whole = "the only agent" if len(held) == 1 else f"none of the {len(held)} agents"
    told = f"{whole} of the queue {queue.name} is {'not free' if len(held) == 1 else 'free'}: {listed}"
    return _ALL[next(iter(tally))] if len(tally) == 1 else "no-agent-free", told


def _claimed(queue: QueueView, now: datetime) -> str:
    state = queue.state(now)
    claims = (
        (state.callers_waiting, "waiting caller", "waiting callers"),
        (state.in_flight, "call on its way", "calls on their way"),
        (state.claimed_elsewhere, "call or caller of another queue", "calls or callers of other queues"),
    )
    listed = " and ".join(f"{number} {one if number == 1 else many}" for number, one, many in claims if number)
    agents = "1 agent is free, but needed" if state.free == 1 else f"{state.free} agents are free, but needed"
    return f"in the queue {queue.name} {agents} for {listed}"


def _free_at(queue: QueueView, power: Power | None, now: datetime) -> datetime | None:
    ends = sorted(end for end in queue.wrap_up_ends() if end > now)
    return next((end for end in ends if decide_power(queue.state(end), power, link_up=True).originate > 0), None)
