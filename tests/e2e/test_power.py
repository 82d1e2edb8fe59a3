"""Power mode on the real Asterisk: one call for each agent until enough is known, then more lines, and few abandoned."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.ledger import Placed
from asterisk.lab.numbers import Callee, number
from tests.support.invariants import check
from tests.support.rig import everybody_answers, rig

FIRST = 700  # numbers from here on are this file's
# Of seven people one answers: the meter has room for one abandoned call when 34 have.
ANSWER, REJECT = 50, 300
# At the end, so that their calls are on their way together once more lines may be.
RING = 16


def people() -> list[str]:
    every = ANSWER + REJECT
    quick = [Callee.ANSWER if i % (every // ANSWER) == 0 else Callee.REJECTED for i in range(every)]
    return [number(callee, FIRST + i) for i, callee in enumerate([*quick, *[Callee.NO_ANSWER] * RING])]


def most_at_once(calls: Iterable[Placed]) -> int:
    """Of calls that nobody has answered yet."""
    ends = [(call.answered_at or call.ended_at or call.at, -1) for call in calls]
    going = most = 0
    for _, change in sorted([(call.at, 1) for call in calls] + ends):
        going += change
        most = max(most, going)
    return most


@pytest.mark.req("D8", "D7", "D1")
async def test_more_lines_than_agents_once_enough_is_known_and_few_are_abandoned(lab: Lab, tmp_path: Path):
    await everybody_answers(lab)
    async with rig(lab, tmp_path) as running:
        campaign = await running.campaign(people(), dialing_modes=["power"], lines_per_agent=3.0)
        await running.publish(campaign)
        board, decisions = running.engine.dialing.board, running.engine.dialing.decisions

        def opened() -> bool:
            power = decisions.power(board.campaigns[campaign], running.ctx.clock())
            return power is not None and power.held is None

        await running.until(opened, "enough to be known", timeout_s=200)
        progressive = running.placed()
        found = await running.done(campaign, timeout_s=200)
        calls = running.placed()
        assert most_at_once(progressive) <= len(lab.agents)
        assert most_at_once(calls[len(progressive) :]) > len(lab.agents)
        assert max(Counter(call.number for call in calls).values()) == 1
        ended = [story.attempts[0] for story in found]
        outcomes = Counter(attempt.outcome for attempt in ended)
        assert (outcomes["rejected"], outcomes["no_answer"]) == (REJECT, RING)
        assert outcomes["answered"] + outcomes["abandoned"] == ANSWER
        assert outcomes["abandoned"] <= 2  # the meter closes after one; another may be on its way by then
        assert all(attempt.message for attempt in ended if attempt.outcome == "abandoned")
        await check(running.ctx.db, settled=True)
