"""The PBX under test: an Asterisk as a user would have it, with our snippets included, queues, agents and trunks."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asterisk import sounds
from asterisk.lab import ports
from asterisk.lab.ami import AmiAddress, Session
from asterisk.lab.distribution import PROJECT, Distribution
from asterisk.lab.instance import Instance

SNIPPETS = PROJECT / "asterisk"


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Settings of every queue of the lab, as queues.conf names them; times in whole seconds.

    `wrap_ups_s`: of queues that have another wrap-up than the rest.
    """

    wrap_up_s: int = 1
    wrap_ups_s: Mapping[str, int] = field(default_factory=dict)
    agent_ring_s: int = 5
    retry_s: int = 1
    strategy: str = "rrmemory"
    join_empty: str = "paused,unavailable,invalid,unknown"
    autopause: str = "no"


class Pbx(Instance):
    """The PBX under test. `ami` is the dialer's own user, with the rights that manager_dialer.conf gives and no more."""

    modules: Sequence[str] = (
        "app_amd", "app_exec", "app_playback", "app_queue", "app_read", "app_userevent", "app_waitforsilence", "func_cut",
        "func_devstate", "func_module", "func_version", "res_pjsip_registrar",
    )  # fmt: skip

    def __init__(
        self,
        folder: Path,
        distribution: Distribution,
        rtp_ports: int,
        members: Mapping[str, Sequence[str]],
        settings: QueueSettings,
    ) -> None:
        super().__init__("pbx", folder, distribution, rtp_ports)
        self.members = members
        self.settings = settings
        self.ami = AmiAddress(ports.LOOPBACK, self.ami_port, "dialer", secrets.token_hex(16))
        self.world_port = self.dead_port = 0

    @property
    def agents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(agent for agents in self.members.values() for agent in agents))

    async def pause(self, agent: str, paused: bool, queue: str | None = None) -> None:
        """Pause or unpause an agent, in one queue or in all."""
        fields = {"Interface": f"PJSIP/{agent}", "Paused": "true" if paused else "false"}
        async with Session(self.admin) as session:
            await session.do("QueuePause", **fields, **({"Queue": queue} if queue else {}))

    async def member_status(self) -> dict[tuple[str, str], int]:
        """Status by (queue, agent) as Asterisk numbers it: 1 not in use, 2 in use, 5 unavailable, 6 ringing."""
        async with Session(self.admin) as session:
            rows = await session.rows("QueueStatus", "QueueStatusComplete")
        return {(r["Queue"], r["Name"]): int(r["Status"]) for r in rows if r["Event"] == "QueueMember"}

    async def command(self, line: str) -> str:
        """The output of a CLI command."""
        async with Session(self.admin) as session:
            return (await session.do("Command", Command=line)).get("Output", "")

    def files(self) -> Mapping[str, str]:
        # A second of tones stands for the message to callees whom no agent took, another one for the one left on machines.
        for name in ("abandoned", "machine"):
            sounds.write(self.folder / f"sounds/{name}.ulaw", sounds.three_tones())
        return {
            "extensions.conf": (
                f"[globals]\nDIALER_ABANDONED_MESSAGE = {self.folder}/sounds/abandoned\n\n"
                f'#include "{SNIPPETS}/extensions_dialer.conf"\n\n'
                "[inbound]\nexten => _queue-.,1,Answer()\n same => n,Queue(${EXTEN:6})\n same => n,Hangup()\n"
            ),
            "queues.conf": self._queues(),
            "pjsip.conf": self._pjsip(),
        }

    def manager_users(self) -> str:
        return f'#include "{SNIPPETS}/manager_dialer.conf"\n\n[dialer](dialer-rights)\nsecret = {self.ami.secret}\n'

    def _queues(self) -> str:
        s = self.settings
        # Without shared_lastcall another queue rings an agent who is still in wrap-up.
        text = "[general]\nautofill = yes\nshared_lastcall = yes\n"
        for queue, agents in self.members.items():
            wrap_up_s = s.wrap_ups_s.get(queue, s.wrap_up_s)
            text += (
                f"\n[{queue}]\nstrategy = {s.strategy}\ntimeout = {s.agent_ring_s}\nretry = {s.retry_s}\n"
                f"wrapuptime = {wrap_up_s}\nringinuse = no\njoinempty = {s.join_empty}\nautopause = {s.autopause}\n"
            )
            # interface, penalty, name, state interface, ringinuse, wrap-up: per member it shows in QueueStatus.
            text += "".join(f"member => PJSIP/{a},0,{a},PJSIP/{a},no,{wrap_up_s}\n" for a in agents)
        return text

    def _pjsip(self) -> str:
        """Agents register like telephones; `world` is the trunk, `dead` a trunk that never answers."""
        agents = "".join(
            f"[{a}]\ntype = endpoint\ncontext = inbound\nallow = !all,ulaw\ndirect_media = no\naors = {a}\n\n"
            f"[{a}]\ntype = aor\nmax_contacts = 1\nremove_existing = yes\n\n"
            for a in self.agents
        )
        trunks = "".join(
            f"[{name}]\ntype = endpoint\ncontext = inbound\nallow = !all,ulaw\ndirect_media = no\naors = {name}\n\n"
            f"[{name}]\ntype = aor\ncontact = sip:127.0.0.1:{port}\n\n"
            for name, port in (("world", self.world_port), ("dead", self.dead_port))
        )
        return (
            "[global]\ntype = global\nendpoint_identifier_order = username,ip\n\n"
            f"[udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{self.sip_port}\n\n"
            f"{trunks}[world]\ntype = identify\nendpoint = world\nmatch = 127.0.0.1\n\n{agents}"
        )
