"""Headers to typed events."""

import pytest

from dialer.ami.parse import USED_EVENTS, live_state, parse
from dialer.domain import telephony as t
from tests.peers import ami_events as e

ATTEMPT = "01J00000000000000000000001"
CALL = f"a-{ATTEMPT}"


def test_the_events_of_an_answered_call() -> None:
    found = [parse(headers) for headers in e.stream("answered", ATTEMPT)]
    assert found == [
        t.NewChannel(CALL, CALL),
        None,  # DialBegin
        t.NewState(CALL, t.ChannelState.RINGING),
        t.DialState(CALL, "RINGING"),
        t.NewState(CALL, t.ChannelState.UP),
        t.DialEnd(CALL, "ANSWER"),
        t.OriginateResponse(ATTEMPT, success=True, reason=4),
        t.QueueCallerJoin("sales", CALL),
        t.AgentCalled("sales", CALL, "PJSIP/anna"),
        t.QueueCallerLeave("sales", CALL),
        t.AgentConnect("sales", CALL, "PJSIP/anna", "anna", 1),
        t.AgentComplete("sales", CALL, "PJSIP/anna", 9, "agent"),
        t.QueueEnded(ATTEMPT, "CONNECTED"),
        t.Hangup(CALL, 16, ""),
    ]


def test_a_failed_originate_has_no_uniqueid_and_is_matched_by_its_action_id() -> None:
    headers = e.originate_response(ATTEMPT, 0)
    assert headers["Uniqueid"] == "<unknown>"
    assert parse(headers) == t.OriginateResponse(ATTEMPT, success=False, reason=0)


def test_members_by_event_and_by_list_are_the_same() -> None:
    fields = {"Status": 6, "Paused": 1, "PausedReason": "lunch", "LastCall": 1700000000, "Wrapuptime": 20, "InCall": 1}
    member = t.MemberState(
        "sales", "PJSIP/anna", "anna", t.MemberStatus.RINGING, True, "lunch", 1700000000, 20, in_call=True
    )
    assert parse(e.member("QueueMemberStatus", "sales", "PJSIP/anna", **fields)) == member
    live = live_state([e.member("QueueMember", "sales", "PJSIP/anna", **fields)], [], uptime_s=1, clock_offset_s=None)
    assert live.members == (member,)


def test_the_picture() -> None:
    waiting = e.event("QueueEntry", Queue="sales", Position=1, Uniqueid="1700000000.7", Wait=3)
    channel = e.event("CoreShowChannel", **e.channel(CALL, 6), Application="Queue", BridgeId="b1")
    live = live_state(
        [e.event("QueueParams", Queue="sales"), e.event("QueueParams", Queue="empty"), waiting],
        [channel],
        uptime_s=5,
        clock_offset_s=0.5,
    )
    assert live.queues == {"sales", "empty"}
    assert live.entries == (t.WaitingCaller("sales", "1700000000.7"),)
    assert live.channels[CALL] == t.LiveChannel(
        CALL, CALL, e.CALLER, t.ChannelState.UP, ATTEMPT, "Queue", "b1", "q-sales"
    )
    assert (live.uptime_s, live.clock_offset_s) == (5, 0.5)


def test_machine_detected() -> None:
    message = e.event("UserEvent", UserEvent="DialerMessage", Attempt=ATTEMPT, Message="KEY", Key="9")
    assert parse(message) == t.MessagePlayed(ATTEMPT, "KEY", "9")
    headers = e.event("UserEvent", UserEvent="DialerAmd", Attempt=ATTEMPT, AMDStatus="MACHINE", AMDCause="MAXWORDS-4-3")
    assert parse(headers) == t.MachineDetected(ATTEMPT, "MACHINE", "MAXWORDS-4-3")


@pytest.mark.parametrize(
    "headers",
    [
        {"Event": "VarSet", "Uniqueid": CALL},
        {"Response": "Success"},
        {"Event": "UserEvent", "UserEvent": "SomebodyElses", "Attempt": ATTEMPT},
        {"Event": "UserEvent", "UserEvent": "DialerQueue", "Attempt": "short"},
        {"Event": "OriginateResponse", "ActionID": "another-program"},
    ],
)
def test_what_nobody_uses_is_none(headers: dict[str, str]) -> None:
    assert parse(headers) is None


@pytest.mark.parametrize("name", sorted(name.decode() for name in USED_EVENTS))
def test_no_event_is_so_poor_that_it_raises(name: str) -> None:
    parse({"Event": name})
    parse({"Event": name, "Cause": "x", "Status": "y", "ChannelState": "99", "LastCall": "", "Uptime": "-"})


@pytest.mark.parametrize("status", ["99", "", "x", "-1"])
def test_an_unknown_member_status_never_reads_as_free(status: str) -> None:
    member = parse({"Event": "QueueMemberStatus", "Queue": "q", "Interface": "i", "Status": status})
    assert isinstance(member, t.MemberState)
    assert member.status is t.MemberStatus.INVALID
