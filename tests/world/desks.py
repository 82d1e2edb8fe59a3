"""Agents at their page, in preview mode: they get ready, look at what is offered, and accept, skip, reject or do nothing.

And what they are promised: nobody is called whom they have not accepted, or before their own telephone was picked up.
"""

import asyncio
import random
from typing import Any

from tests.peers.ami_pbx import PbxAgent
from tests.world.ledger import Sent

PREVIEW = "preview"  # where the dialplan joins agent and callee
#: The page shows a sign of life more often than every 15 s.
LOOKS_S = (0.5, 8.0)


class Desks:
    def __init__(self, world: Any, in_process: Any) -> None:
        self._world, self._in_process = world, in_process
        self._minds: dict[str, str] = {}  # what an agent has made of an offer
        self._asked: set[str] = set()  # offers whose acceptance was asked for
        self._refused: dict[str, str] = {}  # offers that were skipped or rejected, which was answered
        self._rejected: list[tuple[int, str, float]] = []  # campaign, number, when
        self._over = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        if any(PREVIEW in one.fields.get("dialing_modes", ()) for one in self._world.plan.campaigns):
            for agent in self._world.everybody:
                self._tasks.append(self._world.loop.create_task(self._sit(agent), name=f"desk {agent.interface}"))

    async def stop(self) -> None:
        self._over = True
        await asyncio.gather(*self._tasks)

    async def _sit(self, agent: PbxAgent) -> None:
        chance = random.Random(f"desk {agent.interface} {self._world.plan.seed}")
        user = agent.interface.rpartition("/")[2]
        while not self._over:
            await asyncio.sleep(chance.uniform(*LOOKS_S))
            # Whoever waits for the rest to come to its end does not choose any more.
            what = chance.choice(["accept"] * 5 + ["skip", "reject", "look"]) if self._world.restless else "accept"
            await self._in_process(self._look, user, agent.interface, what)

    async def _look(self, _ctx: Any, user: str, interface: str, what: str) -> None:
        previews = self._world.engine.previews
        desk = await previews.desks.of(user)
        await previews.choose(desk, interface)
        if not desk.ready:
            previews.get_ready(desk, ready=True)
        held = previews.of(desk)
        if held is None or held.stage != "offered":
            return
        offer, request = held.offer.id, held.request
        what = self._minds.setdefault(offer, what)
        if what == "look":
            return
        self._world.ledger.note(what, offer, interface)
        if what == "accept":
            self._asked.add(offer)
            await previews.accept(desk, offer)
            return
        await getattr(previews, what)(desk, offer, "by chance")
        self._world.ledger.note(f"{what} answered", offer)
        self._refused[offer] = what
        if what == "reject":
            self._rejected.append((request.campaign_id, request.address, self._world.loop.time()))

    # -- kept -----------------------------------------------------------------------------------------------------

    def fault(self, sent: Sent) -> str | None:
        """At the moment of writing."""
        if sent.queue != PREVIEW:
            return None
        if sent.attempt in self._refused:
            return f"was {self._refused[sent.attempt]}ed by its agent"
        if sent.attempt not in self._asked:
            return "was not accepted by any agent"
        return None if self._world.pbx.legs.is_up(sent.attempt) or self._unknown(sent) else "has no agent who waits"

    def _unknown(self, sent: Sent) -> bool:
        """The agent may have hung up, or Asterisk crashed, a moment ago."""
        gone_at = self._world.pbx.left_at.get(sent.attempt, -1.0)
        return gone_at > sent.at - 0.1 or self._world.oracle.disturbed_between(sent.at - 5.0, sent.at)

    def rejected(self, sent: Sent, campaign_id: int) -> str | None:
        """Asked at the end: whether it went to somebody whom an agent had rejected before, for that campaign."""
        known = any(one[:2] == (campaign_id, sent.number) and one[2] < sent.at for one in self._rejected)
        return "C2 to somebody whom an agent had rejected" if known else None
