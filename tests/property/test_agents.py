"""The counts that pacing uses are those of a fresh look at every member, whatever happens and whenever it is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.domain import telephony as t
from dialer.domain.agents import Agents
from dialer.domain.members import Member, NotFree, QueueSnapshot
from dialer.domain.telephony import MemberStatus

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EPOCH = int(START.timestamp())
QUEUES = ("sales", "support")
INTERFACES = ("PJSIP/anna", "PJSIP/ben")

queues, interfaces = st.sampled_from(QUEUES), st.sampled_from(INTERFACES)
callers = st.sampled_from(("c1", "c2", "c3"))
members = st.builds(
    t.MemberState,
    queue=queues,
    interface=interfaces,
    name=st.just("x"),
    status=st.sampled_from(MemberStatus),
    paused=st.booleans(),
    last_call=st.sampled_from((0, *range(EPOCH - 5, EPOCH + 60, 5))),
    wrapup_s=st.sampled_from((0, 3, 20)),
    in_call=st.booleans(),
)
events = st.one_of(
    members,
    st.builds(t.MemberRemoved, queues, interfaces),
    st.builds(t.AgentCalled, queues, callers, interfaces),
    st.builds(t.AgentConnect, queues, callers, interfaces, st.just("x"), st.just(0)),
    st.builds(t.AgentComplete, queues, callers, interfaces, st.just(1), st.just("agent")),
    st.builds(t.AgentRingNoAnswer, queues, callers, interfaces),
    st.builds(t.QueueCallerJoin, queues, callers),
    st.builds(t.QueueCallerLeave, queues, callers),
    st.builds(t.Hangup, callers, st.just(16), st.just("")),
)
steps = st.lists(st.tuples(events, st.sampled_from((0.0, 0.001, 1.0, 7.5))), max_size=40)
PICTURE = t.LiveState(
    members=tuple(
        t.MemberState(queue, interface, "x", MemberStatus.NOT_IN_USE, paused=False, wrapup_s=5)
        for queue in QUEUES
        for interface in INTERFACES
    ),
    queues=frozenset(QUEUES),
    clock_offset_s=0.0,
)
IDLE = {MemberStatus.UNKNOWN, MemberStatus.NOT_IN_USE}


def seated() -> Agents:
    found = Agents({"support": 4})
    found.resync(PICTURE, START)
    return found


@pytest.mark.req("D1")
@given(steps)
def test_the_counts_are_those_of_a_fresh_look(history: list[tuple[t.Event, float]]) -> None:
    found, now = seated(), START
    for event, pause in history:
        now += timedelta(seconds=pause)
        found.apply(event, now)
        for queue in QUEUES:
            seen = found.snapshot(queue, now)
            assert seen.free == sum(member.free for member in seen.members)
            only_wrapping = [m.wrap_up_until for m in seen.members if m.reasons == (NotFree.WRAP_UP,)]
            assert seen.next_wrap_up_end == min((end for end in only_wrapping if end), default=None)


@pytest.mark.req("D1")
@given(steps)
def test_nobody_is_free_against_the_latest_word_of_asterisk(history: list[tuple[t.Event, float]]) -> None:
    found, now = seated(), START
    latest: dict[tuple[str, str], t.MemberState] = {}
    for event, pause in history:
        now += timedelta(seconds=pause)
        found.apply(event, now)
        if isinstance(event, t.MemberState):
            known = latest.get((event.queue, event.interface))
            if known is None or not 0 < event.last_call < known.last_call:
                latest[event.queue, event.interface] = event
    for (queue, interface), state in latest.items():
        (member,) = [one for one in found.snapshot(queue, now).members if one.interface == interface]
        if state.status not in IDLE or state.paused:
            assert not member.free


@given(steps)
def test_an_event_told_twice_is_told_once(history: list[tuple[t.Event, float]]) -> None:
    once, twice, now = seated(), seated(), START
    for event, pause in history:
        now += timedelta(seconds=pause)
        once.apply(event, now)
        twice.apply(event, now)
        twice.apply(event, now)
    for queue in QUEUES:
        assert twice.snapshot(queue, now) == once.snapshot(queue, now)


@given(steps, steps)
def test_after_a_resync_the_past_is_forgotten(
    before: list[tuple[t.Event, float]], after: list[tuple[t.Event, float]]
) -> None:
    old, fresh, now = seated(), Agents({"support": 4}), START
    for event, pause in before:
        now += timedelta(seconds=pause)
        if not isinstance(event, t.Hangup | t.AgentComplete):  # what has ended stays ended: ids are not used again
            old.apply(event, now)
    old.resync(PICTURE, now)
    fresh.resync(PICTURE, now)
    for event, pause in after:
        now += timedelta(seconds=pause)
        old.apply(event, now)
        fresh.apply(event, now)
    assert [timeless(old, queue, now) for queue in QUEUES] == [timeless(fresh, queue, now) for queue in QUEUES]


def timeless(found: Agents, queue: str, now: datetime) -> tuple[QueueSnapshot, list[Member]]:
    """Without since when anybody does anything, which a resync keeps."""
    seen = found.snapshot(queue, now)
    return replace(seen, members=()), [replace(member, since=None) for member in seen.members]


def doings(found: Agents, now: datetime) -> Doings:
    seen = (found.snapshot(queue, now) for queue in QUEUES)
    return {(queue.queue, one.interface): (one.doing, one.since) for queue in seen for one in queue.members}


@pytest.mark.req("A3")
@given(steps)
def test_since_when_moves_only_when_what_an_agent_does_changes(history: list[tuple[t.Event, float]]) -> None:
    """A look before each event and after it: who did something else meanwhile began to between the two looks."""
    found, now = seated(), START
    known = doings(found, now)
    assert {since for _doing, since in known.values()} == {START}
    for event, pause in history:
        before, now = now, now + timedelta(seconds=pause)
        seen = doings(found, now)
        assert_moved(known, seen, before, now)
        found.apply(event, now)
        known = doings(found, now)
        assert_moved(seen, known, now, now)


Doings = dict[tuple[str, str], tuple[NotFree | None, datetime | None]]


def assert_moved(known: Doings, seen: Doings, before: datetime, now: datetime) -> None:
    for who, (doing, since) in seen.items():
        assert since is not None
        if who in known and doing == known[who][0]:
            assert since == known[who][1]
        else:
            assert before <= since <= now


@pytest.mark.req("A3")
@given(steps)
def test_a_resync_keeps_since_when_of_what_goes_on(history: list[tuple[t.Event, float]]) -> None:
    found, now = seated(), START
    for event, pause in history:
        now += timedelta(seconds=pause)
        found.apply(event, now)
    now += timedelta(seconds=1)
    still = doings(found, now)
    found.forget()
    found.resync(PICTURE, now)
    for who, (doing, since) in doings(found, now).items():
        before, began = still.get(who, (NotFree.NOT_LOGGED_IN, None))
        assert since == (began if doing == before else now)
