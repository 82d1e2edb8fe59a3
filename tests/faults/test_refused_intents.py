"""A campaign that is stopped and published again before the stop has reached a contact whose call was about to be committed."""

from pathlib import Path
from typing import Any

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from dialer.domain.transitions import CampaignStatus
from dialer.operations import attempts
from dialer.store import campaigns
from tests.support.invariants import check
from tests.support.rig import rig


@pytest.mark.req("C6", "C8", "D3")
async def test_a_call_that_was_refused_its_intent_is_made_later(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its claim was held by a node whose hopper it had left: nobody would have called before the next restart."""
    intend, refused = attempts.intend, 0

    async with rig(lab, tmp_path) as running:

        async def set_status(campaign_id: int, status: CampaignStatus) -> None:
            async with running.ctx.db.write() as tx:
                assert await campaigns.set_status(tx, campaign_id, status, running.ctx.clock())

        async def intend_while_stopped(*arguments: Any) -> set[str]:
            nonlocal refused
            monkeypatch.undo()
            await set_status(campaign, CampaignStatus.UNPUBLISHED)
            going = await intend(*arguments)
            await set_status(campaign, CampaignStatus.PUBLISHED)
            refused += not going
            return going

        monkeypatch.setattr(attempts, "intend", intend_while_stopped)
        campaign = await running.campaign([number(Callee.ANSWER, 0)])
        await running.publish(campaign)
        (story,) = await running.done(campaign, 90)
        assert (refused, story.outcomes, len(running.placed())) == (1, ["answered"], 1)
        await check(running.ctx.db, settled=True)
