"""The lab and the snippets for a user's own Asterisk, with real Asterisks: every outcome, right, filter and fault."""

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ulid import ULID

from asterisk.lab.ami import AmiError, Event, Session
from asterisk.lab.distribution import PROJECT, Distribution
from asterisk.lab.lab import Lab
from asterisk.lab.ledger import Placed
from asterisk.lab.numbers import Callee, number
from asterisk.lab.pbx import SNIPPETS, Pbx, QueueSettings
from asterisk.lab.world import Agent
from tests.support.rig import everybody_answers

CALLER_ID = "+13035550000"


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Call:
    """One originated call as the dialer's user sees it."""

    session: Session
    attempt: str

    @property
    def channel(self) -> str:
        return f"a-{self.attempt}"

    async def event(self, name: str, timeout_s: float = 30, **fields: str) -> Event:
        def ours(e: Event) -> bool:
            ids = (e.fields.get("Uniqueid"), e.fields.get("DestUniqueid"), e.fields.get("Linkedid"))
            return e.name == name and (self.channel in ids or e.has(ActionID=self.attempt)) and e.has(**fields)

        return await self.session.wait(ours, timeout_s)

    async def queue_status(self) -> str:
        return (await self.event("UserEvent", Attempt=self.attempt)).fields["QueueStatus"]

    def names(self) -> list[str]:
        return [
            e.name for e in self.session.events if self.channel in e.fields.values() or e.has(ActionID=self.attempt)
        ]


async def originate(
    session: Session,
    called: str,
    dial: str = Lab.trunk_dial,
    *,
    queue: str = "support",
    ring_ms: int = 4000,
    wait_s: int = 5,
) -> Call:
    """Exactly the action that the dialer sends."""
    attempt = str(ULID())
    await session.do(
        "Originate",
        [f"__DIAL_ATTEMPT={attempt}", f"__DIAL_QUEUE_WAIT={wait_s}"],
        Channel=dial.format(number=called),
        Context="dialer",
        Exten=f"q-{queue}",
        Priority="1",
        Async="true",
        Timeout=str(ring_ms),
        ChannelId=f"a-{attempt}",
        ActionID=attempt,
        Account=attempt,
        CallerID=CALLER_ID,
    )
    return Call(session, attempt)


async def ended(lab: Lab, called: str) -> Placed:
    """The only call to this number in the ledger, once it has ended: the world hears of that after the PBX."""
    deadline = time.monotonic() + 60
    while True:
        (placed,) = [p for p in lab.ledger() if p.number == called]
        if placed.ended_at is not None:
            return placed
        assert time.monotonic() < deadline, f"not ended: {placed}"
        await asyncio.sleep(0.01)


@pytest.fixture
async def dialer(lab: Lab) -> AsyncIterator[Session]:
    """A session of the least-privilege user; every agent at rest and answering, and out of wrap-up."""
    await everybody_answers(lab)
    async with Session(lab.pbx.ami) as session:
        while await session.rows("CoreShowChannels", "CoreShowChannelsComplete"):  # somebody still hears a message
            await asyncio.sleep(0.1)
        yield session


@pytest.mark.req("D4")
@pytest.mark.parametrize(
    ("callee", "cause", "sip", "dial_status"),
    [
        (Callee.BUSY, "17", "486", "BUSY"),
        (Callee.REJECTED, "21", "403", "NOANSWER"),
        (Callee.CONGESTION, "34", "503", "CONGESTION"),
        (Callee.INVALID, "1", "404", "NOANSWER"),
    ],
)
async def test_a_callee_who_cannot_be_had_gives_the_sip_code_and_cause(
    dialer: Session, callee: Callee, cause: str, sip: str, dial_status: str
):
    call = await originate(dialer, number(callee, 0))
    hangup = await call.event("Hangup")
    assert (hangup.fields["Cause"], hangup.fields["TechCause"]) == (cause, sip)
    assert (await call.event("DialEnd")).fields["DialStatus"] == dial_status
    assert (await call.event("OriginateResponse")).has(Response="Failure", Reason="0")


