"""`kill -9` between the commit of an event and its sending, and after it: each is delivered at least once, by one id."""

import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee
from dialer.store import tables
from tests.support.failpoints import ENVIRONMENT, WEB_POINTS
from tests.support.receiver import receiver
from tests.support.rig import call, strategy
from tests.support.server import Server
from tests.support.truth import done, people
from tests.support.waiting import until

CONTACTS = 300  # of whom each life may take dozens before it is killed
KILLED, REACHED_S = -9, 40.0
POINTS = ("call-outcome:before", "call-outcome:after", *WEB_POINTS, "web-send:before", "web-send:after")


@pytest.mark.req("A5", "A6")
async def test_whatever_is_killed_every_event_is_delivered_by_one_id(lab: Lab, tmp_path: Path) -> None:
    allowed = {"DIALER_WEBHOOKS__ALLOWED_HOSTS": '["127.0.0.1"]', "DIALER_WEBHOOKS__ALLOW_PRIVATE": "true"}
    server = Server(tmp_path, lab, module="tests.support.failpoints", **allowed)
    await server.start()
    async with receiver() as there:
        events = ["attempt.outcome", "campaign.status", "request.dispatched"]
        await server.ok("POST", "/webhooks", json={"name": "all", "url": there.url, "events": events})
        campaign = await server.campaign(lab, people(CONTACTS, (Callee.BUSY,)), strategy(call()))
        await server.ok("POST", f"/campaigns/{campaign}/publish")
        await server.kill()
        for point in POINTS:
            await server.spawn(**{ENVIRONMENT: f"{point} 3"})
            assert await server.ended(REACHED_S) == KILLED, f"{point}: {server.log}"
        await server.start()
        await done(server, campaign, 90)

        async def all_told() -> bool:
            found = await server.ok("GET", "/webhooks/1/deliveries?filter=state:ne:delivered")
            return bool(found["total"] == 0)

        await until(all_told, "every delivery", 90)
        async with server.context() as ctx, ctx.db.read() as tx:
            kept = {row.event_id: row.payload for row in await tx.execute(select(tables.webhook_delivery))}
            ended = [row.id for row in await tx.execute(select(tables.attempt.c.id))]
        await server.stop()
    received = Counter(one.key for one in there.received)
    assert set(received) == set(kept), "nothing is lost, and nothing is told that was not kept"
    assert all(json.loads(one.body)["id"] == one.key for one in there.received)
    outcomes = [body["data"]["attempt"] for body in kept.values() if body["type"] == "attempt.outcome"]
    assert sorted(outcomes) == sorted(ended), "each call's end is told by one event"
    assert sum(received.values()) > len(kept), "what was answered and not recorded came again: the test killed in time"
