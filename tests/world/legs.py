"""Telephones of agents who accepted an offer: rung first, then joined with the callee, as `asterisk/extensions_dialer.conf` does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.peers import ami_events as e
from tests.peers.ami import Request
from tests.peers.ami_pbx import PbxAgent

#: How agents call the channel in which they wait.
PREFIX = "a-agent-"


@dataclass(eq=False)
class Leg:
    offer: str
    agent: PbxAgent
    up: bool = False
    timer: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.offer}"


class Legs:
    def __init__(self, pbx: Any) -> None:
        self._pbx = pbx
        self._legs: dict[str, Leg] = {}

    def is_up(self, offer: str) -> bool:
        return offer in self._legs and self._legs[offer].up

    def ring(self, request: Request) -> None:
        pbx, offer = self._pbx, request["ActionID"][0].removeprefix(PREFIX)
        agent = next((one for one in pbx.agents if one.interface == request["Channel"][0]), None)
        if agent is None or agent.status != 1:
            self._tell(offer, up=False)
            return
        leg = self._legs[offer] = Leg(offer, agent)
        pbx.set_status(agent, 6)
        rings_s = int(request["Timeout"][0]) / 1000
        picks_up = pbx.chance.random() < 0.85
        self._later(leg, pbx.chance.uniform(0.5, 6.0) if picks_up else rings_s, self._up if picks_up else self._missed)

    def _up(self, leg: Leg) -> None:
        leg.up = True
        self._pbx.note("agent waits", leg.offer)
        self._pbx.set_status(leg.agent, 2)
        self._tell(leg.offer, up=True)
        # Nobody sits there for ever, nor always until the callee answers.
        self._later(leg, self._pbx.chance.choice([1.0, 45.0, 45.0, 45.0]), self.end)

    def _missed(self, leg: Leg) -> None:
        self._pbx.note("agent misses", leg.offer)
        self._tell(leg.offer, up=False)
        self.end(leg)

    def talk(self, offer: str) -> PbxAgent:
        """The callee is there."""
        leg = self._legs[offer]
        if leg.timer is not None:
            leg.timer.cancel()
        return leg.agent

    def talked(self, offer: str) -> None:
        """The callee is gone: the server hangs up, or else the agent does."""
        if leg := self._legs.get(offer):
            self._later(leg, self._pbx.chance.uniform(1, 10), self.end)

    def hang_up(self, channel: str) -> bool:
        leg = self._legs.get(channel.removeprefix(PREFIX))
        if leg is not None:
            asyncio.get_running_loop().call_soon(self.end, leg)
        return leg is not None

    def end(self, leg: Leg) -> None:
        if self._legs.pop(leg.offer, None) is None:
            return
        if leg.timer is not None:
            leg.timer.cancel()
        self._pbx.push(e.hangup(leg.name))
        self._pbx.set_status(leg.agent, 1)
        self._pbx.left_alone(leg.offer)
        self._pbx.serve()

    def forget(self) -> None:
        """Asterisk was killed."""
        for leg in self._legs.values():
            if leg.timer is not None:
                leg.timer.cancel()
        self._legs.clear()

    def channels(self) -> Iterator[e.Headers]:
        for leg in self._legs.values():
            own = e.channel(leg.name, 6 if leg.up else 5, name=f"{leg.agent.interface}-00000003")
            yield e.event("CoreShowChannel", **own, Application="Wait", BridgeId="")

    def _tell(self, offer: str, *, up: bool) -> None:
        response = {"Response": "Success" if up else "Failure", "Reason": "4" if up else "3"}
        self._pbx.push(e.event("OriginateResponse", ActionID=f"{PREFIX}{offer}", **response))

    def _later(self, leg: Leg, seconds: float, then: Any) -> None:
        if leg.timer is not None:
            leg.timer.cancel()
        leg.timer = asyncio.get_running_loop().call_later(seconds, then, leg)