@pytest.mark.req("D4")
async def test_no_answer_has_rung_and_a_dead_trunk_has_not(dialer: Session):
    rings = await originate(dialer, number(Callee.NO_ANSWER, 0), ring_ms=600)
    dead = await originate(dialer, number(Callee.ANSWER, 1), Lab.dead_dial, ring_ms=600)
    for call in (rings, dead):
        hangup = await call.event("Hangup")
        assert (hangup.fields["Cause"], hangup.fields["TechCause"]) == ("19", "480")
        assert (await call.event("OriginateResponse")).has(Response="Failure", Reason="3")
    assert "Newstate" in rings.names()
    assert "Newstate" not in dead.names()


@pytest.mark.req("D4")
async def test_a_missing_trunk_fails_without_any_channel(dialer: Session):
    call = await originate(dialer, number(Callee.ANSWER, 2), Lab.missing_dial)
    assert (await call.event("OriginateResponse")).has(Response="Failure", Reason="0")
    assert (await dialer.ask("Ping"))["Response"] == "Success"
    assert not {"Newchannel", "Hangup"} & set(call.names())


@pytest.mark.req("D4")
async def test_a_call_is_answered_taken_by_an_agent_and_ended(lab: Lab, dialer: Session):
    called = number(Callee.ANSWER, 3)
    call = await originate(dialer, called)
    assert (await call.event("OriginateResponse")).has(Response="Success", Reason="4")
    connect = await call.event("AgentConnect", Queue="support")
    complete = await call.event("AgentComplete")
    assert complete.has(Reason="agent", MemberName=connect.fields["MemberName"])
    assert (await call.event("Hangup", Uniqueid=call.channel)).has(Cause="16", AccountCode=call.attempt)
    assert await call.queue_status() == "CONNECTED"
    placed = await ended(lab, called)
    assert placed.caller_id == CALLER_ID
    assert placed.answered_at is not None
    assert placed.ended_at is not None
    assert placed.at < placed.answered_at < placed.ended_at


async def test_a_callee_without_plus_is_the_same_callee(lab: Lab, dialer: Session):
    called = number(Callee.BUSY, 4)
    await (await originate(dialer, called.removeprefix("+"))).event("Hangup", Cause="17")
    assert [p.number for p in lab.ledger()].count(called) == 1


async def test_a_callee_who_is_busy_once_answers_the_second_time(dialer: Session):
    called = number(Callee.BUSY_ONCE, 5)
    await (await originate(dialer, called)).event("Hangup", Cause="17")
    await (await originate(dialer, called)).event("AgentConnect")


@pytest.mark.parametrize("callee", [Callee.TALK, Callee.INSTANT, Callee.SHORT])
async def test_callees_who_answer_reach_an_agent(dialer: Session, callee: Callee):
    call = await originate(dialer, number(callee, 6), queue="sales")
    await call.event("AgentConnect", Queue="sales")
    await call.event("Hangup", Uniqueid=call.channel)


@pytest.mark.req("D4")
async def test_a_callee_who_hangs_up_in_the_queue_is_told_from_a_queue_timeout(lab: Lab, dialer: Session):
    for agent in lab.agents:
        await lab.set_agent(agent, Agent.NO_ANSWER)
    gone = await originate(dialer, number(Callee.IMPATIENT, 7))
    assert await gone.queue_status() == "HANGUP"
    await gone.event("QueueCallerAbandon")
    waited = await originate(dialer, number(Callee.ANSWER, 7), wait_s=1)
    await waited.event("QueueCallerAbandon")
    assert await waited.queue_status() == "TIMEOUT"
    await waited.event("Hangup", Uniqueid=waited.channel)
    told = [e.fields["Attempt"] for e in dialer.events if e.has(Event="UserEvent", UserEvent="DialerQueue")]
    assert sorted(told) == sorted([gone.attempt, waited.attempt])


@pytest.mark.req("D7")
async def test_without_agents_the_callee_hears_the_message_and_the_dialer_learns_why(lab: Lab, dialer: Session):
    for agent in lab.agents:
        await lab.pause_agent(agent)
    call = await originate(dialer, number(Callee.ANSWER, 8))
    assert await call.queue_status() == "JOINEMPTY"
    told = await call.event("UserEvent")
    hangup = await call.event("Hangup")
    assert 3.0 < hangup.at - told.at < 60, "the message is a second long, and three are given to press a key"
    assert not {"QueueCallerJoin", "QueueCallerAbandon"} & set(call.names())


async def test_an_unknown_queue_is_reported(dialer: Session):
    call = await originate(dialer, number(Callee.ANSWER, 9), queue="none-such")
    assert (await call.event("UserEvent")).has(Queue="none-such", QueueStatus="UNKNOWN")


