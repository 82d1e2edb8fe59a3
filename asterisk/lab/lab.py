"""A whole telephone world in a folder: the PBX under test and the world around it."""

import asyncio
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from asterisk.lab import install, ports
from asterisk.lab.ami import Session
from asterisk.lab.distribution import Distribution
from asterisk.lab.ledger import Placed
from asterisk.lab.pbx import Pbx, QueueSettings
from asterisk.lab.world import Agent, World

READY_S = 90.0
NOT_IN_USE, UNAVAILABLE = 1, 5


class Lab:
    """Two private Asterisks: `pbx` (what the dialer connects to) and `world` (carrier, callees, agents).

    Start it in the main thread: the kernel ends both when the thread that started them ends, however it ends.
    """

    trunk_dial = "PJSIP/{number}@world"
    dead_dial = "PJSIP/{number}@dead"  # a trunk that never answers
    missing_dial = "PJSIP/{number}@missing"  # an endpoint that is not configured

    def __init__(
        self,
        folder: Path,
        *,
        agents: int = 4,
        queues: Sequence[str] | Mapping[str, Sequence[str]] = ("support",),
        wrap_up_s: int = 1,
        settings: QueueSettings | None = None,
        rtp_ports: int = 1000,
        distribution: Distribution | None = None,
    ) -> None:
        """Nothing is started yet.

        `agents` are named agent-1, agent-2 … and are members of every queue, unless `queues` maps names to members. A full
        call takes four RTP ports of the PBX. `settings`, if given, counts instead of `wrap_up_s`.
        Raises InstallError if there is no Asterisk and none can be installed.
        """
        names = tuple(f"agent-{i}" for i in range(1, agents + 1))
        members = queues if isinstance(queues, Mapping) else dict.fromkeys(queues, names)
        found = distribution or install.ensure(say=lambda _text: None)
        self.pbx = Pbx(folder / "pbx", found, rtp_ports, members, settings or QueueSettings(wrap_up_s=wrap_up_s))
        self.agents = self.pbx.agents
        self.world = World(folder / "world", found, rtp_ports, self.pbx.agents, self.pbx.sip_port)
        self._dead: socket.socket | None = None

    async def start(self) -> None:
        """Start both; returns when every agent is registered and free, after some 1.3 s (registering alone takes 1 s).

        Raises StartError or TimeoutError.
        """
        self._dead = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # takes what is sent to it and answers nothing
        self._dead.bind((ports.LOOPBACK, 0))
        self.pbx.world_port, self.pbx.dead_port = self.world.sip_port, int(self._dead.getsockname()[1])
        try:
            await asyncio.gather(self.pbx.start(), self.world.start())
            await self.settled()
        except BaseException:
            await self.stop()
            raise

    async def revive(self) -> None:
        """Start the PBX after a kill. The telephones register anew: it writes registrations down up to a second late."""
        await self.pbx.start()
        async with Session(self.pbx.admin) as session:
            agents = await self.world.register()  # which ends what is registered, and begins anew a second later
            for agent in agents:
                new = {"EndpointName": agent, "ContactStatus": "NonQualified"}
                await session.wait(lambda e, new=new: e.name == "ContactStatus" and e.has(**new))  # type: ignore[misc]

    async def stop(self) -> None:
        """Stop both; the folder stays, with logs and ledger."""
        await asyncio.gather(self.pbx.stop(), self.world.stop())
        if self._dead is not None:
            self._dead.close()
            self._dead = None

    async def settled(self, timeout_s: float = READY_S) -> None:
        """Wait until the queues see every agent at rest: not in use, or unavailable where so set.

        Wrap-up may still run: Asterisk sends no event at its end. Raises TimeoutError, naming the agents.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            status = await self.pbx.member_status()
            gone = self.world.unreachable
            waiting = {
                key: now for key, now in status.items() if now != (UNAVAILABLE if key[1] in gone else NOT_IN_USE)
            }
            if not waiting:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"agents not at rest after {timeout_s} s (status by queue and agent): {waiting}")
            await asyncio.sleep(0.02)

    async def set_agent(self, agent: str, behaviour: Agent) -> None:
        """What this agent does from the next call on; returns when the queues know. Raises ValueError if unknown."""
        before = set(self.world.unreachable)
        await self.world.set_agent(agent, behaviour)
        if self.world.unreachable != before:
            await self.settled()

    async def set_talk(self, least_s: float, most_s: float, *, ring_s: float = 0.2) -> None:
        """How long agents ring and talk, in seconds."""
        await self.world.set_talk(least_s, most_s, ring_s=ring_s)

    async def pause_agent(self, agent: str, paused: bool = True, queue: str | None = None) -> None:
        """Pause (or unpause) an agent, in one queue or in all."""
        await self.pbx.pause(agent, paused, queue)

    def ledger(self) -> list[Placed]:
        """Every call that reached a callee, whoever placed it: the world's own record."""
        return self.world.ledger()

    def recorder(self) -> Session:
        """An AMI session of the PBX that sees every event: `async with lab.recorder() as rec: … rec.events`."""
        return Session(self.pbx.recorder)
