"""What must have become of people whom a server called and texted: by the records of the world and of the SMSC."""

from collections import Counter

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, behaviour_of, number
from sms.lab.smsc import Smsc
from tests.support.databases import opened
from tests.support.invariants import check
from tests.support.server import Server
from tests.support.stories import Story, count_states, stories
from tests.support.waiting import until

# What a callee's call must have come to, unless it is lost.
OUTCOMES = {
    Callee.ANSWER: "answered", Callee.TALK: "answered", Callee.INSTANT: "answered", Callee.BUSY: "busy",
    Callee.REJECTED: "rejected", Callee.CONGESTION: "congestion", Callee.INVALID: "invalid_number",
}  # fmt: skip
MIX = (Callee.ANSWER, Callee.BUSY, Callee.TALK, Callee.REJECTED, Callee.ANSWER, Callee.CONGESTION, Callee.INVALID)


def people(many: int, mix: tuple[Callee, ...] = MIX) -> list[str]:
    """Numbers of callees who behave as in the mix, in turns."""
    return [number(mix[i % len(mix)], i) for i in range(many)]


async def done(server: Server, campaign: int, timeout_s: float) -> list[Story]:
    """Wait until every contact is done, looking at the store from outside."""
    async with opened(server.url) as db:

        async def over() -> bool:
            return set(await count_states(db, campaign)) == {"done"}

        await until(over, f"every contact to be done; {server.log}", timeout_s, every_s=0.2)
        await check(db, settled=True)
        return await stories(db, campaign)


def assert_called_and_texted(found: list[Story], lab: Lab, smsc: Smsc) -> int:
    """Each once at most, and the store says of everybody what the world saw, or that it does not know; how often that."""
    called, texted = Counter(p.number for p in lab.ledger()), Counter(s.destination for s in smsc.ledger())
    assert set(called.values()) == {1}, f"somebody was called twice: {called.most_common(3)}"
    assert set(texted.values()) == {1}, f"somebody got a text twice: {texted.most_common(3)}"
    assert set(called) <= {story.number for story in found}
    for story in found:
        _assert_true(story, called, texted)
    return Counter(o for s in found for o in (*s.outcomes, *s.statuses))["lost"]


def _assert_true(story: Story, called: Counter[str], texted: Counter[str]) -> None:
    (outcome,) = story.outcomes
    assert outcome in {OUTCOMES[behaviour_of(story.number)], "lost"}, story
    assert outcome == "lost" or called[story.number] == 1, story
    assert len(story.messages) == (outcome != "answered"), story
    sent = texted[story.number.removeprefix("+")] == 1
    assert sent or set(story.statuses) <= {"lost"}, story
    assert story.kinds.count("finished") == 1
