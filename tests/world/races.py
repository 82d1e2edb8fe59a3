"""Pause, end and expiry against calls that are just leaving: each is pulled within milliseconds of an agent's coming free."""

import asyncio
import random
from datetime import timedelta

from dialer.engine.bell import Bell
from tests.world.restless import Restless

#: From the end of a call to the next Originate the engine takes about so long: event, decision, commit, write.
AT_MOST_S = 0.006


class Races(Restless):
    def start(self) -> None:
        self._tasks.append(self._world.loop.create_task(self._race(), name="races"))

    async def _race(self) -> None:
        chance, world = random.Random(f"races {self._world.plan.seed}"), self._world
        pulls = [self._unpublish, self._unpublish, self._expire]
        ended = Bell()
        world.pbx.on_over = ended.ring
        while not self._over:
            await ended.wait(5.0)
            await asyncio.sleep(chance.uniform(0, AT_MOST_S))
            self.raced += 1
            await chance.choice([*pulls * 5, self._end])(chance)
            world.raise_if_died()

    async def _unpublish(self, chance: random.Random) -> None:
        """All that may run, at once: whatever leaves after the last answer is a fault."""
        promises = self._world.oracle.promises
        running = promises.running()
        await asyncio.gather(*(self._operate(promises.stop(one, "unpublish", self.in_process)) for one in running))
        await asyncio.sleep(chance.uniform(0, 0.1))
        for one in running:
            await self._operate(promises.publish(one, self.in_process))

    async def _expire(self, chance: random.Random) -> None:
        promises = self._world.oracle.promises
        running = promises.running()
        until = self._world.loop.now() + timedelta(seconds=chance.uniform(0, AT_MOST_S))
        await asyncio.gather(*(self._operate(promises.valid_until(one, until, self.in_process)) for one in running))
        await asyncio.sleep(chance.uniform(0, 0.1))
        for one in running:
            await self._operate(promises.valid_until(one, None, self.in_process))
