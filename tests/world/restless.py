"""Everything that goes on while a world is restless: agents, callers and managers at work, and faults. By the seed."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from dialer.domain.errors import DomainError
from dialer.operations import strategies
from tests.peers import ami_events as e
from tests.world.scripts import strategy

#: What goes wrong and what people do, as the journal tells it.
KINDS = {
    "link closed", "asterisk killed", "process killed", "network stalled", "pings unanswered", "asterisk stops",
    "originates unanswered", "events twice", "pauses", "leaves", "calls in", "unpublish", "end", "valid until", "limit",
    "deploys", "list",
}  # fmt: skip


class Restless:
    """One task for each kind of thing that happens, each with a chance of its own: one more changes no other."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._over = False
        self.raced = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._absent: list[Any] = []
        self._kinds: dict[str, Callable[[random.Random], Awaitable[None]]] = {
            "link closed": self._close_link,
            "asterisk killed": self._kill_asterisk,
            "process killed": self._kill_process,
            "network stalled": self._stall,
            "pings unanswered": self._no_pings,
            "asterisk stops": self._stop_gracefully,
            "originates unanswered": self._no_answers,
            "events twice": self._twice,
            "paused": self._pause,
            "left": self._leave,
            "call from outside": self._call_in,
            "unpublished": self._unpublish,
            "ended": self._end,
            "expired": self._expire,
            "limited": self._limit,
            "deployed": self._deploy,
            "listed": self._list,
            "texts cut": self._cut_texts,
        }

    def start(self) -> None:
        for kind, mean_s in self._world.plan.faults.items():
            if mean_s:
                self._tasks.append(self._world.loop.create_task(self._happen(kind, mean_s), name=kind))

    async def stop(self) -> None:
        """What is under way is mended; nothing new begins."""
        self._over = True
        await asyncio.gather(*self._tasks)
        for agent in self._absent:
            self._world.pbx.come(agent)
        for agent in self._world.pbx.agents:
            if agent.paused:
                self._world.pbx.pause(agent, paused=False)
        self._world.pbx.serve()
        await self._world.oracle.look()
        await self._world.until(lambda: self._world.engine.link.state == "up", 600)
        for campaign_id in list(self._world.oracle.promises):
            await self._operate(self._world.oracle.promises.valid_until(campaign_id, None, self.in_process))
            await self._operate(self._world.oracle.promises.lift_hours(campaign_id, self.in_process))
            await self._operate(self._world.oracle.promises.limit(campaign_id, None, self.in_process))
            await self._operate(self._world.oracle.promises.publish(campaign_id, self.in_process))

    async def _happen(self, kind: str, mean_s: float) -> None:
        chance = random.Random(f"{kind} {self._world.plan.seed}")
        while not self._over:
            wait_s = min(chance.expovariate(1 / mean_s), 20 * mean_s)
            wake_at = self._world.loop.time() + wait_s
            while self._world.loop.time() < wake_at and not self._over:
                await asyncio.sleep(min(30.0, wake_at - self._world.loop.time()))
            if not self._over:
                self._world.raise_if_died()
                await self._kinds[kind](chance)

    def _note(self, what: str, *more: object) -> None:
        self._world.ledger.note(what, *more)

    # -- faults ---------------------------------------------------------------------------------------------------

    async def _close_link(self, chance: random.Random) -> None:
        self._note("link closed")
        with self._world.oracle.disturbance():
            self._world.peer.drop()
            if chance.random() < 0.3:  # and nobody listens for a while
                await self._world.peer.close()
                await asyncio.sleep(chance.uniform(0.1, 20))
                await self._world.peer.listen()

    async def _kill_asterisk(self, chance: random.Random) -> None:
        self._note("asterisk killed")
        with self._world.oracle.disturbance():
            await self._world.peer.close()
            self._world.pbx.crash()
            await asyncio.sleep(chance.uniform(0.5, 30))
            self._world.peer.refuses_originates = ""
            await self._world.peer.listen()

    async def _kill_process(self, chance: random.Random) -> None:
        for _ in range(chance.choice([1, 1, 1, 3])):
            with self._world.oracle.disturbance():
                self._world.kill()
                await asyncio.sleep(chance.choice([0.0, chance.uniform(0, 3), chance.uniform(0, 60)]))
                self._world.start()
                await asyncio.sleep(chance.uniform(0, 1.0))

    async def _stall(self, chance: random.Random) -> None:
        network = self._world.loop.network
        stall_s = chance.choice([chance.uniform(0.05, 1), chance.uniform(1, 12), chance.uniform(10, 90)])
        self._note("network stalled", f"{stall_s:.3f}")
        with self._world.oracle.disturbance():
            network.stalled_until = self._world.loop.time() + stall_s
            await asyncio.sleep(stall_s)

    async def _no_pings(self, chance: random.Random) -> None:
        self._note("pings unanswered")
        await self._switch("answers_pings", chance.uniform(1, 15), off=False, on=True)

    async def _no_answers(self, chance: random.Random) -> None:
        self._note("originates unanswered")
        await self._switch("answers_originates", chance.uniform(1, 15), off=False, on=True)

    async def _stop_gracefully(self, chance: random.Random) -> None:
        self._note("asterisk stops")
        self._world.pbx.push(e.event("Shutdown", Shutdown="Cleanly", Restart="False"))
        await self._switch("refuses_originates", chance.uniform(1, 30), off="Asterisk is shutting down", on="")

    async def _switch(self, name: str, seconds: float, *, off: Any, on: Any) -> None:
        with self._world.oracle.disturbance():
            setattr(self._world.peer, name, off)
            await asyncio.sleep(seconds)
            setattr(self._world.peer, name, on)

    async def _twice(self, chance: random.Random) -> None:
        """The next events come a second time, those of calls also later: a stale word about a member is not to be told from news."""
        push, pbx = type(self._world.pbx.peer).push, self._world.pbx
        self._note("events twice")

        def again(*events: Any) -> None:
            push(pbx.peer, *events)
            if chance.random() < 0.5:
                late_s = 0.0 if any("QueueMember" in one["Event"] for one in events) else chance.choice([0.0, 0.3, 5.0])
                if late_s:
                    self._world.loop.call_later(late_s, push, pbx.peer, *events)
                else:
                    push(pbx.peer, *events)

        pbx.peer.push = again
        with self._world.oracle.disturbance():
            await asyncio.sleep(chance.uniform(1, 20))
            pbx.peer.push = lambda *events: push(pbx.peer, *events)
            await asyncio.sleep(5.0)

    async def _cut_texts(self, _chance: random.Random) -> None:
        if self._world.smsc.sessions:
            self._note("texts cut")
            self._world.smsc.drop()

    # -- people ---------------------------------------------------------------------------------------------------

    async def _pause(self, chance: random.Random) -> None:
        pbx = self._world.pbx
        if pbx.agents:
            agent = chance.choice(pbx.agents)
            self._note("pauses", agent.interface)
            pbx.pause(agent, paused=not agent.paused)
            pbx.serve()

    async def _leave(self, chance: random.Random) -> None:
        pbx = self._world.pbx
        here = [agent for agent in pbx.agents if agent.status == 1]
        if self._absent and chance.random() < 0.6:
            agent = self._absent.pop()
            self._note("comes", agent.interface)
            pbx.come(agent)
        elif len(here) > 1:
            agent = chance.choice(here)
            self._note("leaves", agent.interface)
            pbx.leave(agent)
            self._absent.append(agent)
            pbx.note_free()

    async def _call_in(self, chance: random.Random) -> None:
        self._world.pbx.call_in(chance.choice(["sales", "support"]))

    async def _unpublish(self, chance: random.Random) -> None:
        campaign_id = self._one(chance)
        await self._operate(self._world.oracle.promises.stop(campaign_id, "unpublish", self.in_process))
        await asyncio.sleep(chance.choice([0, chance.uniform(0, 1), chance.uniform(0, 60)]))
        await self._operate(self._world.oracle.promises.publish(campaign_id, self.in_process))

    async def _end(self, chance: random.Random) -> None:
        if len(self._world.oracle.promises.running()) > 1:
            await self._operate(self._world.oracle.promises.stop(self._one(chance), "end", self.in_process))

    async def _expire(self, chance: random.Random) -> None:
        campaign_id = self._one(chance)
        until = self._world.loop.now() + timedelta(seconds=chance.choice([0.5, 2, 30]))
        await self._operate(self._world.oracle.promises.valid_until(campaign_id, until, self.in_process))
        await asyncio.sleep(chance.uniform(1, 60))
        await self._operate(self._world.oracle.promises.valid_until(campaign_id, None, self.in_process))

    async def _limit(self, chance: random.Random) -> None:
        campaign_id, limit = self._one(chance), chance.choice([None, 1, 2, 5])
        await self._operate(self._world.oracle.promises.limit(campaign_id, limit, self.in_process))

    async def _deploy(self, chance: random.Random) -> None:
        campaign_id, promises = self._one(chance), self._world.oracle.promises
        document = strategy(chance, text=promises[campaign_id].plan.text if campaign_id in promises else "")
        self._note("deploys", campaign_id)
        await self._operate(self.in_process(strategies.deploy, campaign_id, document))

    async def _list(self, chance: random.Random) -> None:
        if numbers := self._world.oracle.promises.numbers():
            await self._world.oracle.promises.list_number(chance.choice(numbers), self.in_process)

    def _one(self, chance: random.Random) -> int:
        return chance.choice(list(self._world.oracle.promises) or [0])

    async def in_process(self, operation: Any, *args: Any) -> bool:
        """The process does it; False if it died meanwhile, or refused."""
        world, life = self._world, self._world.life
        task = world.in_process(operation(world.ctx, *args), operation.__name__)
        while not task.done() and not life.dead:
            await asyncio.wait({task}, timeout=0.25)
        if not task.done():
            return False
        try:
            task.result()
        except DomainError as refused:
            self._note("refused", operation.__name__, refused)
            return False
        return True

    async def _operate(self, work: Awaitable[Any]) -> None:
        with contextlib.suppress(KeyError):  # of a campaign that is not made yet
            await work
