"""Originate and hang up over a link: acknowledged, refused, unanswered, and never twice (asterisk facts, §5: 1-3, 8)."""

from __future__ import annotations

import asyncio

import pytest

from dialer.ami.originate import Accepted, NotSent, Refused, Unknown
from dialer.ami.states import LinkState
from dialer.domain import telephony as t
from tests.ami.conftest import Linked, attempt, call, until
from tests.peers import ami_events as e
from tests.peers.ami_pbx import Plan, ScriptedPbx


async def test_an_originate_is_acknowledged_and_its_events_come(linked: Linked) -> None:
    ScriptedPbx.with_agents(linked.peer, 1)
    assert await linked.link.originate(call(1)) == Accepted()
    await until(lambda: t.Hangup(f"a-{attempt(1)}", 16, "") in linked.heard.events)
    # The response event is told as well: panoramisk would have kept it for the future of the action (trap 2).
    assert t.OriginateResponse(attempt(1), success=True, reason=4) in linked.heard.events
    sent = linked.peer.originates[0].headers
    assert sent["Variable"] == [f"__DIAL_ATTEMPT={attempt(1)}", "__DIAL_QUEUE_WAIT=20", "DIAL_QUEUE_LIMIT=19.750"]
    assert sent["ChannelId"] == [f"a-{attempt(1)}"]


async def test_a_refusal_says_why(linked: Linked) -> None:
    linked.peer.refuses_originates = "Channel not specified"
    assert await linked.link.originate(call(1)) == Refused("Channel not specified")
    assert linked.link.state is LinkState.UP


@pytest.mark.req("D5")
async def test_a_missing_right_to_originate_uses_up_no_calls(linked: Linked) -> None:
    """Every call of a burst is refused for now, the link says what is to be mended, and tries again by itself."""
    linked.peer.refuses_originates = "Permission denied"
    answers = await asyncio.gather(*(linked.link.originate(call(n)) for n in range(3)))
    assert answers == [Refused("Permission denied", temporary=True)] * 3
    assert linked.link.state is LinkState.REFUSED
    assert "refused Originate: Permission denied" in linked.link.reason
    assert isinstance(await linked.link.originate(call(4)), NotSent)
    linked.peer.refuses_originates = ""
    await linked.up()
    assert await linked.link.originate(call(4)) == Accepted()


@pytest.mark.req("D3", "D5")
@pytest.mark.parametrize("linked", [{"action_timeout_s": 0.4}], indirect=True)
async def test_an_originate_left_unanswered_by_a_link_that_lives_is_told_by_a_new_picture(linked: Linked) -> None:
    """Otherwise its attempt would stay open, and hold an agent, for as long as the connection lasts."""
    pictures = len(linked.heard.pictures)
    linked.peer.answers_originates = False
    assert isinstance(await linked.link.originate(call(1)), Unknown)
    assert LinkState.STALE in linked.heard.states
    await until(lambda: len(linked.heard.pictures) > pictures, "a new picture")
    await linked.up()
    assert linked.peer.logins == 1


@pytest.mark.req("D3")
async def test_the_same_attempt_is_never_originated_twice(linked: Linked) -> None:
    await linked.link.originate(call(1))
    with pytest.raises(ValueError, match="originated already"):
        await linked.link.originate(call(1))
    assert linked.peer.attempts == [attempt(1)]


@pytest.mark.req("D3")
async def test_an_unanswered_originate_is_unknown_and_never_sent_again(linked: Linked) -> None:
    """Trap 1: panoramisk sends it again after a reconnect."""
    linked.peer.answers_originates = False
    waiting = asyncio.create_task(linked.link.originate(call(1)))
    await until(lambda: linked.peer.originates)
    linked.peer.drop()
    assert isinstance(await waiting, Unknown)
    linked.peer.answers_originates = True
    await until(lambda: linked.peer.logins == 2)
    await linked.up()
    assert await linked.link.originate(call(2)) == Accepted()
    assert linked.peer.attempts == [attempt(1), attempt(2)]


