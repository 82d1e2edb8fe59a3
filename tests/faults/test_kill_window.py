"""`kill -9` of the server and of the SMSC, by turns, while a window of texts is under way.

A few in `make test`; `WINDOW_KILLS=200` for many.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee
from sms.lab.smsc import Smsc
from tests.support.rig import strategy, text
from tests.support.server import Server
from tests.support.truth import done, people
from tests.support.waiting import until

KILLS = int(os.environ.get("WINDOW_KILLS", "6"))
WINDOW = 10  # of the gateway, as it is when nothing is set
ANSWER_S = 0.3  # after which the SMSC answers a submit
TEXTS = 30  # for each kill, so that there is always something to send


@pytest.fixture
async def server(tmp_path: Path, lab: Lab) -> AsyncIterator[Server]:
    made = Server(tmp_path, lab)
    await made.start()
    yield made
    await made.stop()


@pytest.mark.timeout(240 + 30 * KILLS)
@pytest.mark.req("M3", "M4", "D3")
async def test_killed_in_mid_window_no_text_is_sent_twice_and_none_is_forgotten(lab: Lab, server: Server, smsc: Smsc):
    """By the SMSC's ledger, into which each submit is written before it is answered."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # noqa: T201  (pytest shows it when the test fails)
    chance = random.Random(seed)
    await smsc.set(answer_delay_ms=1000 * ANSWER_S)
    kills: list[float] = []
    numbers = people(TEXTS * KILLS, (Callee.ANSWER,))
    campaign = await server.campaign(lab, numbers, strategy(text()), smsc_port=smsc.port)
    await server.ok("POST", f"/campaigns/{campaign}/publish")
    for turn in range(KILLS):
        before = len(smsc.ledger())
        assert before < len(numbers), "nothing is left to be killed in the middle of"
        await until(lambda b=before: len(smsc.ledger()) > b, f"a text after kill {turn}", 60)  # type: ignore[misc]
        await asyncio.sleep(chance.random() * 0.4)
        side: Server | Smsc = (server, smsc)[turn % 2]
        kills.append(time.time())
        await side.kill()
        await side.start()
    await smsc.set(answer_delay_ms=0)
    found = await done(server, campaign, 120 + KILLS)
    sent = Counter(row.destination for row in smsc.ledger())
    assert set(sent.values()) == {1}, f"somebody got a text twice: {sent.most_common(3)}"
    assert set(sent) <= {story.number.removeprefix("+") for story in found}
    # A signal takes its time on a busy machine.
    unanswered = {row.destination for row in smsc.ledger() if any(at - ANSWER_S + 0.1 < row.at < at for at in kills)}
    assert unanswered, "no kill hit a text on its way"
    lost = 0
    for story in found:
        (status,) = story.statuses
        assert status in {"submitted", "delivered", "lost"}, story
        assert status == "lost" or sent[story.number.removeprefix("+")] == 1, story
        assert status == "lost" or story.number.removeprefix("+") not in unanswered, story
        assert story.kinds.count("finished") == 1
        lost += status == "lost"
    assert lost <= KILLS * WINDOW, "at most what was under way"
    print(f"{KILLS} kills, {sum(sent.values())} texts at the SMSC of {len(found)}, {lost} lost")  # noqa: T201