@pytest.mark.parametrize("behaviour", [Agent.BUSY, Agent.REJECT])
async def test_an_agent_who_does_not_take_the_call_leaves_it_to_the_next(lab: Lab, dialer: Session, behaviour: Agent):
    for agent in lab.agents[:-1]:
        await lab.set_agent(agent, behaviour)
    # Round robin starts anywhere: two calls meet at least one of the three.
    for i in (10, 11):
        call = await originate(dialer, number(Callee.ANSWER, i))
        connect = await call.event("AgentConnect")
        assert connect.fields["MemberName"] == lab.agents[-1]
        await call.event("Hangup", Uniqueid=call.channel)
    assert any(e.name == "AgentRingNoAnswer" for e in dialer.events)


async def test_an_agent_who_stays_talks_until_the_callee_hangs_up(lab: Lab, dialer: Session):
    for agent in lab.agents:
        await lab.set_agent(agent, Agent.STAY)
    call = await originate(dialer, number(Callee.TALK, 12))
    assert (await call.event("AgentComplete")).has(Reason="caller")


@pytest.mark.req("D1")
async def test_an_unreachable_agent_is_unavailable_to_the_queue_and_is_not_rung(lab: Lab, dialer: Session):
    await lab.set_agent("agent-1", Agent.UNREACHABLE)
    assert (await lab.pbx.member_status())["support", "agent-1"] == 5
    before = len([c for c in lab.world.agent_calls() if c.number == "agent-1"])
    for agent in lab.agents[1:]:
        await lab.pause_agent(agent)
    call = await originate(dialer, number(Callee.ANSWER, 13))
    assert await call.queue_status() == "JOINEMPTY"
    assert len([c for c in lab.world.agent_calls() if c.number == "agent-1"]) == before
    with pytest.raises(ValueError, match="agent-9"):
        await lab.set_agent("agent-9", Agent.BUSY)


@pytest.mark.req("D1")
async def test_wrap_up_and_status_stand_in_the_queue_status(dialer: Session):
    members = [m for m in await dialer.rows("QueueStatus", "QueueStatusComplete") if m["Event"] == "QueueMember"]
    assert {(m["Queue"], m["Name"]) for m in members} == {
        (q, f"agent-{i}") for q in ("support", "sales") for i in range(1, 5)
    }
    assert {(m["Status"], m["Paused"], m["Wrapuptime"]) for m in members} == {("1", "0", "1")}


async def test_the_dialer_may_do_what_it_needs(dialer: Session):
    assert (await dialer.wait(lambda e: e.name == "FullyBooted")).fields["Uptime"].isdigit()
    rows = await dialer.rows("ShowDialPlan", "ShowDialPlanComplete", Context="dialer")
    assert "_q-." in {row.get("Extension") for row in rows}
    assert {r["Queue"] for r in await dialer.rows("QueueSummary", "QueueSummaryComplete")} == {"support", "sales"}
    await dialer.do("Ping")
    call = await originate(dialer, number(Callee.NO_ANSWER, 14))
    await call.event("Newstate", ChannelStateDesc="Ringing")
    channels = await dialer.rows("CoreShowChannels", "CoreShowChannelsComplete")
    ours = [c for c in channels if c["AccountCode"] == call.attempt]  # somebody may still hear the message
    assert [(c["Uniqueid"], c["Linkedid"], c["AccountCode"]) for c in ours] == [
        (call.channel, call.channel, call.attempt)
    ]
    await dialer.do("Hangup", Channel=call.channel, Cause="16")
    await call.event("Hangup", Cause="16")
    assert (await call.event("OriginateResponse")).has(Response="Failure")


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("Command", {"Command": "core show version"}),
        ("QueuePause", {"Interface": "PJSIP/agent-1", "Paused": "true"}),
        ("DBPut", {"Family": "x", "Key": "y", "Val": "z"}),
        ("GetConfig", {"Filename": "manager.conf"}),
        ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
        ("UserEvent", {"UserEvent": "DialerQueue"}),
        ("DialplanExtensionAdd", {"Context": "dialer", "Extension": "x", "Priority": "1", "Application": "NoOp"}),
        ("ModuleLoad", {"LoadType": "reload"}),
    ],
)
async def test_the_dialer_may_not_do_what_it_does_not_need(dialer: Session, action: str, fields: dict[str, str]):
    assert await dialer.ask(action, **fields) | {"ActionID": ""} == {
        "Response": "Error",
        "ActionID": "",
        "Message": "Permission denied",
    }


