"""Who is free, and why the others are not (asterisk facts, §3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dialer.ami.parse import parse
from dialer.domain import telephony as t
from dialer.domain.agents import Agents
from dialer.domain.calls import PROGRESS
from dialer.domain.members import Counts, NotFree
from dialer.domain.telephony import MemberStatus
from tests.peers import ami_events as e

NOW = datetime(2026, 3, 2, 9, 0, 0, 500_000, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
ANNA = t.MemberState("sales", "PJSIP/anna", "anna", MemberStatus.NOT_IN_USE, paused=False, wrapup_s=10)
BEN = replace(ANNA, interface="PJSIP/ben", name="ben")
CALLER = "1700000000.1"


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def agents(*members: t.MemberState, offset_s: float | None = 0.0, **wrap_up_s: int) -> Agents:
    found = Agents(wrap_up_s)
    queues = frozenset(member.queue for member in members)
    found.resync(t.LiveState(members=members, queues=queues, clock_offset_s=offset_s), NOW)
    return found


def reasons(found: Agents, interface: str = "PJSIP/anna", now: datetime = NOW, queue: str = "sales") -> list[NotFree]:
    (member,) = [one for one in found.snapshot(queue, now).members if one.interface == interface]
    assert member.free == (not member.reasons)
    return list(member.reasons)


def free(found: Agents, now: datetime = NOW, queue: str = "sales") -> int:
    return found.counts(queue, now).free


@pytest.mark.req("D1")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": MemberStatus.UNKNOWN}, []),
        ({"status": MemberStatus.NOT_IN_USE}, []),
        ({"status": MemberStatus.IN_USE}, [NotFree.IN_USE]),
        ({"status": MemberStatus.BUSY}, [NotFree.IN_USE]),
        ({"status": MemberStatus.INVALID}, [NotFree.UNAVAILABLE]),
        ({"status": MemberStatus.UNAVAILABLE}, [NotFree.UNAVAILABLE]),
        ({"status": MemberStatus.RINGING}, [NotFree.RINGING]),
        ({"status": MemberStatus.RINGING_IN_USE}, [NotFree.RINGING, NotFree.IN_USE]),
        ({"status": MemberStatus.ON_HOLD}, [NotFree.IN_USE]),
        ({"paused": True, "paused_reason": "lunch"}, [NotFree.PAUSED]),
        ({"paused": True, "status": MemberStatus.IN_USE}, [NotFree.PAUSED, NotFree.IN_USE]),
        ({"in_call": True}, [NotFree.IN_USE]),
        ({"last_call": EPOCH - 9}, [NotFree.WRAP_UP]),
        ({"last_call": EPOCH - 10}, []),
    ],
)
def test_every_reason(change: dict[str, object], reason: list[NotFree]) -> None:
    found = agents(replace(ANNA, **change), BEN)  # type: ignore[arg-type] # a row names its fields
    assert reasons(found) == reason
    assert free(found) == 1 + (not reason)


def test_before_the_first_resync_and_after_a_lost_link_nobody_is_free() -> None:
    unknown = Counts("sales", known=False, free=0, callers_waiting=0, next_wrap_up_end=None)
    assert Agents().counts("sales", NOW) == unknown
    found = agents(ANNA)
    found.forget()
    assert found.counts("sales", NOW) == unknown
    assert found.snapshot("sales", NOW).members == ()
    assert not agents(ANNA).counts("no-such-queue", NOW).known


def test_removed_means_not_logged_in_and_added_again_means_free() -> None:
    found = agents(ANNA)
    found.apply(t.MemberRemoved("sales", "PJSIP/anna"), NOW)
    assert reasons(found) == [NotFree.NOT_LOGGED_IN]
    found.apply(ANNA, NOW)
    assert reasons(found) == []


def test_a_pause_counts_in_its_queue_only() -> None:
    found = agents(ANNA, replace(ANNA, queue="support"))
    found.apply(replace(ANNA, paused=True), NOW)
    assert (free(found), free(found, queue="support")) == (0, 1)


@pytest.mark.req("D1")
def test_a_call_in_one_queue_makes_busy_in_all_and_so_does_its_wrap_up() -> None:
    support = replace(ANNA, queue="support", wrapup_s=0)
    found = agents(ANNA, support)
    found.apply(t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0), NOW)
    assert reasons(found, queue="support") == [NotFree.IN_USE]
    found.apply(t.AgentComplete("sales", CALLER, "PJSIP/anna", 5, "agent"), NOW)
    assert reasons(found, queue="support") == [NotFree.WRAP_UP]
    assert reasons(found, queue="support", now=later(10)) == []


@pytest.mark.req("D1")
def test_called_is_ringing_at_once_and_connected_is_busy_at_once() -> None:
    """Without waiting for the device state, which comes up to 7 ms later."""
    found = agents(ANNA)
    found.apply(t.AgentCalled("sales", CALLER, "PJSIP/anna"), NOW)
    assert reasons(found) == [NotFree.RINGING]
    found.apply(t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0), NOW)
    assert reasons(found) == [NotFree.IN_USE]
    assert found.snapshot("sales", NOW).members[0].caller == CALLER


@pytest.mark.parametrize(
    "end",
    [
        t.AgentRingNoAnswer("sales", CALLER, "PJSIP/anna"),
        t.QueueCallerLeave("sales", CALLER),
        t.QueueCallerAbandon("sales", CALLER, 3),
        t.Hangup(CALLER, 16, ""),
    ],
)
def test_what_ends_the_ringing(end: t.Event) -> None:
    found = agents(ANNA)
    found.apply(t.AgentCalled("sales", CALLER, "PJSIP/anna"), NOW)
    found.apply(end, NOW)
    assert reasons(found) == []


def test_the_device_state_ends_a_ringing_whose_end_was_not_told() -> None:
    found = agents(ANNA)
    found.apply(t.AgentCalled("sales", CALLER, "PJSIP/anna"), NOW)
    found.apply(ANNA, NOW)  # a late event of before: no proof yet
    assert reasons(found) == [NotFree.RINGING]
    found.apply(replace(ANNA, status=MemberStatus.RINGING), NOW)
    found.apply(ANNA, NOW)
    assert reasons(found) == []


def test_the_device_state_before_agent_connect() -> None:
    """29 % of the calls: Status 2 comes first."""
    found = agents(ANNA)
    for event in [
        t.AgentCalled("sales", CALLER, "PJSIP/anna"),
        replace(ANNA, status=MemberStatus.RINGING),
        replace(ANNA, status=MemberStatus.IN_USE),
        t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0),
    ]:
        found.apply(event, NOW)
        assert free(found) == 0
    found.apply(t.AgentComplete("sales", CALLER, "PJSIP/anna", 5, "agent"), NOW)
    assert free(found) == 0
    found.apply(replace(ANNA, last_call=EPOCH), NOW)
    assert reasons(found) == [NotFree.WRAP_UP]


# -- wrap-up ----------------------------------------------------------------------------------------------------------


def talked(found: Agents, ended: datetime, member: t.MemberState = ANNA) -> None:
    found.apply(replace(member, status=MemberStatus.IN_USE), ended)
    found.apply(t.AgentConnect(member.queue, CALLER, member.interface, member.name, 0), ended)
    found.apply(t.AgentComplete(member.queue, CALLER, member.interface, 5, "agent"), ended)


@pytest.mark.req("D1", "D2")
def test_wrap_up_ends_by_asterisks_own_second() -> None:
    """Asterisk compares whole seconds: with LastCall in the middle of a second, the end is earlier than ours."""
    found = agents(ANNA)
    talked(found, NOW)
    assert found.counts("sales", NOW).next_wrap_up_end is None  # the device is still in use: an event will tell
    found.apply(replace(ANNA, last_call=EPOCH), NOW)
    end = datetime.fromtimestamp(EPOCH + 10, UTC)
    assert found.counts("sales", NOW).next_wrap_up_end == end
    assert free(found, end - timedelta(milliseconds=1)) == 0
    assert free(found, end) == 1
    assert found.counts("sales", end).next_wrap_up_end is None


@pytest.mark.parametrize(("skew_s", "expected_s"), [(0, 10.0), (-1, 9.0), (2, 12.0), (3, 10.5), (-3600, 10.5)])
def test_a_clock_that_disagrees_is_not_believed(skew_s: int, expected_s: float) -> None:
    found = agents(ANNA, offset_s=float(skew_s))
    talked(found, NOW)
    found.apply(replace(ANNA, last_call=EPOCH + skew_s), NOW)
    end = found.counts("sales", NOW).next_wrap_up_end
    assert end is not None
    assert (end - datetime.fromtimestamp(EPOCH, UTC)).total_seconds() == pytest.approx(expected_s)


def test_at_a_resync_with_another_clock_a_full_wrap_up_is_assumed() -> None:
    found = agents(replace(ANNA, last_call=EPOCH - 3600), offset_s=None)
    assert reasons(found, now=later(9.9)) == [NotFree.WRAP_UP]
    assert reasons(found, now=later(10)) == []


def test_the_queues_wrap_up_counts_where_the_member_has_none() -> None:
    found = agents(replace(ANNA, wrapup_s=0, last_call=EPOCH), sales=5)
    assert found.counts("sales", NOW).next_wrap_up_end == datetime.fromtimestamp(EPOCH + 5, UTC)
    assert free(agents(replace(ANNA, wrapup_s=0, last_call=EPOCH))) == 1


def test_wrap_up_holds_even_if_the_device_is_idle_before_agent_complete() -> None:
    found = agents(ANNA)
    found.apply(t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0), NOW)
    found.apply(replace(ANNA, status=MemberStatus.IN_USE), NOW)
    found.apply(ANNA, NOW)  # idle, LastCall not yet written
    assert reasons(found) == [NotFree.WRAP_UP]


def test_a_hangup_of_the_caller_ends_the_talk_of_an_agent_without_device_state() -> None:
    found = agents(ANNA)
    found.apply(t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0), NOW)
    found.apply(t.Hangup(CALLER, 16, ""), NOW)
    assert reasons(found) == [NotFree.WRAP_UP]
    found.apply(t.AgentComplete("sales", CALLER, "PJSIP/anna", 5, "caller"), later(3))
    assert reasons(found, now=later(10)) == []  # the second end does not begin the wrap-up again


def test_a_call_of_its_own_gives_no_wrap_up() -> None:
    found = agents(ANNA)
    found.apply(replace(ANNA, status=MemberStatus.IN_USE), NOW)
    found.apply(ANNA, NOW)
    assert reasons(found) == []


# -- late, twice, out of order ----------------------------------------------------------------------------------------


def test_an_older_member_state_is_ignored() -> None:
    found = agents(replace(ANNA, last_call=EPOCH))
    found.apply(replace(ANNA, last_call=EPOCH - 100, status=MemberStatus.IN_USE), NOW)
    assert reasons(found) == [NotFree.WRAP_UP]


def test_late_events_about_an_ended_call_make_nobody_ring_talk_or_wait() -> None:
    found = agents(replace(ANNA, wrapup_s=0))
    found.apply(t.Hangup(CALLER, 16, ""), NOW)
    for event in [
        t.QueueCallerJoin("sales", CALLER),
        t.AgentCalled("sales", CALLER, "PJSIP/anna"),
        t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0),
    ]:
        found.apply(event, NOW)
    assert found.counts("sales", NOW) == Counts("sales", True, 1, 0, None)


def test_a_transferred_caller_may_wait_again() -> None:
    found = agents(ANNA, replace(BEN, queue="support"))
    talked(found, NOW)
    found.apply(t.QueueCallerJoin("support", CALLER), NOW)
    found.apply(t.AgentCalled("support", CALLER, "PJSIP/ben"), NOW)
    assert found.counts("support", NOW).callers_waiting == 1
    assert reasons(found, "PJSIP/ben", queue="support") == [NotFree.RINGING]


@pytest.mark.req("D1")
def test_callers_waiting_are_counted_by_uniqueid_ours_and_inbound() -> None:
    found = agents(ANNA)
    for event in [
        t.QueueCallerJoin("sales", "a-1"),
        t.QueueCallerJoin("sales", "a-1"),
        t.QueueCallerJoin("sales", CALLER),
        t.QueueCallerLeave("sales", "unheard-of"),
    ]:
        found.apply(event, NOW)
    assert found.counts("sales", NOW).callers_waiting == 2
    found.apply(t.QueueCallerLeave("sales", "a-1"), NOW)
    found.apply(t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0), NOW)
    assert found.counts("sales", NOW).callers_waiting == 0


@pytest.mark.req("D5")
def test_a_resync_replaces_everything() -> None:
    found = agents(ANNA, BEN)
    found.apply(t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0), NOW)
    found.apply(t.QueueCallerJoin("sales", "a-1"), NOW)
    entries = (t.WaitingCaller("sales", "a-2"),)
    found.resync(t.LiveState((ANNA,), frozenset({"sales", "new"}), entries, clock_offset_s=0.0), NOW)
    assert found.counts("sales", NOW) == Counts("sales", True, 1, 1, None)
    assert found.queues() == ("new", "sales")


def test_an_agent_in_a_call_at_the_resync_is_freed_by_its_end_whoever_the_caller_was() -> None:
    found = agents(replace(ANNA, in_call=True))
    found.apply(t.AgentComplete("sales", "never-seen", "PJSIP/anna", 5, "caller"), NOW)
    assert reasons(found) == [NotFree.WRAP_UP]


def test_events_about_unknown_agents_are_harmless() -> None:
    found = agents(ANNA)
    for event in [
        t.AgentCalled("sales", CALLER, "PJSIP/nobody"),
        t.AgentConnect("sales", CALLER, "PJSIP/nobody", "n", 0),
        t.AgentComplete("sales", CALLER, "PJSIP/nobody", 1, "agent"),
        t.AgentRingNoAnswer("sales", CALLER, "PJSIP/nobody"),
        t.MemberRemoved("sales", "PJSIP/nobody"),
        t.FullyBooted(1),
    ]:
        found.apply(event, NOW)
    assert found.counts("sales", NOW) == Counts("sales", True, 1, 0, None)


def missed(found: Agents, times: int, now: datetime = NOW, interface: str = "PJSIP/anna") -> None:
    for n in range(times):
        found.apply(t.AgentCalled("sales", f"{CALLER}.{now}.{n}", interface), now)
        found.apply(t.AgentRingNoAnswer("sales", f"{CALLER}.{now}.{n}", interface), now)
        found.apply(t.AgentRingNoAnswer("sales", f"{CALLER}.{now}.{n}", interface), now)


@pytest.mark.req("D1")
def test_who_leaves_calls_ringing_rests_for_a_while_and_at_the_next_one_again() -> None:
    found = agents(ANNA, BEN)
    found.no_answer_limit, found.no_answer_rest_s = 3, 60
    missed(found, 2)
    assert reasons(found) == []
    missed(found, 1, later(1))
    assert reasons(found, now=later(1)) == [NotFree.NOT_ANSWERING]
    assert free(found, later(1)) == 1, "ben"
    assert found.counts("sales", later(1)).next_wrap_up_end == later(61)
    assert free(found, later(61)) == 2
    missed(found, 1, later(62))
    assert reasons(found, now=later(62)) == [NotFree.NOT_ANSWERING]


@pytest.mark.req("D1")
@pytest.mark.parametrize(
    "life",
    [
        (
            t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 1),
            t.AgentComplete("sales", CALLER, "PJSIP/anna", 1, "agent"),
        ),
        (replace(ANNA, status=MemberStatus.IN_USE), ANNA),
        (replace(ANNA, paused=True), ANNA),
        (t.MemberRemoved("sales", "PJSIP/anna"), ANNA),
    ],
)
def test_who_shows_life_is_counted_on_again(life: tuple[t.Event, ...]) -> None:
    found = agents(ANNA)
    found.no_answer_limit = 2
    missed(found, 2)
    assert NotFree.NOT_ANSWERING in reasons(found)
    for event in life:
        found.apply(event, NOW)
    assert NotFree.NOT_ANSWERING not in reasons(found)
    missed(found, 1, later(30))
    assert reasons(found, now=later(30)) == [], "the row begins anew"


@pytest.mark.req("D1")
def test_a_caller_who_gives_up_is_not_the_agents_fault() -> None:
    found = agents(ANNA)
    found.no_answer_limit = 1
    found.apply(t.AgentCalled("sales", CALLER, "PJSIP/anna"), NOW)
    found.apply(t.QueueCallerAbandon("sales", CALLER, 3), NOW)
    found.apply(t.AgentRingNoAnswer("sales", CALLER, "PJSIP/anna"), NOW)
    assert reasons(found) == []
    missed(found, 5)
    found.no_answer_limit = 0
    assert free(agents(ANNA)) == 1


@pytest.mark.req("D1")
def test_another_queue_waits_for_the_wrap_up_of_the_one_that_gave_the_last_caller_and_for_no_older_one() -> None:
    support = replace(ANNA, queue="support", wrapup_s=60, last_call=EPOCH - 20)
    found = agents(ANNA, support)
    assert reasons(found) == [NotFree.WRAP_UP], "its last caller came from support"
    found.apply(t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0), NOW)
    found.apply(replace(ANNA, last_call=EPOCH + 1), later(1))
    found.apply(t.AgentComplete("sales", CALLER, "PJSIP/anna", 1, "caller"), later(1))
    assert reasons(found, now=later(12)) == []
    assert reasons(found, now=later(12), queue="support") == [NotFree.WRAP_UP], "Asterisk would not ring it there"


@pytest.mark.req("D1")
def test_the_wrap_up_of_a_queue_as_a_whole_holds_in_all_that_share_the_last_call() -> None:
    sales, support = replace(ANNA, wrapup_s=0), replace(ANNA, queue="support", wrapup_s=0)
    found = agents(sales, support, sales=30, support=5)
    found.apply(t.AgentConnect("sales", CALLER, "PJSIP/anna", "anna", 0), NOW)
    for seat in (sales, support):
        found.apply(replace(seat, last_call=EPOCH + 1), later(1))
    found.apply(t.AgentComplete("sales", CALLER, "PJSIP/anna", 1, "caller"), later(1))
    assert reasons(found, now=later(10), queue="support") == [NotFree.WRAP_UP], "app_queue takes that of the last queue"
    assert reasons(found, now=later(31), queue="support") == []


@pytest.mark.req("D1")
@pytest.mark.parametrize("kind", ["answered", "busy", "machine", "abandoned_with_message"])
def test_what_tells_of_a_call_alone_changes_no_agent(kind: str) -> None:
    """The engine does not ask agents about these."""
    found, before = agents(ANNA), agents(ANNA)
    told = [event for headers in e.stream(kind, "0" * 26) if (event := parse(headers)) and type(event) in PROGRESS]
    for event in told:
        found.apply(event, NOW)
    assert told
    assert found == before
