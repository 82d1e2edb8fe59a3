"""Agents, queues and callees behind an `AmiPeer`: every Originate becomes a whole call, event by event.

Cheap enough for a thousand agents: a few timers a call, no tasks. The agents keep Asterisk's rules: wrap-up in whole
seconds by the wall clock, one status event per queue of the member, no event when the wrap-up ends.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.peers import ami_events as e
from tests.peers.ami import AmiPeer, Request


@dataclass(frozen=True)
class Plan:
    """What the callee does. `kind`: answered, or a key of ami_events.FAILURES; times in seconds."""

    kind: str = "answered"
    rings_s: float = 0.01
    talks_s: float = 0.05
    patience_s: float | None = None  # hangs up when no agent has come by then


@dataclass
class PbxAgent:
    interface: str
    queues: Sequence[str]
    wrapup_s: int = 0
    paused: bool = False
    status: int = 1
    last_call: int = 0
    calls_taken: int = 0

    def ready(self) -> bool:
        return self.status == 1 and not self.paused and int(time.time()) - self.last_call >= self.wrapup_s

    def state(self, name: str, queue: str) -> e.Headers:
        return e.member(
            name,
            queue,
            self.interface,
            Status=self.status,
            Paused=int(self.paused),
            LastCall=self.last_call,
            CallsTaken=self.calls_taken,
            Wrapuptime=self.wrapup_s,
            InCall=int(self.status == 2),
        )


@dataclass
class PbxCall:
    attempt: str
    queue: str
    plan: Plan
    queue_wait_s: float
    state: int = 0
    agent: PbxAgent | None = None
    timer: asyncio.TimerHandle | None = None

    @property
    def uniqueid(self) -> str:
        return f"a-{self.attempt}"


@dataclass
class ScriptedPbx:
    """`ScriptedPbx(peer, agents)` takes the peer's Originates. `plan(number)` tells how a call goes."""

    peer: AmiPeer
    agents: list[PbxAgent]
    plan: Callable[[str], Plan] = lambda _number: Plan()
    agent_answers_s: float = 0.002
    calls: dict[str, PbxCall] = field(default_factory=dict)  # live ones, by attempt
    waiting: OrderedDict[str, PbxCall] = field(default_factory=OrderedDict)
    connected: int = 0
    abandoned: int = 0
    waited: int = 0  # answered callees for whom no agent was free
    finished: int = 0

    def __post_init__(self) -> None:
        self.peer.on_originate = self._originated
        self.peer.on_hangup = self._hung_up_by_ami
        self.peer.picture.queue_status = self._queue_status
        self.peer.picture.channels = self._channels
        self._loop = asyncio.get_running_loop()

    @classmethod
    def with_agents(cls, peer: AmiPeer, count: int, *, queue: str = "sales", wrapup_s: int = 0) -> ScriptedPbx:
        return cls(peer, [PbxAgent(f"PJSIP/agent-{index:04}", (queue,), wrapup_s) for index in range(count)])

    # -- the picture ----------------------------------------------------------------------------------------------

    def _queue_status(self) -> Iterable[e.Headers]:
        for queue in sorted({queue for agent in self.agents for queue in agent.queues}):
            yield e.event("QueueParams", Queue=queue, Max=0, Strategy="rrmemory", Calls=len(self.waiting))
            for agent in self.agents:
                if queue in agent.queues:
                    yield agent.state("QueueMember", queue)
            rung = [call for call in self.calls.values() if call.agent is not None and call.agent.status == 6]
            for call in (*self.waiting.values(), *rung):  # a caller stays in the queue while an agent's phone rings
                if call.queue == queue:
                    yield e.event("QueueEntry", Queue=queue, Position=1, Uniqueid=call.uniqueid, Wait=1)

    def _channels(self) -> Iterable[e.Headers]:
        for call in self.calls.values():
            bridge = f"bridge-{call.attempt}" if call.agent and call.agent.status == 2 else ""
            own = e.channel(call.uniqueid, call.state)
            yield e.event("CoreShowChannel", **own, Application="Queue", BridgeId=bridge)
            if bridge and call.agent:
                name = f"{call.agent.interface}-00000002"
                other = e.channel(f"{call.uniqueid}-agent", 6, name=name, linkedid=call.uniqueid)
                yield e.event("CoreShowChannel", **other, Application="AppQueue", BridgeId=bridge)

    # -- one call -------------------------------------------------------------------------------------------------

    def _originated(self, request: Request) -> None:
        attempt, number = request["ActionID"][0], request["Channel"][0].rpartition("/")[2].partition("@")[0]
        variables = dict(variable.split("=", 1) for variable in request["Variable"])
        wait_s = float(variables["__DIAL_QUEUE_WAIT"])
        call = PbxCall(attempt, request["Exten"][0].removeprefix("q-"), self.plan(number), wait_s)
        if call.plan.kind == "endpoint_missing":
            self.peer.push(*e.failed_end(attempt, call.plan.kind))
            return
        self.calls[attempt] = call
        rings = call.plan.kind == "answered" or e.FAILURES[call.plan.kind].rings
        call.state = 5 if rings else 0
        self.peer.push(*e.ringing(attempt, rings=rings))
        after = self._answered if call.plan.kind == "answered" else self._failed
        self._later(call, call.plan.rings_s, after)

    def _failed(self, call: PbxCall) -> None:
        self._forget(call)
        self.peer.push(*e.failed_end(call.attempt, call.plan.kind))

    def _answered(self, call: PbxCall) -> None:
        call.state = 6
        self._joins(call, *e.answer(call.attempt))

    def _joins(self, call: PbxCall, *before: e.Headers) -> None:
        """Into the queue, after these events."""
        self.peer.push(*before, e.caller("QueueCallerJoin", call.queue, call.uniqueid, Position=1, Count=1))
        self.waiting[call.attempt] = call
        limit = min(call.queue_wait_s, call.plan.patience_s or call.queue_wait_s)
        self._later(call, limit, self._abandoned)
        self.serve()
        self.waited += call.attempt in self.waiting

    def serve(self) -> None:
        """Ring the next ready agent for each waiting caller, longest waiting first."""
        ready = (agent for agent in self.agents if agent.ready())
        for call, agent in zip(list(self.waiting.values()), ready, strict=False):
            if call.queue in agent.queues:
                self._ring(call, agent)

    def _ring(self, call: PbxCall, agent: PbxAgent) -> None:
        del self.waiting[call.attempt]
        call.agent = agent
        self.peer.push(e.agent("AgentCalled", call.queue, call.uniqueid, agent.interface))
        self._set_status(agent, 6)
        self._later(call, self.agent_answers_s, self._connected)

    def _connected(self, call: PbxCall) -> None:
        agent = call.agent
        assert agent is not None
        self.connected += 1
        self._set_status(agent, 2)  # often before AgentConnect
        self.peer.push(
            e.caller("QueueCallerLeave", call.queue, call.uniqueid, Position=1, Count=0),
            e.agent("AgentConnect", call.queue, call.uniqueid, agent.interface, HoldTime=0, RingTime=0),
        )
        self._later(call, call.plan.talks_s, self._completed)

    def _completed(self, call: PbxCall) -> None:
        agent = call.agent
        assert agent is not None
        self._forget(call)
        agent.last_call, agent.calls_taken = int(time.time()), agent.calls_taken + 1
        complete = e.agent("AgentComplete", call.queue, call.uniqueid, agent.interface, TalkTime=1, Reason="agent")
        self.peer.push(
            complete,
            e.user_event(call.attempt, call.queue, "CONNECTED"),
            e.hangup(call.uniqueid),
            e.hangup(f"{call.uniqueid}-agent"),
        )
        self._set_status(agent, 1)
        ready_in = max(0.0, agent.last_call + agent.wrapup_s - time.time()) if agent.wrapup_s else 0.0
        self._loop.call_later(ready_in, self.serve)

    def _abandoned(self, call: PbxCall) -> None:
        if call.agent is not None:
            return
        self.abandoned += 1
        del self.waiting[call.attempt]
        self._forget(call)
        status = "HANGUP" if call.plan.patience_s else "TIMEOUT"
        self.peer.push(
            e.caller("QueueCallerAbandon", call.queue, call.uniqueid, OriginalPosition=1, Position=1, HoldTime=1),
            e.caller("QueueCallerLeave", call.queue, call.uniqueid, Position=1, Count=0),
            e.user_event(call.attempt, call.queue, status),
            e.hangup(call.uniqueid),
        )

    def _hung_up_by_ami(self, channel: str) -> bool:
        call = self.calls.get(channel.removeprefix("a-"))
        if call is None:
            return False
        ends = self._completed if call.agent else self._abandoned if call.state == 6 else self._cancelled
        self._loop.call_soon(ends, call)
        return True

    def _cancelled(self, call: PbxCall) -> None:
        self._forget(call)
        self.peer.push(*e.failed_end(call.attempt, "hung_up_by_us"))

    def lose_all_calls(self) -> None:
        """What `kill -9` does to an Asterisk: no events, no channels, LastCall forgotten."""
        for call in list(self.calls.values()):
            self._forget(call)
        self.waiting.clear()
        for agent in self.agents:
            agent.status, agent.last_call = 1, 0

    def _set_status(self, agent: PbxAgent, status: int) -> None:
        agent.status = status
        self.peer.push(*(agent.state("QueueMemberStatus", queue) for queue in agent.queues))

    def pause(self, agent: PbxAgent, *, paused: bool) -> None:
        agent.paused = paused
        self.peer.push(*(agent.state("QueueMemberPause", queue) for queue in agent.queues))

    def _later(self, call: PbxCall, seconds: float, then: Callable[[PbxCall], None]) -> None:
        if call.timer is not None:
            call.timer.cancel()
        call.timer = self._loop.call_later(seconds, then, call)

    def _forget(self, call: PbxCall) -> None:
        if call.timer is not None:
            call.timer.cancel()
        self.calls.pop(call.attempt, None)
        self.finished += 1