@pytest.mark.req("D3", "D5")
async def test_what_is_asked_for_while_the_link_is_down_is_not_sent_later(linked: Linked) -> None:
    await linked.peer.close()
    await linked.reaches(LinkState.DOWN)
    answer = await linked.link.originate(call(1))
    assert isinstance(answer, NotSent)
    assert "down" in answer.reason or "connecting" in answer.reason
    await linked.peer.listen()
    await linked.up()
    assert linked.peer.attempts == []
    assert await linked.link.originate(call(1)) == Accepted()  # nothing was written: the same id may go now


@pytest.mark.parametrize("linked", [{"action_timeout_s": 0.4}], indirect=True)
async def test_a_late_acknowledgement_swallows_no_event(linked: Linked) -> None:
    """Trap 3: panoramisk keeps a timed-out action for ever, and the OriginateResponse with it."""
    linked.peer.answers_originates = False
    assert isinstance(await linked.link.originate(call(1)), Unknown)
    assert linked.link._connection is not None
    assert attempt(1) not in linked.link._connection.protocol.responses
    linked.peer.push(
        {"Response": "Success", "ActionID": attempt(1), "Message": "Originate successfully queued"},
        e.originate_response(attempt(1), 4),
    )
    await until(lambda: t.OriginateResponse(attempt(1), success=True, reason=4) in linked.heard.events)


async def test_a_cancelled_originate_leaves_nothing_behind(linked: Linked) -> None:
    linked.peer.answers_originates = False
    waiting = asyncio.create_task(linked.link.originate(call(1)))
    await until(lambda: linked.peer.originates)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert linked.link._connection is not None
    assert attempt(1) not in linked.link._connection.protocol.responses


async def test_hangup_by_attempt(linked: Linked) -> None:
    ScriptedPbx(linked.peer, [], plan=lambda _number: Plan(rings_s=60))
    await linked.link.originate(call(1))
    assert await linked.link.hangup(attempt(1)) == Accepted()
    await until(lambda: t.Hangup(f"a-{attempt(1)}", 16, "") in linked.heard.events)
    assert await linked.link.hangup(attempt(1)) == Refused("No such channel")


async def test_no_value_can_inject_an_action(linked: Linked) -> None:
    """Trap 8."""
    with pytest.raises(ValueError, match="Channel"):
        await linked.link.hangup("x\r\n\r\nAction: Originate")
    assert not any(name == "Hangup" for _, name in linked.peer.actions)


@pytest.mark.req("D5")
async def test_a_shutdown_that_was_announced_stops_dialing_until_it_is_aborted(linked: Linked) -> None:
    linked.peer.refuses_originates = "Asterisk is shutting down"
    answer = await linked.link.originate(call(1))
    assert answer == Refused("Asterisk is shutting down", temporary=True)
    assert linked.link.state is LinkState.SHUTTING_DOWN
    assert isinstance(await linked.link.originate(call(2)), NotSent)
    linked.peer.refuses_originates = ""
    await linked.up()
    assert len(linked.heard.pictures) == 2  # rebuilt before dialing again
    assert await linked.link.originate(call(2)) == Accepted()


@pytest.mark.req("D5")
@pytest.mark.parametrize("linked", [{"action_timeout_s": 1.0}], indirect=True)
async def test_nothing_is_written_to_an_asterisk_that_does_not_read(linked: Linked) -> None:
    linked.peer.stop_reading()
    answers = await asyncio.gather(*(linked.link.originate(call(index)) for index in range(20_000)))
    assert any(isinstance(answer, NotSent) for answer in answers)
    assert not any(isinstance(answer, Accepted) for answer in answers)


@pytest.mark.req("D5")
async def test_between_the_end_of_the_connection_and_the_news_of_it_nothing_is_sent(linked: Linked) -> None:
    """Proven not to have left, so the request's turn comes again; it is no call that was lost."""
    connection = linked.link._connection
    assert connection is not None
    connection.end("test")
    assert linked.link.state is LinkState.UP
    assert isinstance(await linked.link.originate(call(1)), NotSent)
