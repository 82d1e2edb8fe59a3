"""A node is killed and never comes back: another one over the same database ends what it had under way."""

from collections import Counter
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from sms.lab.smsc import Smsc
from tests.support.databases import opened
from tests.support.invariants import check
from tests.support.rig import call, strategy, text
from tests.support.server import Server
from tests.support.stories import count_states, stories
from tests.support.waiting import until

LEASE_S = "5"  # the least: taken over after three


@pytest.mark.req("A6", "D3", "M4")
async def test_its_calls_get_their_outcome_and_its_texts_are_lost(lab: Lab, smsc: Smsc, tmp_path: Path) -> None:
    """One talks until after the other node has taken over, one is over before, and one text is never answered."""
    await smsc.set(answer=False)
    await lab.world.set_callees(ring_s=0.2, talk_s=(25, 25))
    await lab.set_talk(25, 25)
    talks, over, texted = number(Callee.INSTANT, 0), number(Callee.NO_ANSWER, 0), number(Callee.BUSY, 0)
    first = Server(tmp_path, lab, DIALER_NODE="first", DIALER_CALLS__LEASE_S=LEASE_S)
    other = Server(tmp_path, lab, url=first.url, DIALER_NODE="other", DIALER_CALLS__LEASE_S=LEASE_S)
    await first.start()
    try:
        document = strategy(call("text", ring_s=5), text())
        campaign = await first.campaign(lab, [talks, over, texted], document, smsc_port=smsc.port)
        await first.ok("POST", f"/campaigns/{campaign}/publish")
        await until(lambda: len(lab.ledger()) == 3 and len(smsc.ledger()) == 1, "two calls and a text to be under way")
        await first.kill()
        other._token = first._token
        await other.start()
        async with opened(first.url) as db:

            async def done() -> bool:
                return set(await count_states(db, campaign)) == {"done"}

            await smsc.set(answer=True)
            await until(done, f"every contact to be done; {other.log}", 60, every_s=0.2)
            await check(db, settled=True)
            found = {story.number: story for story in await stories(db, campaign)}
    finally:
        await first.stop()
        await other.stop()
    assert found[talks].outcomes == ["answered"]
    assert found[talks].attempts[0].dialer_node == "other"
    assert found[over].outcomes == ["lost"]
    assert (found[texted].outcomes, found[texted].statuses) == (["busy"], ["lost"])
    assert Counter(placed.number for placed in lab.ledger()) == {talks: 1, over: 1, texted: 1}
    assert Counter(sent.destination for sent in smsc.ledger())[texted.removeprefix("+")] == 1
