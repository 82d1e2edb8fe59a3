"""Machines told from people, messages to both, and the two seconds of the law: on the real Asterisk, through campaigns."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from asterisk.lab.distribution import Distribution
from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from asterisk.lab.pbx import QueueSettings
from asterisk.lab.world import Agent
from config.settings import Database as DatabaseSettings
from dialer import checks
from dialer.ami.states import LinkState
from dialer.domain.errors import Incomplete
from dialer.operations import campaigns, do_not_contact
from dialer.store.types import AnyRow
from tests.support.invariants import check
from tests.support.rig import Rig, call, everybody_answers, rig, strategy

FIRST = 400  # numbers from here on are this file's


@pytest.fixture
async def running(lab: Lab, tmp_path: Path) -> AsyncIterator[Rig]:
    await everybody_answers(lab)
    async with rig(lab, tmp_path) as started:
        yield started


async def attempt_of(running: Rig, callee: Callee, i: int, document: Any = None, **fields: Any) -> AnyRow:
    """The one attempt of a campaign with one such callee, once it is done."""
    campaign = await running.campaign([number(callee, FIRST + i)], document, **fields)
    await running.publish(campaign)
    (story,) = await running.done(campaign)
    (attempt,) = story.attempts
    await check(running.ctx.db, settled=True)
    return attempt


def heard(attempt: AnyRow, events: list[Any]) -> tuple[float, float]:
    """When the callee answered, and when the message began, by Asterisk's own events."""
    mine = [e for e in events if f"a-{attempt.id}" in e.fields.values()]
    answered = next(e.at for e in mine if e.name == "Newstate" and e.has(ChannelStateDesc="Up"))
    return answered, next(e.at for e in mine if e.has(UserEvent="DialerMessage", Message="BEGUN"))


@pytest.fixture
async def late(tmp_path: Path, asterisk_distribution: Distribution) -> AsyncIterator[Lab]:
    """A lab whose queue looks for an agent every five seconds, as queues.conf has it by default."""
    settings = QueueSettings(retry_s=5)
    made = Lab(tmp_path / "late", agents=1, settings=settings, distribution=asterisk_distribution)
    await made.start()
    yield made
    await made.stop()


@pytest.mark.req("D7")
@pytest.mark.parametrize("behaviour", [Agent.NO_ANSWER, Agent.BUSY])
async def test_the_message_begins_within_two_seconds_of_the_answer(late: Lab, tmp_path: Path, behaviour: Agent):
    """Whatever Queue() does meanwhile: the agent lets it ring; or refuses, and Queue() would sleep for five seconds."""
    await late.set_agent("agent-1", behaviour)
    async with rig(late, tmp_path) as running, late.recorder() as recorder:
        attempt = await attempt_of(running, Callee.ANSWER, 0, queue_wait_s=2)
        answered, begun = heard(attempt, recorder.events)
    assert 1.0 < begun - answered <= 4.0, "two seconds, as far as a busy machine can tell; not five"
    assert (attempt.outcome, attempt.message) == ("abandoned", "played")
    assert attempt.reason.endswith("(TIMEOUT); the message was played")


@pytest.mark.req("D7")
async def test_a_talk_goes_on_beyond_the_time_in_which_an_agent_had_to_come(lab: Lab, running: Rig):
    await lab.set_talk(4.0, 4.0, ring_s=0.5)
    attempt = await attempt_of(running, Callee.ANSWER, 2, queue_wait_s=2)
    await lab.set_talk(0.2, 0.3, ring_s=0.1)
    assert (attempt.outcome, attempt.message) == ("answered", None)
    assert attempt.ended_at - attempt.connected_at > timedelta(seconds=2.5)


