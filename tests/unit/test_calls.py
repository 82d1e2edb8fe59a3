"""Facts of one call, and what they amount to: every row of the outcome table, and the graces."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from dialer.ami.parse import parse
from dialer.domain import telephony as t
from dialer.domain.calls import CONNECT_GRACE, GRACE, LOST_GRACE, NO_CHANNEL_GRACE, Call, attempt_of
from dialer.domain.ending import Message
from dialer.domain.outcome import Outcome
from dialer.domain.transitions import AttemptState
from dialer.engine.tally import Tracked
from tests.peers import ami_events as e

ATTEMPT = "01J00000000000000000000001"
CHANNEL = f"a-{ATTEMPT}"
T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INTENDED = Call(ATTEMPT, T0)

ROWS = {
    "answered": Outcome.ANSWERED,
    "busy": Outcome.BUSY,
    "no_answer": Outcome.NO_ANSWER,
    "congestion": Outcome.CONGESTION,
    "rejected": Outcome.REJECTED,
    "invalid_number": Outcome.INVALID_NUMBER,
    "dead_trunk_long_timeout": Outcome.FAILED,
    "dead_trunk": Outcome.FAILED,
    "endpoint_missing": Outcome.FAILED,
    "local_busy": Outcome.BUSY,
    "local_congestion": Outcome.CONGESTION,
    "hung_up_by_us": Outcome.FAILED,
    "abandoned_by_callee": Outcome.ABANDONED,
    "abandoned_by_timeout": Outcome.ABANDONED,
    "abandoned_join_empty": Outcome.ABANDONED,
    "abandoned_before_queue": Outcome.ABANDONED,
    "abandoned_with_message": Outcome.ABANDONED,
    "machine": Outcome.MACHINE,
    "machine_left_a_message": Outcome.MACHINE,
}


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def events(kind: str) -> list[t.Event]:
    return [event for headers in e.stream(kind, ATTEMPT) if (event := parse(headers))]


def fold(found: Sequence[t.Event], call: Call = INTENDED) -> Call:
    for second, event in enumerate(found, start=1):
        call = call.apply(event, at(second))
    return call


@pytest.mark.req("D4")
@pytest.mark.parametrize(("kind", "outcome"), ROWS.items())
def test_every_row_of_the_outcome_table(kind: str, outcome: Outcome) -> None:
    call = fold(events(kind))
    assert call.state is AttemptState.ENDED
    assert call.finished(at(60))
    assert call.result().outcome is outcome, call.result().reason


@pytest.mark.req("D4")
def test_an_answered_call_keeps_its_timings_and_its_agent() -> None:
    result = fold(events("answered")).result()
    assert (result.ringing_at, result.answered_at, result.connected_at, result.ended_at) == (
        at(2),
        at(4),
        at(10),
        at(13),
    )
    assert (result.agent, result.cause) == ("PJSIP/anna", 16)


def test_the_states_of_an_answered_call() -> None:
    call, states = INTENDED, [INTENDED.state]
    for event in events("answered"):
        call = call.apply(event, at(1))
        if call.state is not states[-1]:
            states.append(call.state)
    assert states == list(AttemptState)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("abandoned_by_timeout", "no agent took the call within the queue's time"),
        ("abandoned_by_callee", "the callee hung up while waiting"),
        ("abandoned_join_empty", "the queue had no agent to join for"),
        ("abandoned_before_queue", "never reached the queue"),
        ("abandoned_with_message", "(TIMEOUT); the message was played"),
        ("machine", "an answering machine took the call: it said many words"),
        ("machine_left_a_message", "it talked for long; the message could not be played"),
        ("endpoint_missing", "is the trunk's endpoint configured"),
        ("dead_trunk", "no sign of life"),
        ("hung_up_by_us", "hung up on our side"),
    ],
)
def test_the_reason_says_what_happened(kind: str, reason: str) -> None:
    assert reason in fold(events(kind)).result().reason


@pytest.mark.parametrize(
    ("cause", "tech_cause", "dial_status", "outcome"),
    [
        (19, "480", "NOANSWER", Outcome.NO_ANSWER),  # the far end said 480 at once: a phone that is switched off
        (19, "480", "", Outcome.FAILED),
        (18, "408", "NOANSWER", Outcome.FAILED),
        (20, "480", "NOANSWER", Outcome.NO_ANSWER),
        (127, "SIP 608", "NOANSWER", Outcome.REJECTED),
        (0, "486", "", Outcome.BUSY),
        (0, "", "", Outcome.FAILED),
        (99, "", "CHANUNAVAIL", Outcome.FAILED),
        (38, "500", "CONGESTION", Outcome.CONGESTION),
        (28, "484", "NOANSWER", Outcome.INVALID_NUMBER),
    ],
)
def test_causes_without_ringing(cause: int, tech_cause: str, dial_status: str, outcome: Outcome) -> None:
    found: list[t.Event] = [t.NewChannel(CHANNEL, CHANNEL), t.Hangup(CHANNEL, cause, tech_cause)]
    if dial_status:
        found.append(t.DialEnd(CHANNEL, dial_status))
    found.append(t.OriginateResponse(ATTEMPT, success=False, reason=0))
    assert fold(found).result().outcome is outcome


def test_a_link_that_goes_between_the_response_and_the_hangup_leaves_the_cause_unknown() -> None:
    found: list[t.Event] = [t.NewChannel(CHANNEL, CHANNEL), t.OriginateResponse(ATTEMPT, success=False, reason=0)]
    result = fold(found).result()
    assert (result.outcome, result.cause) == (Outcome.FAILED, None)
    assert "was not heard" in result.reason


def test_progress_counts_as_ringing() -> None:
    found = [event for event in events("dead_trunk") if not isinstance(event, t.DialEnd)]
    assert fold([t.DialState(CHANNEL, "PROGRESS"), *found]).result().outcome is Outcome.NO_ANSWER


def test_a_machine_is_a_machine_even_if_hung_up_on() -> None:
    found: list[t.Event] = [event for event in events("abandoned_before_queue") if not isinstance(event, t.Hangup)]
    found += [t.MachineDetected(ATTEMPT, "MACHINE"), t.Hangup(CHANNEL, 16, "")]
    assert fold(found).result().outcome is Outcome.MACHINE
    human = [t.MachineDetected(ATTEMPT, "HUMAN") if isinstance(x, t.MachineDetected) else x for x in found]
    assert fold(human).result().outcome is Outcome.ABANDONED


@pytest.mark.req("D4", "D7")
def test_what_amd_said_and_what_was_heard_is_kept() -> None:
    told = fold(events("abandoned_with_message")).result()
    assert (told.amd_status, told.amd_cause) == ("HUMAN", "HUMAN-800-800")
    assert (told.message, told.key) == (Message.PLAYED, "9")
    cut = [event for event in events("abandoned_with_message") if event != t.MessagePlayed(ATTEMPT, "PLAYED")]
    assert fold(cut).result().message is Message.CUT_SHORT
    assert fold(events("machine_left_a_message")).result().message is Message.FAILED
    assert fold(events("abandoned_by_timeout")).result().message is None


@pytest.mark.req("D1")
@pytest.mark.parametrize(
    ("kind", "kept", "waits"),
    [
        ("machine_left_a_message", -3, False),  # detected, the message has not begun
        ("abandoned_join_empty", -1, False),  # the queue refused it, it hears the message
        ("abandoned_with_message", -8, True),  # a person: on the way to the queue
    ],
)
def test_who_only_hears_a_message_has_no_claim_on_an_agent(kind: str, kept: int, waits: bool) -> None:
    call = fold(events(kind)[:kept])
    assert Tracked(call, 1, 1, "+1", "sales", "world").waits_for_agent is waits


def test_graces() -> None:
    hung_up = INTENDED.apply(t.Hangup(CHANNEL, 17, "486"), T0)
    assert not hung_up.finished(T0 + GRACE / 2)
    assert hung_up.finished(T0 + GRACE)
    assert hung_up.apply(t.OriginateResponse(ATTEMPT, success=False, reason=0), T0).finished(T0)
    failed = INTENDED.apply(t.OriginateResponse(ATTEMPT, success=False, reason=0), T0)
    assert not failed.finished(T0)
    assert failed.finish_due() == T0 + NO_CHANNEL_GRACE
    assert failed.apply(t.NewChannel(CHANNEL, CHANNEL), T0).finish_due() == T0 + GRACE
    short = fold([t.NewState(CHANNEL, t.ChannelState.UP)]).apply(t.Hangup(CHANNEL, 16, ""), T0)
    assert short.finish_due() == T0 + CONNECT_GRACE  # its AgentConnect may still come
    assert fold(events("answered")[:-1]).finish_due() is None


def test_a_refused_originate_has_failed_at_once() -> None:
    call = INTENDED.refuse("Permission denied", T0)
    assert call.finished(T0)
    assert call.result().outcome is Outcome.FAILED
    assert "Permission denied" in call.result().reason


def test_accepted_means_dialing() -> None:
    assert INTENDED.state is AttemptState.INTENDED
    assert INTENDED.accept(T0).state is AttemptState.DIALING


def test_events_of_others_change_nothing() -> None:
    others: list[t.Event] = [t.Hangup("1700000000.1", 16, ""), t.Hangup("a-short", 16, ""), t.Shutdown(restart=True)]
    others.append(t.MemberState("sales", "PJSIP/anna", "anna", t.MemberStatus.IN_USE, paused=False))
    assert fold(others) == INTENDED
    assert [attempt_of(event) for event in others] == [None] * 4


# -- after a lost link ------------------------------------------------------------------------------------------------


def live(state: t.ChannelState, *, bridge: str = "", waiting: bool = False) -> t.LiveState:
    channels = {CHANNEL: t.LiveChannel(CHANNEL, CHANNEL, "PJSIP/carrier-01", state, ATTEMPT, "Queue", bridge)}
    if bridge:
        channels["x"] = t.LiveChannel("x", CHANNEL, "PJSIP/anna-0000001c", t.ChannelState.UP, bridge=bridge)
    entries = (t.WaitingCaller("sales", CHANNEL),) if waiting else ()
    return t.LiveState(channels=channels, entries=entries)


@pytest.mark.req("D3")
@pytest.mark.parametrize(
    ("picture", "state"),
    [
        (live(t.ChannelState.DOWN), AttemptState.DIALING),
        (live(t.ChannelState.RINGING), AttemptState.RINGING),
        (live(t.ChannelState.UP), AttemptState.ANSWERED),
        (live(t.ChannelState.UP, waiting=True), AttemptState.ANSWERED),
        (live(t.ChannelState.UP, bridge="b1"), AttemptState.CONNECTED),
    ],
)
def test_a_live_channel_is_adopted_in_its_state(picture: t.LiveState, state: AttemptState) -> None:
    assert Call.adopt(ATTEMPT, T0, picture, at(5)).state is state


@pytest.mark.req("D3", "D7")
@pytest.mark.parametrize(("exten", "outcome"), [("machine", Outcome.MACHINE), ("abandoned", Outcome.ABANDONED)])
def test_who_hears_a_message_during_a_resync_is_known_by_its_place_in_the_dialplan(
    exten: str, outcome: Outcome
) -> None:
    """Else a machine would be taken for a person who was abandoned, and for somebody who waits for an agent."""
    channel = t.LiveChannel(CHANNEL, CHANNEL, "PJSIP/carrier-01", t.ChannelState.UP, ATTEMPT, "Playback", exten=exten)
    call = Call.adopt(ATTEMPT, T0, t.LiveState(channels={CHANNEL: channel}), at(5))
    assert call.beyond_queue
    assert not Tracked(call, 1, 1, "+1", "sales", "world").waits_for_agent
    assert call.apply(t.Hangup(CHANNEL, 16, ""), at(9)).result().outcome is outcome


@pytest.mark.req("D4")
def test_the_times_of_a_call_are_in_order_also_when_news_of_the_ringing_comes_last() -> None:
    found = events("answered")
    rings = [event for event in found if "ringing_at" in _facts_of(event)]
    result = fold([*(event for event in found if event not in rings), *rings]).result()
    assert rings
    assert result.ringing_at == result.answered_at


def _facts_of(event: t.Event) -> set[str]:
    call = INTENDED.apply(event, at(1))
    return {name for name in ("ringing_at", "answered_at") if getattr(call, name)}


@pytest.mark.req("D3")
def test_an_adopted_talk_ends_answered_with_its_agent() -> None:
    call = Call.adopt(ATTEMPT, T0, live(t.ChannelState.UP, bridge="b1"), at(5)).apply(t.Hangup(CHANNEL, 16, ""), at(9))
    assert call.finished(at(9))
    assert (call.result().outcome, call.result().agent) == (Outcome.ANSWERED, "PJSIP/anna")


@pytest.mark.req("D3")
def test_a_call_that_is_gone_is_lost_and_not_retryable() -> None:
    call = Call.adopt(ATTEMPT, T0, t.LiveState(), at(5))
    assert call.finished(at(5) + LOST_GRACE)
    assert call.result().outcome is Outcome.LOST
    assert not call.result().outcome.retryable
    answered = fold(events("answered")[:7]).reconcile(t.LiveState(), at(20))
    assert answered.result().outcome is Outcome.LOST  # whether an agent came, nobody knows


def test_a_hangup_that_was_held_back_during_the_resync_counts_more_than_the_loss() -> None:
    call = fold(events("busy")[:4]).reconcile(t.LiveState(), at(5))
    assert not call.finished(at(5))
    for event in events("busy")[4:]:
        call = call.apply(event, at(5))
    assert call.result().outcome is Outcome.BUSY


@pytest.mark.req("D3", "D4")
@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("rejected", Outcome.LOST), ("local_busy", Outcome.BUSY), ("local_congestion", Outcome.CONGESTION)],
)
def test_a_failed_originate_whose_hangup_was_missed_tells_no_more_than_it_knows(kind: str, outcome: Outcome) -> None:
    begun = [event for event in events(kind) if not isinstance(event, t.Hangup | t.OriginateResponse)]
    answer = [event for event in events(kind) if isinstance(event, t.OriginateResponse)]
    call = fold(begun).reconcile(t.LiveState(), at(9))
    assert fold(answer, call).result().outcome is outcome


@pytest.mark.req("D3", "D5")
def test_a_channel_that_is_made_after_the_picture_of_a_resync_is_not_lost() -> None:
    """The Originate was acknowledged, but Asterisk makes the channel in a thread of its own."""
    call = INTENDED.accept(at(0)).reconcile(t.LiveState(), at(1))
    assert call.result().outcome is Outcome.LOST
    call = call.apply(t.NewChannel(CHANNEL, CHANNEL), at(1.1))
    assert (call.state, call.finished(at(30))) == (AttemptState.DIALING, False)
    assert fold(events("busy"), call).result().outcome is Outcome.BUSY


def test_a_talk_known_to_have_begun_stays_answered_when_its_end_is_missed() -> None:
    call = fold(events("answered")[:11]).reconcile(t.LiveState(), at(99))
    assert (call.result().outcome, call.result().ended_at) == (Outcome.ANSWERED, at(99))


def test_an_ended_call_is_not_lost_by_a_resync() -> None:
    call = fold(events("busy"))
    assert call.reconcile(t.LiveState(), at(99)) == call
