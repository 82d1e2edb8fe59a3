"""What a campaign leaves in the log: a line for each outcome, with the ids by which it is found, and no personal data."""

import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from sms.lab.smsc import Smsc
from tests.support.rig import call, strategy, text
from tests.support.server import Server
from tests.support.waiting import until

NUMBERS = [number(Callee.ANSWER, 1), number(Callee.ANSWER, 2), number(Callee.BUSY, 3)]


def lines(server: Server, *events: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in server.words().splitlines()]
    return [line for line in found if line["event"] in events]


@pytest.mark.req("A4")
async def test_each_outcome_has_a_line_with_its_ids(lab: Lab, smsc: Smsc, tmp_path: Path) -> None:
    server = Server(tmp_path, lab, DIALER_LOG__FORMAT="json")
    await server.start()
    try:
        document = strategy(call("text"), text("delivered"))
        campaign = await server.campaign(lab, NUMBERS, document, smsc_port=smsc.port)
        await server.ok("POST", f"/campaigns/{campaign}/publish")
        await until(
            lambda: len(lines(server, "text_status")) == 2 and len(lines(server, "call_ended")) == 3,
            "all to be called, and one text to be submitted and delivered",
        )
        attempts = (await server.ok("GET", "/attempts"))["items"]
        await server.signal(signal.SIGTERM)
        assert await server.ended() == 0
    finally:
        await server.stop()
    ended = lines(server, "call_ended")
    assert Counter(line["outcome"] for line in ended) == {"answered": 2, "busy": 1}
    assert {(one["id"], one["contact_id"]) for one in attempts} == {
        (line["attempt"], line["contact"]) for line in ended
    }
    texts = lines(server, "text_status")
    assert Counter(line["status"] for line in texts) == {"submitted": 1, "delivered": 1}
    assert {one["contact"] for one in texts} == {one["contact"] for one in ended if one["outcome"] == "busy"}
    for line in (*ended, *texts):
        assert line["campaign"] == campaign
        assert line["level"] == "info"
        assert {"request", "step", "timestamp"} <= line.keys()
        assert ("attempt" in line) != ("message" in line)
    told = [json.loads(line) for line in server.words().splitlines()]
    assert [line["event"] for line in told if line["level"] in {"warning", "error"}] == [], "a stop is no trouble"
    for personal in (*NUMBERS, *(phone[1:] for phone in NUMBERS), "Hello"):
        assert personal not in server.words()