@pytest.mark.req("D7")
async def test_a_key_while_the_message_plays_lists_the_number(lab: Lab, running: Rig):
    for agent in lab.agents:
        await lab.set_agent(agent, Agent.NO_ANSWER)
    document = strategy(call(tries=3, retry_on="abandoned", retry_after="1s"))
    attempt = await attempt_of(running, Callee.OPTS_OUT, 3, document, queue_wait_s=2)  # one attempt: no other try
    assert (attempt.outcome, attempt.message) == ("abandoned", "cut_short")
    entry = await do_not_contact.find(running.ctx, attempt.number, None)
    assert "pressed 9" in entry.reason
    (story,) = await running.stories(attempt.campaign_id)
    (told,) = story.data("opted-out")
    assert (told["node"], told["number"], told["key"]) == ("call", attempt.number, "9")


@pytest.mark.req("D7")
async def test_a_message_that_is_not_there_is_told_of(lab: Lab, running: Rig):
    for agent in lab.agents:
        await lab.pause_agent(agent)
    campaign = await running.campaign([number(Callee.ANSWER, FIRST + 4)], abandoned_message="custom/nowhere")
    await lab.pause_agent(lab.agents[0], paused=False)
    await lab.set_agent(lab.agents[0], Agent.NO_ANSWER)
    await campaigns.edit(running.ctx, campaign, {"queue_wait_s": 1})
    await running.publish(campaign)
    (story,) = await running.done(campaign)
    assert story.attempts[0].message == "failed"
    assert "the message could not be played" in story.attempts[0].reason


def detecting(amd: str = "hang_up", **fields: Any) -> dict[str, Any]:
    return strategy(call(amd=amd, **fields))


@pytest.mark.req("D4")
async def test_a_person_is_told_from_a_machine_and_has_an_agent(lab: Lab, running: Rig):
    attempt = await attempt_of(running, Callee.HELLO, 5, detecting())
    assert (attempt.outcome, attempt.amd_status, attempt.message) == ("answered", "HUMAN", None)
    assert attempt.amd_cause.startswith("HUMAN-")
    assert attempt.agent in {f"PJSIP/{agent}" for agent in lab.agents}


@pytest.mark.req("D4", "S4")
async def test_a_machine_is_hung_up_on_and_no_agent_hears_of_it(lab: Lab, running: Rig):
    before = len(lab.world.agent_calls())
    step = {**call(amd="hang_up"), "out": {"machine": "machine", "otherwise": "end"}}
    ends = {"id": "machine", "type": "end", "fields": {"result": "left for a text"}}
    campaign = await running.campaign([number(Callee.MACHINE, FIRST + 6)], strategy(step, ends))
    await running.publish(campaign)
    (story,) = await running.done(campaign)
    (attempt,) = story.attempts
    assert (attempt.outcome, attempt.amd_status, story.place.result) == ("machine", "MACHINE", "left for a text")
    assert attempt.amd_cause.partition("-")[0] in {"MAXWORDS", "LONGGREETING"}
    assert attempt.ended_at - attempt.answered_at < timedelta(seconds=3), "in the middle of its greeting"
    assert len(lab.world.agent_calls()) == before
    (campaign_meter,) = (m for i, m in running.engine.meters._meters.items() if i == campaign)
    assert campaign_meter.answered_live == 0, "a machine is nobody who was abandoned"


@pytest.mark.req("D4")
async def test_a_message_is_left_after_the_tone(lab: Lab, running: Rig):
    document = detecting("leave_message", machine_message=f"{lab.pbx.folder}/sounds/machine")
    async with lab.recorder() as recorder:
        attempt = await attempt_of(running, Callee.MACHINE, 7, document)
        answered, begun = heard(attempt, recorder.events)
    assert (attempt.outcome, attempt.message) == ("machine", "played")
    tone = next(
        float(line.split("|")[0]) for line in _ledger(lab) if line.split("|")[1:4:2] == ["beep", attempt.number]
    )
    assert begun - answered > tone - attempt.answered_at.timestamp(), "not into the greeting"


