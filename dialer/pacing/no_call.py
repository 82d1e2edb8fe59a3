"""Why the dialer does not place one call now: the link, agents, limits, the gateway, and the number."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from dialer.domain.members import NotFree
from dialer.domain.said import Said, chained, joined, marked
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
        down = Said("the link to Asterisk is down, or its answers are late")
        why = outlook.link_reason
        yield Reason("link-down", Said("%(what)s: %(why)s", what=down, why=why) if why else down)
    if not outlook.automatic and outlook.offers:
        many = {0: Said("no agent of its queue is"), 1: Said("1 agent of its queue is")}
        who = many.get(outlook.ready) or Said("%(number)s agents of its queue are", number=outlook.ready)
        told = Said("an agent decides on each call (preview), and %(who)s ready on the agent page", who=who)
        yield Reason("preview" if outlook.ready else "no-agent-on-the-page", told)
    elif not outlook.automatic:
        yield Reason(
            "no-dialing-mode",
            "the campaign allows no dialing mode that works: neither progressive nor power nor preview is ticked",
        )


def of_others(outlook: CallOutlook, before: int, now: datetime) -> Iterator[Reason]:
    """Calls of other campaigns come first, and there are not agents for all of them and this one; `before` are its own."""
    found = outlook.overtaken_by(before)
    if not found or outlook.left_by(found, now) > before:
        return
    told = [
        Said(
            "“%(title)s” (priority %(priority)s, weight %(weight)s) with %(calls)s",
            title=one.title,
            priority=one.contender.priority,
            weight=one.contender.weight,
            calls=_calls(calls),
        )
        for one, calls in found
    ]
    yield Reason(
        "other-campaigns-first",
        Said("campaigns that need the same agents come first: %(told)s", told=joined(told, len(told))),
    )


def _of_campaign(outlook: CallOutlook, now: datetime) -> Iterator[Reason]:
    allowed = outlook.campaign
    for limit in allowed.limits(now):
        if limit is Limit.CALLS_PER_SECOND:
            yield Reason("calls-per-second", "the campaign's limit of calls per second is reached", allowed.token_at)
        else:
            told = Said("the campaign's limit of %(most)s concurrent calls is reached", most=allowed.most_at_once)
            yield Reason("max-concurrent-calls", told)


def _told(one: Against, outlook: CallOutlook, number: str, now: datetime) -> Iterator[Reason]:
    name, allowed = outlook.gateway_name, outlook.gateway_limit
    match one:
        case Against.NO_GATEWAY:
            told = (
                Said("there is no voice gateway %(name)s", name=name)
                if name
                else Said("neither its step nor the campaign names a voice gateway")
            )
            yield Reason(one, told)
        case Against.PREFIX:
            yield Reason(
                one, Said("the voice gateway %(name)s may not dial the prefix of %(number)s", name=name, number=number)
            )
        case Against.DAILY_CAP if outlook.cap is not None:
            told = Said(
                "the voice gateway %(name)s has made %(cap)s that it may make in a day; the next day begins at %(at)s UTC",
                name=name, cap=outlook.cap.text, at=f"{outlook.cap.resets_at:%Y-%m-%d %H:%M}",
            )  # fmt: skip
            yield Reason(
                one,
                told,
                outlook.cap.resets_at,
            )
        case Against.BREAKER:
            yield _breaker_open(name, outlook.breaker)
        case Against.IN_ANOTHER_CALL:
            yield Reason(one, Said("%(number)s is in another call", number=number))
        case Against.GATEWAY_LIMIT:
            for limit in allowed.limits(now):
                if limit is Limit.CALLS_PER_SECOND:
                    told = Said("the limit of calls per second of the voice gateway %(name)s is reached", name=name)
                    yield Reason("gateway-calls-per-second", told, allowed.token_at)
                else:
                    told = Said(
                        "the voice gateway %(name)s has its limit of %(most)s calls",
                        name=name,
                        most=allowed.most_at_once,
                    )
                    yield Reason("gateway-max-calls", told)


def _breaker_open(name: str, breaker: Breaker) -> Reason:
    since = f"{breaker.since:%Y-%m-%d %H:%M:%S} UTC" if breaker.since else Said("now")
    told = Said(
        "calls by the voice gateway %(name)s fail because of its trunk: its breaker is open since %(since)s",
        name=name,
        since=since,
    )
    if breaker.probe is not None:
        return Reason(Against.BREAKER, Said("%(what)s, and one call is probing it", what=told))
    return Reason(
        Against.BREAKER,
        Said("%(what)s, and the next call probes it at %(at)s UTC", what=told, at=f"{breaker.probe_at:%H:%M:%S}"),
        breaker.probe_at,
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
    NotFree.UNAVAILABLE: Said("can't be reached"),
    NotFree.PAUSED: Said("paused"),
    NotFree.RINGING: Said("ringing"),
    NotFree.IN_USE: Said("in a call"),
    NotFree.NOT_ANSWERING: Said("left calls ringing"),
    NotFree.WRAP_UP: Said("in wrap-up"),
}


def of_queue(queue: QueueView, now: datetime, power: Power | None = None) -> Iterator[Reason]:
    """Why no agent of the queue may be given a call; nothing if one may. The link is up."""
    state = queue.state(now)
    decision = decide_power(state, power, link_up=True)
    if decision.originate > 0:
        return
    if decision.limited_by is Limit.UNKNOWN_QUEUE:
        yield Reason("unknown-queue", Said("Asterisk reports no queue %(name)s", name=queue.name))
    elif state.free:
        yield Reason("agents-claimed", _claimed(queue, now), _free_at(queue, power, now))
    else:
        code, told = _nobody_free(queue, now)
        yield Reason(code, told, _free_at(queue, power, now))


def _nobody_free(queue: QueueView, now: datetime) -> tuple[str, str]:
    held = [why for member in queue.members if NotFree.NOT_LOGGED_IN not in (why := held_back(member, now))]
    if not held:
        return "no-agent-logged-in", Said("no agent is logged in to the queue %(queue)s", queue=queue.name)
    tally = Counter(why[0] for why in held)  # the weightiest of each
    states = [Said("%(number)s %(state)s", number=number, state=_IN_WORDS[why]) for why, number in tally.most_common()]
    one = marked("the only agent of the queue %(queue)s is not free: %(states)s")
    many = marked("none of the %(number)s agents of the queue %(queue)s is free: %(states)s")
    listed = joined(states, len(states))
    told = Said(one if len(held) == 1 else many, number=len(held), queue=queue.name, states=listed)
    return _ALL[next(iter(tally))] if len(tally) == 1 else "no-agent-free", told


def _claimed(queue: QueueView, now: datetime) -> str:
    state = queue.state(now)
    claims = (
        (state.callers_waiting, marked("1 waiting caller"), marked("%(number)s waiting callers")),
        (state.in_flight, marked("1 call on its way"), marked("%(number)s calls on their way")),
        (
            state.claimed_elsewhere,
            marked("1 call or caller of another queue"),
            marked("%(number)s calls or callers of other queues"),
        ),
    )
    found = [Said(one if number == 1 else many, number=number) for number, one, many in claims if number]
    only = marked("in the queue %(queue)s 1 agent is free, but needed for %(claims)s")
    some = marked("in the queue %(queue)s %(number)s agents are free, but needed for %(claims)s")
    listed = chained(marked("%(first)s and %(second)s"), found)
    return Said(only if state.free == 1 else some, queue=queue.name, number=state.free, claims=listed)


def _calls(number: int) -> Said:
    return Said("1 call") if number == 1 else Said("%(number)s calls", number=number)


def _free_at(queue: QueueView, power: Power | None, now: datetime) -> datetime | None:
    ends = sorted(end for end in queue.wrap_up_ends() if end > now)
    return next((end for end in ends if decide_power(queue.state(end), power, link_up=True).originate > 0), None)
