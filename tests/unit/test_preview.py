"""Preview mode, the pure parts: who is offered what, what is said to Asterisk, and what it says."""

from datetime import UTC, datetime, timedelta

import pytest

from dialer.ami.originate import AgentCall
from dialer.ami.parse import parse
from dialer.domain import telephony as t
from dialer.domain.transitions import PREVIEW, PreviewState
from dialer.pacing.preview import Offering, Ready, offers

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
ATTEMPT = "01JTQ3ZK5M8X9Y2ABCDEFGHJKM"


def ready(agent: str, waits_s: int, *queues: str) -> Ready:
    return Ready(agent, frozenset(queues or ("sales",)), NOW - timedelta(seconds=waits_s))


@pytest.mark.req("C2")
def test_who_has_waited_longest_gets_the_highest_priority_first() -> None:
    agents = [ready("ann", 5), ready("bob", 9), ready("cleo", 7, "support")]
    campaigns = [Offering(1, "sales", 5, 9), Offering(2, "sales", 8, 1), Offering(3, "support", 1, 0)]
    assert offers(agents, campaigns) == [("bob", 2), ("ann", 1)]  # nothing is due for cleo


@pytest.mark.req("C2")
def test_campaigns_of_one_priority_take_turns() -> None:
    agents = [ready(f"a{n}", 9 - n) for n in range(4)]
    campaigns = [Offering(1, "sales", 5, 9, NOW), Offering(2, "sales", 5, 9), Offering(3, "sales", 4, 9)]
    assert [campaign for _, campaign in offers(agents, campaigns)] == [2, 1, 2, 1]


def test_each_agent_is_offered_one_and_each_request_once() -> None:
    made = offers([ready(f"a{n}", n) for n in range(5)], [Offering(1, "sales", 5, 3)])
    assert [agent for agent, _ in made] == ["a4", "a3", "a2"]


def test_the_agents_telephone_is_called_under_an_id_that_is_no_prefix_of_the_calls_own() -> None:
    headers = dict(AgentCall(ATTEMPT, "PJSIP/ann", 20, 60, "+12025550100").headers())
    name = f"a-agent-{ATTEMPT}"
    assert (headers["ChannelId"], headers["ActionID"], headers["Channel"]) == (name, name, "PJSIP/ann")
    assert not name.startswith(t.channel_id(ATTEMPT))
    assert t.attempt_id_of(name) is None, "its events are not those of the call"


@pytest.mark.parametrize("agent", ["", "PJSIP/a b", "PJSIP/a\r\nAction: Hangup", "PJSIP/a,b", "PJSIP/a&PJSIP/b"])
def test_what_is_no_interface_is_refused(agent: str) -> None:
    with pytest.raises(ValueError, match="agent"):
        AgentCall(ATTEMPT, agent, 20, 60)


@pytest.mark.parametrize(("response", "up"), [("Success", True), ("Failure", False)])
def test_whether_the_agent_picked_up_is_told(response: str, up: bool) -> None:
    event = {"Event": "OriginateResponse", "ActionID": f"a-agent-{ATTEMPT}", "Response": response, "Reason": "4"}
    assert parse(event) == t.AgentLeg(ATTEMPT, up)


def test_an_answer_is_final_but_for_accepting() -> None:
    assert PREVIEW.sources(PreviewState.ACCEPTED) == {"offered"}
    assert {state for state in PreviewState if PREVIEW.final(state)} == set(PreviewState) - {"offered", "accepted"}
