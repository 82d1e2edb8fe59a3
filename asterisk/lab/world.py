"""The world outside the PBX under test: a second Asterisk as carrier, callees and agents' telephones.

Callees behave by the number dialed (numbers.py), agents as they are told at run time. Real SIP codes come back, so the
PBX and the dialer see what they would see from a carrier.
"""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from asterisk import sounds
from asterisk.lab.ami import AmiError, Session
from asterisk.lab.distribution import Distribution
from asterisk.lab.instance import Instance
from asterisk.lab.ledger import Placed, read_ledger
from asterisk.lab.numbers import CODES


class Agent(StrEnum):
    """What an agent's telephone does with a call from the queue."""

    ANSWER = "answer"  # answers, talks for the set time, hangs up
    STAY = "stay"  # answers and talks until the callee hangs up
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECT = "reject"
    UNREACHABLE = "unreachable"  # not registered: the queue sees it as unavailable and does not ring it


# A person says a short word and listens; a machine goes on for four seconds, pauses for one, and beeps.
HELLO = sounds.silence(0.3) + sounds.words((0.15, 0.25))
QUIET = sounds.silence(10)  # a telephone sends silence too: without it AMD() hears nothing that it could measure
GREETING = sounds.silence(0.3) + sounds.words((0.25, 0.4, 0.3, 0.5, 0.2, 0.45, 0.3, 0.5, 0.35))
BEEP = sounds.tone(1000, 0.4)

# Asterisk's hangup causes become SIP codes: 17 → 486, 21 → 403, 34 → 503, 1 → 404.
_CALLEES = """\
exten => answer,1,Gosub(ring,s,1(${DB(callee/ring)}))
 same => n,Wait(7200)
exten => talk,1,Gosub(ring,s,1(${DB(callee/ring)}))
 same => n,Wait($[${RAND(${DB(callee/talk_min_ms)},${DB(callee/talk_max_ms)})} / 1000])
 same => n,Hangup(16)
exten => slow,1,Gosub(ring,s,1(4))
 same => n,Wait(7200)
exten => short,1,Gosub(ring,s,1(${DB(callee/ring)}))
 same => n,Wait(3)
 same => n,Hangup(16)
exten => impatient,1,Gosub(ring,s,1(${DB(callee/ring)}))
 same => n,Wait(0.1)
 same => n,Hangup(16)
exten => instant,1,Gosub(ring,s,1(0))
 same => n,Wait(7200)
exten => machine,1,Gosub(ring,s,1(${DB(callee/ring)}))
 same => n,Playback(${SOUNDS}/greeting)
 same => n,Wait(1)
 same => n,Playback(${SOUNDS}/beep)
 same => n,Gosub(note,s,1(beep))
 same => n,Wait(7200)
exten => hello,1,Gosub(ring,s,1(${DB(callee/ring)}))
 same => n,Playback(${SOUNDS}/hello)
 same => n,Playback(${SOUNDS}/quiet)
 same => n,Wait(7200)
exten => opts_out,1,Gosub(ring,s,1(${DB(callee/ring)}))
 same => n,Wait(2.5)
 same => n,SendDTMF(9)
 same => n,Wait(7200)
exten => busy,1,Hangup(17)
exten => no_answer,1,Ringing()
 same => n,Wait(7200)
exten => rejected,1,Hangup(21)
exten => congestion,1,Hangup(34)
exten => invalid,1,Hangup(1)
exten => busy_once,1,Set(SEEN=${DB(seen/${NUMBER})})
 same => n,Set(DB(seen/${NUMBER})=1)
 same => n,GotoIf($["${SEEN}" = ""]?busy,1:answer,1)
exten => h,1,Gosub(note,s,1(end))
"""

_AGENTS = """\
exten => answer,1,Gosub(ring,s,1(${DB(agents/ring)}))
 same => n,Wait($[${RAND(${DB(agents/talk_min_ms)},${DB(agents/talk_max_ms)})} / 1000])
 same => n,Hangup(16)
exten => stay,1,Gosub(ring,s,1(${DB(agents/ring)}))
 same => n,Wait(7200)
exten => busy,1,Hangup(17)
exten => no_answer,1,Ringing()
 same => n,Wait(7200)
exten => reject,1,Hangup(21)
exten => h,1,Gosub(note,s,1(end))
"""


