"""The dialing loop over a real store, with agents that are told and a link that takes every call: who is called when."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from dialer.ami.originate import Accepted, Answer, NotSent, OriginateCall
from dialer.ami.states import LinkState
from dialer.domain import telephony as t
from dialer.domain.agents import Agents
from dialer.domain.telephony import MemberStatus
from dialer.engine.board import Board
from dialer.engine.dialing import Dialing
from dialer.pacing.abandonment import AbandonmentMeter
from tests.support.context import Bench


class Taken:
    """Stands where the link to Asterisk is: notes every call."""

    state, reason = LinkState.UP, ""

    def __init__(self) -> None:
        self.calls: list[OriginateCall] = []
        self.refuses = False

    async def originate(self, call: OriginateCall) -> Answer:
        if self.refuses:
            return NotSent("test")
        self.calls.append(call)
        return Accepted()


@dataclass
class Loop:
    """`await next_round()` decides once and sees everything through that it began."""

    bench: Bench
    dialing: Dialing
    link: Taken
    tasks: "set[asyncio.Task[Any]]"

    @property
    def calls(self) -> list[OriginateCall]:
        return self.link.calls

    async def next_round(self) -> list[OriginateCall]:
        """The calls that this round placed, in their order."""
        before = len(self.calls)
        self.dialing.round()
        await self._settle()
        return self.calls[before:]

    async def end(self, call: OriginateCall, cause: int, *, rang: bool = False) -> None:
        """The call rings, or does not, and ends unanswered with that cause; what comes of it is recorded."""
        uniqueid, now = t.channel_id(call.attempt_id), self.bench.clock()
        ringing = [t.NewState(uniqueid, t.ChannelState.RINGING)] if rang else []
        for event in [*ringing, t.OriginateResponse(call.attempt_id, False, 0), t.Hangup(uniqueid, cause, "")]:
            self.dialing.tracker.apply(event, now)
        await self.dialing.tracker.write()

    def free(self) -> None:
        """Every call is over and recorded nowhere: the agents are free again."""
        for one in list(self.dialing.tracker):
            self.dialing.tracker.forget(one.call.attempt_id)

    async def _settle(self) -> None:
        await asyncio.sleep(0)
        while self.tasks:
            await asyncio.gather(*self.tasks)
            self.tasks.difference_update([task for task in self.tasks if task.done()])


async def loop_over(bench: Bench, seats: Mapping[str, tuple[str, ...]], meter: AbandonmentMeter | None = None) -> Loop:
    """`seats`: the agents of each queue, all of them free; `meter` is every campaign's."""
    agents, board, link, tasks = Agents(), Board(bench.ctx), Taken(), set[asyncio.Task[Any]]()
    members = tuple(
        t.MemberState(queue, agent, agent, MemberStatus.NOT_IN_USE, paused=False)
        for queue, names in seats.items()
        for agent in names
    )
    agents.resync(t.LiveState(members=members, queues=frozenset(seats)), bench.clock())
    await board.load()

    def start(work: Coroutine[Any, Any, None], *, name: str) -> None:
        tasks.add(asyncio.create_task(work, name=name))

    any_link: Any = link
    made = Loop(
        bench,
        Dialing(
            bench.ctx,
            board,
            agents,
            any_link,
            start=start,
            changed=lambda: None,
            meter=lambda _: meter or AbandonmentMeter(),
        ),
        link,
        tasks,
    )
    await made.next_round()  # the hoppers are filled
    made.free()
    link.calls.clear()
    return made
