"""The judge of the recorded AMI stream: it sees a call too many, and none where Asterisk only tells in another order."""

import pytest
from ulid import ULID

from asterisk.lab.ami import Event
from tests.support.stream import Stream

EPOCH = 1_767_225_600.0
CALLER = "a-00000000000000000000000000"
ANNA, BEN = "PJSIP/anna", "PJSIP/ben"

Told = tuple[str, dict[str, str]]


def status(agent: str, status: str, *, paused: bool = False, last_call: float = 0, event: str = "Status") -> Told:
    state = {"Status": status, "Paused": str(int(paused)), "LastCall": str(int(last_call)), "Wrapuptime": "1"}
    return f"QueueMember{event}", {"Queue": "support", "Interface": agent, **state}


def paused(agent: str) -> Told:
    return status(agent, "1", paused=True, event="Pause")


def call(at: float) -> Told:
    """A channel of the dialer, decided on a moment before."""
    return "Newchannel", {"Uniqueid": f"a-{ULID.from_timestamp(EPOCH + at - 0.02)}"}


def queue(name: str, agent: str = "") -> Told:
    return name, {"Queue": "support", "Uniqueid": CALLER, "Interface": agent}


JOINS, LEAVES, ABANDONS, HANGS_UP = (
    queue(name) for name in ("QueueCallerJoin", "QueueCallerLeave", "QueueCallerAbandon", "Hangup")
)
CALLS_ANNA, ANNA_RINGS, ANNA_ANSWERS = queue("AgentCalled", ANNA), status(ANNA, "6"), status(ANNA, "2")


def judged(*told: Told, agents: tuple[str, ...] = (ANNA, BEN), each_s: float = 10.0) -> int:
    """How many calls too many; a caller waits, then an event each so many seconds, then a call."""
    stream = Stream("support", [{**status(agent, "1")[1], "Event": "QueueMember"} for agent in agents], EPOCH)
    at = 0.0
    for name, fields in (JOINS, *told):
        at += each_s
        stream.take(Event(at, {**fields, "Event": name}))
    name, fields = call(at)
    stream.take(Event(at, {**fields, "Event": name}))
    assert stream.report().originated == 1
    return len(stream.report().violations)


@pytest.mark.parametrize(
    "told",
    [
        (CALLS_ANNA, ANNA_RINGS),
        (CALLS_ANNA, ANNA_RINGS, ANNA_ANSWERS),
        (ANNA_RINGS,),
        (ANNA_RINGS, CALLS_ANNA, ANNA_ANSWERS, LEAVES),
        (CALLS_ANNA, ABANDONS),
        (CALLS_ANNA, ANNA_RINGS, ABANDONS, HANGS_UP, CALLS_ANNA),
        (CALLS_ANNA, ANNA_RINGS, queue("AgentRingNoAnswer", ANNA)),
    ],
    ids=[
        "rung", "answered and not yet out of the queue", "rings before it is told for whom", "answered", "gave up",
        "late about one who is gone", "did not answer and rings yet",
    ],
)  # fmt: skip
@pytest.mark.req("D1")
def test_the_agent_of_a_caller_is_one_and_the_other_agent_is_free(told: tuple[Told, ...]):
    assert judged(*told) == 0


@pytest.mark.parametrize(
    "told",
    [
        (paused(BEN), CALLS_ANNA, ANNA_RINGS, ANNA_ANSWERS),
        (status(BEN, "2"), CALLS_ANNA),
        (status(BEN, "5"), ANNA_RINGS),
        (CALLS_ANNA, paused(ANNA), queue("AgentRingNoAnswer", ANNA)),
        (CALLS_ANNA, ANNA_RINGS, queue("AgentRingNoAnswer", ANNA), status(ANNA, "5")),
        (CALLS_ANNA, ANNA_RINGS, queue("AgentRingNoAnswer", ANNA), paused(ANNA)),
        (CALLS_ANNA, ANNA_RINGS, ANNA_ANSWERS, LEAVES, paused(BEN)),
    ],
    ids=[
        "paused", "in a call of its own", "out of reach", "the caller needs the other one", "did not answer and is out of reach",
        "did not answer and is paused", "the last one is paused",
    ],
)  # fmt: skip
@pytest.mark.req("D1")
def test_a_call_without_a_free_agent_of_its_own_is_one_too_many(told: tuple[Told, ...]):
    nothing = "UserEvent", {}
    assert judged(*told, nothing) == 1, "long after the news"
    assert judged(*told, each_s=0.01) == 0, "the news may be on its way yet"


@pytest.mark.req("D1")
def test_a_second_call_for_one_agent_and_one_in_the_wrap_up_are_too_many():
    assert judged(agents=(ANNA,)) == 1, "for whom a caller waits already"
    talked = (CALLS_ANNA, ANNA_RINGS, ANNA_ANSWERS, LEAVES, HANGS_UP)
    assert judged(*talked, status(ANNA, "1", last_call=EPOCH + 70), agents=(ANNA,)) == 1, "in the wrap-up"
    assert judged(*talked, status(ANNA, "1", last_call=EPOCH + 69), agents=(ANNA,)) == 0, "after it"