class World(Instance):
    """Carrier, callees and agents. Behaviours are kept in its database and read at each call."""

    modules = ("app_playback", "app_senddtmf", "res_pjsip_outbound_registration")

    def __init__(
        self, folder: Path, distribution: Distribution, rtp_ports: int, agents: Sequence[str], pbx_port: int
    ) -> None:
        super().__init__("world", folder, distribution, rtp_ports)
        self.agents = tuple(agents)
        self.unreachable: set[str] = set()
        self._pbx_port = pbx_port

    async def start(self) -> None:
        """As `Instance.start`; then all callees and agents behave as by default."""
        await super().start()
        await self.set_callees(ring_s=1.0, talk_s=(5.0, 20.0))
        await self.set_talk(2.0, 5.0)
        for agent in self.agents:
            await self._put("agent", agent, Agent.ANSWER)

    async def set_callees(self, *, ring_s: float | None = None, talk_s: tuple[float, float] | None = None) -> None:
        """How long callees ring before they answer, and between which times those that hang up themselves talk."""
        if ring_s is not None:
            await self._put("callee", "ring", f"{ring_s:.3f}")
        if talk_s is not None:
            await self._put_range("callee", talk_s)

    async def set_talk(self, least_s: float, most_s: float, *, ring_s: float = 0.2) -> None:
        """Agents ring for `ring_s` and then talk for a random time between the two; all in seconds, fractions allowed."""
        await self._put("agents", "ring", f"{ring_s:.3f}")
        await self._put_range("agents", (least_s, most_s))

    async def set_agent(self, agent: str, behaviour: Agent) -> None:
        """What this agent's telephone does from the next call on. Raises ValueError for an unknown agent.

        Becoming unreachable or reachable takes Asterisk up to a second: wait with `Lab.settled`.
        """
        if agent not in self.agents:
            raise ValueError(f"no agent {agent!r}; there are {', '.join(self.agents)}")
        await self._put("agent", agent, behaviour)
        if (behaviour is Agent.UNREACHABLE) == (agent in self.unreachable):
            return
        await self._each("PJSIPUnregister" if behaviour is Agent.UNREACHABLE else "PJSIPRegister", {agent})
        self.unreachable ^= {agent}

    async def register(self) -> Collection[str]:
        """Every telephone that can be reached begins to register, though it may have done so before; returns which."""
        agents = set(self.agents) - self.unreachable
        await self._each("PJSIPRegister", agents)
        return agents

    async def _each(self, action: str, agents: Collection[str]) -> None:
        async with Session(self.admin) as session:
            for agent in agents:
                await session.do(action, Registration=f"{agent}-line")

    async def call_in(self, queue: str, caller: str, talk_s: float = 7200) -> None:
        """An inbound caller, who is none of the dialer's, enters a queue of the PBX and hangs up after `talk_s`."""
        async with Session(self.admin) as session:
            await session.do(
                "Originate",
                Channel=f"PJSIP/queue-{queue}@pbx",
                Application="Wait",
                Data=f"{talk_s:.3f}",
                CallerID=caller,
                Async="true",
            )

    async def hang_up(self) -> None:
        """Callees and agents hang up, whoever is in a call."""
        async with Session(self.admin) as session:
            with contextlib.suppress(AmiError):  # nobody is
                await session.do("Hangup", Channel="/^PJSIP/.*$/")

    def ledger(self) -> list[Placed]:
        """Every call that reached a callee, in order of arrival."""
        return read_ledger(self._ledger_path)

    def agent_calls(self) -> list[Placed]:
        """Every call that reached an agent's telephone; `number` is the agent's name."""
        return read_ledger(self._agents_path)

    @property
    def _ledger_path(self) -> Path:
        return self.folder / "ledger.log"

    @property
    def _agents_path(self) -> Path:
        return self.folder / "agents.log"

    async def _put_range(self, family: str, seconds: tuple[float, float]) -> None:
        least, most = seconds
        if not 0 <= least <= most:
            raise ValueError(f"a talk time runs from the least to the most, not from {least} to {most} s")
        await self._put(family, "talk_min_ms", str(round(least * 1000)))
        await self._put(family, "talk_max_ms", str(round(most * 1000)))

    async def _put(self, family: str, key: str, value: str) -> None:
        async with Session(self.admin) as session:
            await session.do("DBPut", Family=family, Key=key, Val=value)

    def files(self) -> Mapping[str, str]:
        sounds.write(self.folder / "sounds/hello.ulaw", HELLO)
        sounds.write(self.folder / "sounds/quiet.ulaw", QUIET)
        sounds.write(self.folder / "sounds/greeting.ulaw", GREETING)
        sounds.write(self.folder / "sounds/beep.ulaw", BEEP)
        return {"extensions.conf": self._extensions(), "pjsip.conf": self._pjsip()}

    def _extensions(self) -> str:
        """A call is noted first and then behaves. In patterns n, x and z are wildcards in lower case too: age[n]t."""
        codes = "".join(f"exten => _+1XXXXXXXX{code},1,Goto(callee,{b},1)\n" for b, code in CODES.items())
        return (
            f"[globals]\nLEDGER = {self._ledger_path}\nAGENTS = {self._agents_path}\n"
            f"SOUNDS = {self.folder}/sounds\n\n"
            "[world]\n"
            "exten => _+X.,1,Set(NUMBER=${EXTEN})\n same => n,Set(BOOK=${LEDGER})\n"
            " same => n,Gosub(note,s,1(invite))\n same => n,Goto(number,${EXTEN},1)\n"
            "exten => _X.,1,Goto(+${EXTEN},1)\n"
            "exten => _age[n]t-X.,1,Goto(world-agent,${EXTEN},1)\n"
            "exten => _age[n]t-X,1,Goto(world-agent,${EXTEN},1)\n\n"
            "[world-agent]\n"
            "exten => _age[n]t-.,1,Set(NUMBER=${EXTEN})\n same => n,Set(BOOK=${AGENTS})\n"
            " same => n,Gosub(note,s,1(invite))\n same => n,Goto(agent,${DB(agent/${EXTEN})},1)\n\n"
            f"[number]\n{codes}exten => _+X.,1,Goto(callee,talk,1)\n\n"
            f"[callee]\n{_CALLEES}\n[agent]\n{_AGENTS}\n"
            "[ring]\nexten => s,1,Ringing()\n same => n,Wait(${ARG1})\n same => n,Answer(,i)\n"
            " same => n,Gosub(note,s,1(answer))\n same => n,Return()\n\n"
            "[note]\nexten => s,1,Set(LINE=${STRFTIME(,UTC,%s.%6q)}|${ARG1}|${UNIQUEID}|${NUMBER}|${CALLERID(num)})\n"
            " same => n,Set(FILE(${BOOK},,,al,u)=${LINE})\n same => n,Return()\n"
        )

    def _pjsip(self) -> str:
        lines = "".join(
            f"[{agent}-line]\ntype = registration\nserver_uri = sip:127.0.0.1:{self._pbx_port}\n"
            f"client_uri = sip:{agent}@127.0.0.1:{self._pbx_port}\ncontact_user = {agent}\nexpiration = 3600\n"
            "max_random_initial_delay = 0\nretry_interval = 1\nforbidden_retry_interval = 1\n"
            "fatal_retry_interval = 1\nmax_retries = 1000\n\n"
            for agent in self.agents
        )
        return (
            f"[udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{self.sip_port}\n\n"
            "[pbx]\ntype = endpoint\ncontext = world\nallow = !all,ulaw\ndirect_media = no\naors = pbx\n\n"
            f"[pbx]\ntype = aor\ncontact = sip:127.0.0.1:{self._pbx_port}\n\n"
            f"[pbx]\ntype = identify\nendpoint = pbx\nmatch = 127.0.0.1\n\n{lines}"
        )
