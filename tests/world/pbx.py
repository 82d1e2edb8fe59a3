"""The Asterisk of the world: people who are called, agents with moods, callers from outside, and the truth about them.

Asterisk's rules are those of `tests/peers/ami_pbx.py`; here it serves several queues, agents let calls ring, pause and
leave, and people do by chance what people do. What it notes is what really happened, whatever became of the events.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.peers import ami_events as e
from tests.peers.ami import Request
from tests.peers.ami_pbx import PbxAgent, PbxCall, Plan, ScriptedPbx
from tests.world.desks import PREVIEW
from tests.world.legs import PREFIX, Legs

#: How calls end that nobody answers, with the outcome that the store has to tell.
UNANSWERED = {
    "busy": "busy",
    "no_answer": "no_answer",
    "congestion": "congestion",
    "rejected": "rejected",
    "invalid_number": "invalid_number",
    "endpoint_missing": "failed",
    "dead_trunk": "failed",
}
WEIGHTS = (30, 40, 4, 6, 2, 1, 1)


@dataclass
class Truth:
    """One Originate that reached Asterisk: when, what came of it, and when it was over."""

    attempt: str
    number: str
    queue: str
    at: float
    outcome: str = ""
    agent: str = ""
    over_at: float | None = None


@dataclass
class Caller(PbxCall):
    """From outside, into a queue: no attempt of ours."""

    @property
    def uniqueid(self) -> str:
        return f"1777885200.{self.attempt}"


@dataclass
class WorldPbx(ScriptedPbx):
    chance: random.Random = field(default_factory=random.Random)
    answers: float = 0.4
    lets_ring: float = 0.05  # of the agents, how often they don't take a call
    machines: float = 0.3  # of those who answer, where machines are listened for
    longest_ring_s: float = 20.0
    longest_talk_s: float = 90.0
    note: Callable[..., None] = lambda *_: None
    truths: dict[str, Truth] = field(default_factory=dict)
    doubles: list[str] = field(default_factory=list)  # numbers that were called while they were in a call
    free_was: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    callers: int = 0
    on_over: Callable[[], None] = lambda: None
    on_end: Callable[[Truth], None] = lambda _truth: None
    listens: set[str] = field(default_factory=set)  # attempts whose dialplan tells machines from people

    def __post_init__(self) -> None:
        super().__post_init__()
        self.legs = Legs(self)
        self.left_at: dict[str, float] = {}  # when agents who had accepted hung up

    def push(self, *events: e.Headers) -> None:
        self.peer.push(*events)

    # -- people ---------------------------------------------------------------------------------------------------

    def _originated(self, request: Request) -> None:
        if request["ActionID"][0].startswith(PREFIX):
            self.legs.ring(request)
            return
        attempt, number = request["ActionID"][0], request["Channel"][0].partition("/")[2].partition("@")[0]
        queue = request["Exten"][0].removeprefix("q-")
        if any(self.truths[one].number == number for one in self.calls if one in self.truths):
            self.doubles.append(number)
        self.truths[attempt] = Truth(attempt, number, queue, self._loop.time())
        ring_s = int(request["Timeout"][0]) / 1000
        if any(one.startswith("DIAL_AMD=") for one in request["Variable"]):
            self.listens.add(attempt)
        plan = self._person(ring_s)
        self.plan = lambda _number: plan
        self.note("dialed", attempt, number, plan.kind)
        super()._originated(request)
        if plan.kind == "endpoint_missing":
            self._over(attempt, "failed")

    def _person(self, ring_s: float) -> Plan:
        rings_s = self.chance.uniform(0.5, self.longest_ring_s)
        if self.chance.random() < self.answers and rings_s < ring_s:
            patience_s = self.chance.uniform(0.2, 15.0) if self.chance.random() < 0.3 else None
            talks_s = self.chance.choice([0.05, *[self.chance.uniform(2, self.longest_talk_s)] * 5])
            return Plan("answered", rings_s, talks_s, patience_s)
        kind = self.chance.choices(list(UNANSWERED), WEIGHTS)[0]
        waits = kind in {"no_answer", "dead_trunk"}
        return Plan(kind, ring_s if waits else min(ring_s, self.chance.uniform(0.05, 8.0)))

    def _failed(self, call: PbxCall) -> None:
        self._over(call.attempt, UNANSWERED[call.plan.kind])
        super()._failed(call)

    def _answered(self, call: PbxCall) -> None:
        if call.queue == PREVIEW:
            self._meets(call)
            return
        if call.attempt not in self.listens:
            super()._answered(call)
            return
        call.state = 6
        self.push(*e.answer(call.attempt))
        self._later(call, self.chance.uniform(0.5, 4.0), self._listened)

    def _meets(self, call: PbxCall) -> None:
        """No queue: the agent who waits, if that one is still there."""
        self.push(*e.answer(call.attempt))
        call.state = 6
        if not self.legs.is_up(call.attempt):
            self._leaves(call, "abandoned", e.user_event(call.attempt, "", "NOAGENT"))
            return
        call.agent = agent = self.legs.talk(call.attempt)
        self.truths[call.attempt].outcome = "answered"
        self.note("talks", call.attempt, agent.interface, "by preview")
        self.push(e.user_event(call.attempt, "", "CONNECTED"))
        self._later(call, call.plan.talks_s, self._parts)

    def _parts(self, call: PbxCall) -> None:
        self._over(call.attempt, "answered")
        self._forget(call)
        self.push(e.hangup(call.uniqueid))
        self.legs.talked(call.attempt)

    def left_alone(self, offer: str) -> None:
        """The agent of a preview is gone, and so is the bridge."""
        self.left_at[offer] = self._loop.time()
        if (call := self.calls.get(offer)) and call.state == 6:
            self._parts(call)

    def _hung_up_by_ami(self, channel: str) -> bool:
        if channel.startswith(PREFIX):
            return self.legs.hang_up(channel)
        call = self.calls.get(channel.removeprefix("a-"))
        if call is not None and call.queue == PREVIEW and call.state == 6:
            self._loop.call_soon(self._parts, call)
            return True
        return super()._hung_up_by_ami(channel)

    def _channels(self) -> Iterator[e.Headers]:
        yield from super()._channels()
        yield from self.legs.channels()

    def _listened(self, call: PbxCall) -> None:
        """AMD() has made up its mind, or the callee did not wait for that."""
        what = self.chance.random()
        if what < 0.1:
            self._leaves(call, "abandoned", e.user_event(call.attempt, call.queue, "EARLYHANGUP"))
        elif what < 0.1 + self.machines:
            self._leaves(call, "machine", e.amd(call.attempt, "MACHINE", "MAXWORDS-4-3"))
        else:
            self._joins(call, e.amd(call.attempt, "HUMAN", "HUMAN-800-800"))

    def _leaves(self, call: PbxCall, outcome: str, told: e.Headers) -> None:
        """Its call ends before the queue."""
        self._over(call.attempt, outcome)
        self._forget(call)
        self.push(told, e.hangup(call.uniqueid))

    def _abandoned(self, call: PbxCall) -> None:
        if call.agent is None or call.agent.status == 6:
            if call.agent is not None:  # hangs up while an agent's phone rings
                self.set_status(call.agent, 1)
                call.agent = None
            self.waiting.setdefault(call.attempt, call)
            self._over(call.attempt, "abandoned")
            super()._abandoned(call)

    def _connected(self, call: PbxCall) -> None:
        agent = call.agent
        assert agent is not None
        if self.chance.random() < self.lets_ring or agent not in self.agents:
            self._let_ring(call, agent)
            return
        if truth := self.truths.get(call.attempt):
            truth.outcome, truth.agent = "answered", agent.interface
        self.note("talks", call.attempt, agent.interface)
        super()._connected(call)

    def _completed(self, call: PbxCall) -> None:
        self._over(call.attempt, "answered")
        agent = call.agent
        super()._completed(call)
        assert agent is not None
        # The moment itself may be rounded to just before it.
        self._loop.call_later(agent.wrapup_s + 0.001, self.serve)
        self.note_free()

    def _cancelled(self, call: PbxCall) -> None:
        self._over(call.attempt, "failed")
        super()._cancelled(call)

    def _over(self, attempt: str, outcome: str) -> None:
        if truth := self.truths.get(attempt):
            truth.outcome, truth.over_at = outcome, self._loop.time()
            self.on_end(truth)
        self.note("over", attempt, outcome)
        self.on_over()

    # -- agents ---------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Each waiting caller, the longest waiting first, rings an agent of its queue who is ready."""
        for call in list(self.waiting.values()):
            if agent := next((one for one in self.agents if call.queue in one.queues and one.ready()), None):
                self._ring(call, agent)
        self.note_free()

    def _ring(self, call: PbxCall, agent: PbxAgent) -> None:
        self.agent_answers_s = self.chance.uniform(0.5, 5.0)
        super()._ring(call, agent)

    def _let_ring(self, call: PbxCall, agent: PbxAgent) -> None:
        """The queue tries the next one, and this one again; the caller waits on."""
        self.note("lets ring", call.attempt, agent.interface)
        self.push(e.agent("AgentRingNoAnswer", call.queue, call.uniqueid, agent.interface, RingTime=5))
        call.agent = None
        self.set_status(agent, 1)
        self.waiting[call.attempt] = call
        self.waiting.move_to_end(call.attempt, last=False)
        self._later(call, self.chance.uniform(3, 12), self._abandoned)
        self._loop.call_later(1.0, self.serve)

    def leave(self, agent: PbxAgent) -> None:
        """Logs out of its queues; a talk goes on to its end."""
        self.agents.remove(agent)
        self.push(*(e.member("QueueMemberRemoved", queue, agent.interface) for queue in agent.queues))

    def come(self, agent: PbxAgent) -> None:
        self.agents.append(agent)
        self.push(*(agent.state("QueueMemberAdded", queue) for queue in agent.queues))
        self.serve()

    def _set_status(self, agent: PbxAgent, status: int) -> None:
        self.set_status(agent, status)

    def set_status(self, agent: PbxAgent, status: int) -> None:
        agent.status = status
        if agent in self.agents:  # of who has left, no queue tells
            self.push(*(agent.state("QueueMemberStatus", queue) for queue in agent.queues))

    def sharing(self, queue: str) -> set[str]:
        """The queues whose agents are, some of them, those of this one."""
        together = [set(agent.queues) for agent in self.agents if queue in agent.queues]
        return {queue}.union(*together)

    def note_free(self) -> None:
        """How many more calls each queue has had agents for, and since when."""
        for queue in sorted({queue for agent in self.agents for queue in agent.queues}):
            free = sum(agent.ready() for agent in self.agents if queue in agent.queues)
            waiting = sum(call.queue == queue for call in self.waiting.values())
            self.free_was[queue].append((self._loop.time(), free - waiting))
            del self.free_was[queue][:-64]

    # -- callers from outside -------------------------------------------------------------------------------------

    def call_in(self, queue: str) -> None:
        self.callers += 1
        call = Caller(f"{self.callers}", queue, Plan("answered", 0, self.chance.uniform(5, 90), 20.0), 20.0, state=6)
        self.calls[call.attempt] = self.waiting[call.attempt] = call
        self.note("calls in", call.attempt, queue)
        self.push(e.new_channel(call.uniqueid), e.caller("QueueCallerJoin", queue, call.uniqueid, Position=1, Count=1))
        self._later(call, 20.0, self._abandoned)
        self.serve()

    # -- faults ---------------------------------------------------------------------------------------------------

    def crash(self) -> None:
        """`kill -9` of Asterisk: nobody is connected any more, and nobody is told."""
        for attempt in self.calls:
            self._over(attempt, "crash")
        for agent in self.agents:
            agent.paused = False
        self.lose_all_calls()
        self.legs.forget()
        self.note_free()