@pytest.mark.req("D3", "D4")
async def test_a_machine_stays_one_over_a_restart_of_the_dialer(lab: Lab, tmp_path: Path):
    """What AMD() said is missed then; where the call is in the dialplan tells it."""
    await everybody_answers(lab)
    document = detecting("leave_message", machine_message=f"{lab.pbx.folder}/sounds/machine")
    async with rig(lab, tmp_path, drain_s=0) as before:
        campaign = await before.campaign([number(Callee.MACHINE, FIRST + 12)], document)
        await before.publish(campaign)
        await before.until(lambda: any(one.call.machine for one in before.engine.dialing.tracker), "the verdict")
    async with rig(lab, tmp_path) as after:
        (story,) = await after.done(campaign)
        assert after.engine.meters.of(await campaigns.get(after.ctx, campaign)).answered_live == 0
    assert (story.outcomes, story.attempts[0].message) == (["machine"], "played")


@pytest.mark.req("D4")
async def test_nobody_is_waited_for_while_a_machine_hears_its_message(lab: Lab, running: Rig):
    """One agent, and a machine that hears a message for seconds: a person is called meanwhile."""
    for agent in lab.agents[1:]:
        await lab.pause_agent(agent)
    document = detecting("leave_message", machine_message=f"{lab.pbx.folder}/sounds/machine")
    campaign = await running.campaign([number(Callee.MACHINE, FIRST + 8), number(Callee.HELLO, FIRST + 8)], document)
    await running.publish(campaign)
    machine, person = await running.done(campaign)
    assert [machine.outcomes, person.outcomes] == [["machine"], ["answered"]]
    assert person.attempts[0].started_at < machine.attempts[0].ended_at - timedelta(seconds=2)


@pytest.mark.req("D4", "A6")
async def test_without_the_application_people_are_connected_and_publishing_says_so(lab: Lab, running: Rig):
    """Without its amd.conf app_amd declines to load and counts as loaded all the same: the first call tells."""
    conf = lab.pbx.folder / "etc/amd.conf"
    conf.unlink()
    try:
        await lab.pbx.core_restart()
        await lab.settled()
        await running.until(lambda: running.engine.link.state is LinkState.UP, "the link to Asterisk")
        attempt = await attempt_of(running, Callee.HELLO, 9, detecting())
        assert (attempt.outcome, attempt.amd_status) == ("answered", "UNAVAILABLE")
        other = await running.campaign([number(Callee.HELLO, FIRST + 10)], detecting())
        with pytest.raises(Incomplete, match="app_amd") as refused:
            await running.publish(other)
        assert [fault.field for fault in refused.value.faults] == ["nodes.call.amd"]
    finally:
        conf.touch()
        await lab.pbx.core_restart()
        await lab.settled()


@pytest.mark.req("A6", "D4")
async def test_check_says_what_is_missing_in_asterisk(lab: Lab, running: Rig):
    campaign = await running.campaign([number(Callee.HELLO, FIRST + 11)], detecting())
    await running.publish(campaign)
    await running.done(campaign)
    etc = lab.pbx.folder / "etc"
    kept = {name: (etc / name).read_text() for name in ("modules.conf", "extensions.conf")}
    (etc / "modules.conf").write_text(kept["modules.conf"].replace("load = app_amd.so\n", ""))
    (etc / "extensions.conf").write_text("[dialer]\nexten => _q-.,1,Queue(${EXTEN:2})\n")
    try:
        await lab.pbx.core_restart()
        settings = running.ctx.settings.model_copy(update={"database": DatabaseSettings(url=running.ctx.db.url)})
        found = {finding.what: finding for finding in await checks.run(settings)}
    finally:
        for name, text in kept.items():
            (etc / name).write_text(text)
        await lab.pbx.core_restart()
        await lab.settled()
    assert found["machine detection"].found == "app_amd is not loaded, and Spring tells machines from people"
    assert "amd.conf" in found["machine detection"].remedy
    assert found["dialplan"].found == "context dialer is that of an earlier version"


def _ledger(lab: Lab) -> list[str]:
    return (lab.world.folder / "ledger.log").read_text().splitlines()