async def test_a_wrong_secret_is_refused(lab: Lab):
    wrong = type(lab.pbx.ami)(lab.pbx.ami.host, lab.pbx.ami.port, "dialer", "CHANGE-ME")
    with pytest.raises(AmiError, match="Authentication failed"):
        async with Session(wrong):
            pass


WHOLE = {
    "OriginateResponse", "QueueCallerJoin", "QueueCallerLeave", "QueueCallerAbandon", "AgentCalled", "AgentConnect",
    "AgentComplete", "AgentRingNoAnswer", "QueueMemberStatus", "QueueMemberAdded", "QueueMemberRemoved", "QueueMemberPause",
    "QueueMemberPenalty", "QueueMemberRinginuse",
}  # fmt: skip


def passes(event: Event) -> bool:
    """The rule that the event filters of manager_dialer.conf should amount to, written down a second time."""
    own, destination = (event.fields.get(key, "").startswith("a-") for key in ("Uniqueid", "DestUniqueid"))
    match event.name:
        case "Newchannel" | "Newstate" | "Hangup":
            return own
        case "DialState" | "DialEnd":
            return destination
        case "UserEvent":
            return event.fields.get("UserEvent") in {"DialerQueue", "DialerAmd", "DialerMessage"}
        case name:
            return name in WHOLE


def is_mark(event: Event, called: str) -> bool:
    return event.has(Event="OriginateResponse", Channel=f"PJSIP/{called}@missing")


def between(session: Session, first: str, last: str) -> list[Event]:
    events = list(session.events)
    begins, ends = (next(i for i, e in enumerate(events) if is_mark(e, called)) for called in (first, last))
    return events[begins : ends + 1]


async def test_the_filters_pass_all_that_is_needed_and_nothing_else(lab: Lab, dialer: Session):
    first, last = number(Callee.ANSWER, 15), number(Callee.ANSWER, 16)
    async with lab.recorder() as recorder:
        await originate(dialer, first, Lab.missing_dial)  # an event in both streams
        await originate(dialer, number(Callee.BUSY, 15))
        for agent in lab.agents:
            await lab.set_agent(agent, Agent.NO_ANSWER)
        waits = await originate(dialer, number(Callee.IMPATIENT, 15))
        await waits.event("QueueCallerAbandon")
        for agent in lab.agents[1:]:
            await lab.set_agent(agent, Agent.ANSWER)
        await lab.world.call_in("support", "+13035551111", talk_s=0.5)
        call = await originate(dialer, number(Callee.ANSWER, 15))
        async with Session(lab.pbx.admin) as admin:
            for action, fields in (
                ("QueueAdd", {}),
                ("QueuePause", {"Paused": "true"}),
                ("QueuePenalty", {"Penalty": "3"}),
                ("QueueMemberRingInUse", {"RingInUse": "true"}),
                ("QueueRemove", {}),
            ):
                await admin.do(action, Queue="support", Interface="PJSIP/extra", **fields)
            await admin.do("UserEvent", UserEvent="SomethingElse")
            await waits.event("Hangup", Uniqueid=waits.channel)
            await call.event("Hangup", Uniqueid=call.channel)
            await lab.settled()
        await originate(dialer, last, Lab.missing_dial)
        for session in (recorder, dialer):
            await session.wait(lambda e: is_mark(e, last))
        heard = Counter(e.name for e in between(dialer, first, last) if not e.has(EventList="Complete"))
        sent = Counter(e.name for e in between(recorder, first, last) if passes(e))
    assert heard == sent
    assert heard.keys() >= WHOLE - {"AgentRingNoAnswer"} | {
        "Newchannel",
        "Newstate",
        "Hangup",
        "DialState",
        "DialEnd",
    }
    assert heard.total() < len(recorder.events) / 3


@pytest.mark.req("D1")
async def test_an_inbound_caller_takes_an_agent_and_the_dialer_hears_of_it(lab: Lab, dialer: Session):
    await lab.world.call_in("support", "+13035552222", talk_s=2)
    join = await dialer.wait(lambda e: e.has(Event="QueueCallerJoin", CallerIDNum="+13035552222"))
    assert not join.fields["Uniqueid"].startswith("a-")
    await dialer.wait(lambda e: e.has(Event="AgentComplete", Uniqueid=join.fields["Uniqueid"]))


