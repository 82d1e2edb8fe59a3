"""Preview mode on the real Asterisk: the agent's telephone first, then the contact's, and both talk."""

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from asterisk.lab.world import Agent
from dialer.engine.desks import Desk
from dialer.engine.held import Held
from dialer.operations import history
from tests.support.invariants import check
from tests.support.rig import Rig

FIRST = 700  # numbers from here on are this file's


async def desk_of(running: Rig, lab: Lab, user: str = "ann", n: int = 0) -> Desk:
    previews = running.engine.previews
    desk = await previews.desks.of(user)
    await previews.choose(desk, f"PJSIP/{lab.agents[n]}")
    previews.get_ready(desk, ready=True)
    return desk


async def offer_to(running: Rig, desk: Desk) -> Held:
    async def offered() -> bool:
        await running.engine.previews.desks.of(desk.user)
        held = running.engine.previews.of(desk)
        return held is not None and held.stage == "offered"

    await running.until(offered, "an offer")
    held = running.engine.previews.of(desk)
    assert held is not None
    return held


@pytest.mark.req("C2", "D1", "D3")
async def test_an_accepted_contact_talks_with_the_agent_who_accepted(lab: Lab, running: Rig):
    await lab.set_talk(1.2, 1.3, ring_s=0.1)
    campaign = await running.campaign([number(Callee.ANSWER, FIRST)], dialing_modes=["preview"])
    await running.publish(campaign)
    desk = await desk_of(running, lab)
    held = await offer_to(running, desk)
    assert running.placed() == [], "nobody is called before the agent says so"
    assert held.offer.agent not in running.engine.agents.free("support", running.ctx.clock())
    await running.engine.previews.accept(desk, held.offer.id)
    (story,) = await running.done(campaign)
    await lab.set_talk(0.2, 0.3, ring_s=0.1)
    (attempt,) = story.attempts
    assert (attempt.outcome, attempt.agent) == ("answered", f"PJSIP/{lab.agents[0]}")
    assert attempt.reason == "talked with an agent"
    assert attempt.connected_at is not None
    kinds = [row["kind"] for row in await history.trail_of(running.ctx, held.request.contact_id, campaign)]
    said = [kind for kind in kinds if kind.startswith(("preview", "call"))]
    assert said[:4] == ["call-queued", "preview-offered", "preview-accepted", "call-dialed"]
    assert {"call-answered", "call-connected", "call-ended"} <= set(said)
    await running.until(lambda: running.engine.previews.of(desk) is None, "the agent to be free again")
    await lab.settled()
    await check(running.ctx.db, settled=True)


@pytest.mark.req("C2", "D3")
async def test_a_contact_who_does_not_answer_lets_the_agent_go(lab: Lab, running: Rig):
    await lab.set_talk(9.0, 9.1, ring_s=0.1)
    campaign = await running.campaign([number(Callee.BUSY, FIRST + 1)], dialing_modes=["preview"])
    await running.publish(campaign)
    desk = await desk_of(running, lab)
    held = await offer_to(running, desk)
    await running.engine.previews.accept(desk, held.offer.id)
    (story,) = await running.done(campaign)
    assert [one.outcome for one in story.attempts] == ["busy"]
    await running.until(lambda: running.engine.previews.of(desk) is None, "the agent to be free again")
    await lab.settled()  # also the agent's own leg is over, long before its talk would have been
    await lab.set_talk(0.2, 0.3, ring_s=0.1)


@pytest.mark.req("C2", "D3")
async def test_nobody_is_called_when_the_agent_does_not_pick_up(lab: Lab, running: Rig):
    await lab.set_agent(lab.agents[0], Agent.BUSY)
    campaign = await running.campaign([number(Callee.ANSWER, FIRST + 2)], dialing_modes=["preview"])
    await running.publish(campaign)
    desk = await desk_of(running, lab)
    held = await offer_to(running, desk)
    await running.engine.previews.accept(desk, held.offer.id)
    await running.until(lambda: desk.told != "", "the agent to be told")
    assert "not picked up" in desk.told
    assert running.placed() == []
    again = await offer_to(running, desk)
    assert (again.request.id, again.offer.id == held.offer.id) == (held.request.id, False)
    await lab.set_agent(lab.agents[0], Agent.ANSWER)
    await running.engine.previews.reject(desk, again.offer.id, "")
    await running.done(campaign)
    assert running.placed() == []
