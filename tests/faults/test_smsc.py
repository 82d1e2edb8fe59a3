"""The SMSC dies while texts are on their way to it, and comes back: texts wait for it, and none is sent twice."""

import asyncio
from collections import Counter
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee
from sms.lab.smsc import Smsc
from tests.support.rig import strategy, text
from tests.support.server import Server
from tests.support.truth import done, people
from tests.support.waiting import until

CONTACTS, WINDOW = 120, 10
GONE_S = 3.0


@pytest.mark.req("M1", "M4")
async def test_gone_and_back_in_the_middle(lab: Lab, smsc: Smsc, tmp_path: Path) -> None:
    server = Server(tmp_path, lab)
    try:
        await server.start()
        await smsc.set(answer_delay_ms=100)
        numbers = people(CONTACTS, (Callee.BUSY,))
        campaign = await server.campaign(lab, numbers, strategy(text()), smsc_port=smsc.port)
        await server.ok("POST", f"/campaigns/{campaign}/publish")
        await until(lambda: len(smsc.ledger()) >= 20, "twenty texts")
        await smsc.kill()
        await until(lambda: _is_down(server), "it to notice")
        await asyncio.sleep(GONE_S)
        assert (await server.ok("GET", f"/campaigns/{campaign}"))["contacts"]["pending"] > 0, "the others wait"
        await smsc.start()
        found = await done(server, campaign, 150)
        assert "Traceback" not in server.words()
    finally:
        await server.stop()
    texted, statuses = Counter(s.destination for s in smsc.ledger()), Counter(o for s in found for o in s.statuses)
    assert set(texted.values()) == {1}
    assert statuses["lost"] <= WINDOW, "what was under way"
    for story in found:
        (status,) = story.statuses
        assert status == "lost" or texted[story.number.removeprefix("+")] == 1, story


async def _is_down(server: Server) -> bool:
    async with aiohttp.ClientSession() as http, http.get(f"{server.address}/metrics") as answer:
        return 'dialer_gateway_up{gateway="smsc",kind="sms"} 0.0' in await answer.text()


@pytest.mark.req("M4", "A6")
async def test_a_test_message_whose_server_dies_is_lost_and_not_sent_again(
    lab: Lab, smsc: Smsc, tmp_path: Path
) -> None:
    server = Server(tmp_path, lab)
    path = "/gateways/smsc/test"
    try:
        await server.start()
        await server.add_gateways(lab, smsc.port)
        await smsc.set(answer=False)

        async def taken() -> bool:
            status, _ = await server.call("POST", path, json={"number": "+491701234567", "text": "Hello"})
            return status == 202

        await until(taken, "the bind")
        await until(lambda: len(smsc.ledger()) == 1, "the submit")
        await server.kill()
        await smsc.set(answer=True)
        await server.start()
        await until(partial(_became, server, "lost"), "it to be lost")
        await until(taken, "the bind")
        await until(partial(_became, server, "delivered"), "the receipt of the next one")
    finally:
        await server.stop()
    assert len(smsc.ledger()) == 2, "one for each that was asked for"


async def _became(server: Server, status: str) -> bool:
    """Of the newest test message."""
    return bool((await server.ok("GET", "/gateways/smsc/tests"))["items"][0]["status"] == status)