async def test_the_ledger_holds_every_call_of_a_burst_once(lab: Lab, dialer: Session):
    wanted = [number(Callee.BUSY, i) for i in range(100, 160)]
    calls = await asyncio.gather(*(originate(dialer, called) for called in wanted))
    for call in calls:
        await call.event("Hangup")
    placed = Counter(p.number for p in lab.ledger())
    assert [placed[called] for called in wanted] == [1] * len(wanted)


async def test_the_ledger_has_the_right_time_whatever_the_machines_zone_is(
    tmp_path: Path, asterisk_distribution: Distribution, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TZ", "America/New_York")
    called, before = number(Callee.BUSY, 0), now()
    far = Lab(tmp_path / "far", agents=1, distribution=asterisk_distribution)
    await far.start()
    try:
        async with Session(far.pbx.ami) as session:
            await (await originate(session, called)).event("Hangup")
            assert before < (await ended(far, called)).at < now()
    finally:
        await far.stop()


@pytest.mark.req("D3")
async def test_the_ledger_outlives_a_kill_of_the_pbx_which_comes_back(lab: Lab, dialer: Session):
    called = number(Callee.NO_ANSWER, 16)
    await (await originate(dialer, called)).event("Newstate", ChannelStateDesc="Ringing")
    await lab.pbx.kill()
    assert lab.pbx.pid is None
    assert [p.number for p in lab.ledger()].count(called) == 1
    await lab.revive()
    await lab.settled()
    async with Session(lab.pbx.ami) as after:
        assert int((await after.wait(lambda e: e.name == "FullyBooted")).fields["Uptime"]) < 60
        await (await originate(after, number(Callee.ANSWER, 17))).event("AgentConnect")


@pytest.mark.req("D5")
async def test_a_core_restart_says_shutdown_and_comes_back_under_the_same_process(lab: Lab, dialer: Session):
    pid = lab.pbx.pid
    await lab.pbx.core_restart()
    await dialer.wait(lambda e: e.has(Event="Shutdown", Restart="True"))
    assert lab.pbx.pid == pid
    await lab.settled()


class ExamplePbx(Pbx):
    """A PBX configured by the examples for a user's own Asterisk."""

    modules = (*Pbx.modules, "codec_alaw", "res_pjsip_outbound_authenticator_digest")

    def files(self) -> dict[str, str]:
        transport = f"[udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{self.sip_port}\n\n"
        pjsip = transport + (SNIPPETS / "pjsip_dialer.conf.example").read_text()
        return {
            **super().files(),
            "pjsip.conf": pjsip,
            "queues.conf": (SNIPPETS / "queues_dialer.conf.example").read_text(),
        }


async def test_the_examples_are_read_by_asterisk_as_meant(tmp_path: Path, asterisk_distribution: Distribution):
    pbx = ExamplePbx(tmp_path, asterisk_distribution, 20, {}, QueueSettings())
    await pbx.start()
    try:
        async with Session(pbx.ami) as session:
            rows = await session.rows("QueueStatus", "QueueStatusComplete")
        members = {(r["Name"], r["Wrapuptime"]) for r in rows if r["Event"] == "QueueMember"}
        assert members == {("Ann", "10"), ("Bob", "10")}
        endpoints = await pbx.command("pjsip show endpoints")
        assert "Endpoint:  carrier" in endpoints
        assert "Endpoint:  agent-1" in endpoints
        assert "ERROR" not in pbx.log.read_text()
    finally:
        await pbx.stop()


@pytest.mark.usefixtures("asterisk_distribution")
async def test_a_lab_dies_with_its_parent(tmp_path: Path):
    program = (
        "import asyncio, os, pathlib, signal, sys\n"
        "from asterisk.lab.lab import Lab\n"
        "lab = Lab(pathlib.Path(sys.argv[1]), agents=1)\n"
        "asyncio.run(lab.start())\n"
        "print(lab.pbx.pid, lab.world.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    pids = [int(word) for word in done.stdout.split()]
    assert len(pids) == 2, done.stderr
    deadline = time.monotonic() + 60
    while any(_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still running: {pids}"
        await asyncio.sleep(0.02)


def _alive(pid: int) -> bool:
    """Whether the process still does anything: an orphan that has ended may wait as a zombie for init."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
