"""A running campaign whose strategy is deployed again and again, while it is stopped, edited, joined, erased and killed.

Calls, texts and webhooks are under way meanwhile. The records of the world, the SMSC and the receiver, which the server can't
touch, are compared with the store.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import Table, select

from asterisk.lab.lab import Lab
from asterisk.lab.numbers import Callee, number
from dialer.store import tables
from dialer.store.types import AnyRow
from sms.lab.smsc import Smsc
from tests.support.databases import opened
from tests.support.invariants import check, states
from tests.support.receiver import Receiver, receiver
from tests.support.server import Server
from tests.support.waiting import until

MIX = (Callee.BUSY, Callee.REJECTED, Callee.ANSWER, Callee.INVALID, Callee.TALK, Callee.CONGESTION, Callee.BUSY_ONCE)
CONTACTS, EDITS, KILLS = 20, 40, 2
HOOKS = {"DIALER_WEBHOOKS__ALLOWED_HOSTS": '["127.0.0.1"]', "DIALER_WEBHOOKS__ALLOW_PRIVATE": "true"}
# What a step is, mostly: now and then its id comes back as a step of another type.
KINDS = {"a": "webhook", "b": "call", "c": "wait", "d": "sms", "e": "branch", "f": "wait", "g": "webhook", "h": "call"}
STEPS: dict[str, dict[str, Any]] = {
    "webhook": {"timeout_s": 1, "body": '{"n": "{{name}}"}', "save_as": "plan"},
    "call": {"ring_s": 5, "retry_after": "0s", "retry_on": "busy, no_answer, lost"},
    "wait": {"duration": "1s"},
    "sms": {"text": "{{first_name}}", "timeout": "1s"},
    "branch": {"on": "last.outcome", "rules": [{"op": "contains", "value": "o"}]},
}
PORTS = {
    "webhook": ("ok", "error"), "call": ("answered", "otherwise"), "wait": ("next",), "sms": ("otherwise",),
    "branch": ("rule1", "otherwise"),
}  # fmt: skip


def strategy(chance: random.Random, hooks: str) -> dict[str, Any]:
    """Steps that lead to later ones; a wait may lead back."""
    ids = [step for step in KINDS if chance.random() < 0.8] or ["a"]
    nodes = [_step(chance, step, ids, hooks) for step in ids]
    rule = chance.choice(["not_started", *["next_step"] * 4, "keep"])
    start = {"id": "in", "type": "contact-in", "fields": {"max_visits": 3, "max_attempts": 4, "on_edit": rule}}
    first = {**start, "out": {"next": chance.choice(ids[:2])}}
    return {"format": "campaign-strategy/1", "name": "", "nodes": [first, *nodes, {"id": "end", "type": "end"}]}


def _step(chance: random.Random, step: str, ids: list[str], hooks: str) -> dict[str, Any]:
    kind = KINDS[step] if chance.random() < 0.8 else chance.choice(list(STEPS))
    fields = dict(STEPS[kind])
    if kind == "webhook":
        fields["url"] = f"{hooks}/{step}"
    elif kind == "call":
        fields["tries"] = chance.choice([1, 2])
    elif kind == "sms":
        fields["until"] = chance.choice(["accepted", "delivered", "replied"])
    later = [*(other for other in ids if other > step), "end"][:2]  # long ways: there is time for another version
    out = {port: chance.choice(later) for port in PORTS[kind]}
    if kind == "wait" and chance.random() < 0.5:
        out["next"] = chance.choice([other for other in ids if other <= step])
    return {"id": step, "type": kind, "fields": fields, "out": out}


def moody(chance: random.Random) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A receiver that answers, waits, hangs, fails, leads elsewhere, lies about its length and hangs up."""

    async def answering(request: web.Request) -> web.StreamResponse:
        mood = chance.choice(["fine", "fine", "slow", "hangs", "fails", "leads", "lies", "leaves"])
        if mood in {"slow", "hangs"}:
            await asyncio.sleep(0.5 if mood == "slow" else 5)
        if mood in {"lies", "leaves"} and request.transport is not None:
            request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc" if mood == "lies" else b"")
            request.transport.close()
        headers = {"Location": "http://169.254.169.254/"} if mood == "leads" else {}
        return web.Response(status={"fails": 500, "leads": 302}.get(mood, 200), text="gold", headers=headers)

    return answering


class Restless:
    """One edit after the other, each at random; what the server, which may be down, answers to it does not matter."""

    def __init__(self, server: Server, campaign: int, chance: random.Random, hooks: str) -> None:
        self._server, self._chance, self._hooks = server, chance, hooks
        self._path, self._answered = f"/campaigns/{campaign}", 0
        self._edits = (*[self._deploy] * 4, self._pause, self._expire, self._join, self._erase)

    async def run(self, answers: int) -> None:
        """Until so many were answered."""
        self._answered = 0
        while self._answered < answers:
            await self._chance.choice(self._edits)()
            await asyncio.sleep(self._chance.random() * 0.2)

    async def ask(self, method: str, path: str, **request: Any) -> None:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            status, body = await self._server.call(method, path, **request)
            assert status < 500, (method, path, body)
            self._answered += 1

    async def _deploy(self) -> None:
        await self.ask("PUT", f"{self._path}/strategy", json=strategy(self._chance, self._hooks))

    async def _pause(self) -> None:
        await self.ask("POST", f"{self._path}/unpublish")
        await asyncio.sleep(self._chance.random() * 0.3)
        await self.ask("POST", f"{self._path}/publish")

    async def _expire(self) -> None:
        for until_ in (datetime.now(UTC) + timedelta(seconds=0.1), None):
            validity = {"from": None, "until": until_ and until_.isoformat()}
            await self.ask("PATCH", self._path, json={"validity": validity})
            await asyncio.sleep(self._chance.random() * 0.4)

    async def _join(self) -> None:
        """One contact with the numbers of two: they turn out to be one person."""
        numbers = self._chance.sample([number(MIX[i % len(MIX)], i) for i in range(CONTACTS)], 2)
        addresses = [{"channel": "voice", "address": one} for one in numbers]
        await self.ask("POST", f"{self._path}/contacts", json={"addresses": addresses})

    async def _erase(self) -> None:
        await self.ask("DELETE", f"/contacts/{self._chance.randrange(1, CONTACTS)}")


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.mark.req("C6", "C8", "D3", "K2", "K11", "M4", "S3", "S4")
@pytest.mark.parametrize("seed", [5])
async def test_nobody_is_lost_and_nothing_is_sent_twice(
    lab: Lab, smsc: Smsc, there: Receiver, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    there.answering = moody(random.Random(seed))
    server = Server(tmp_path, lab, **HOOKS)
    await server.start()
    try:
        numbers = [number(MIX[i % len(MIX)], i) for i in range(CONTACTS)]
        campaign = await server.campaign(lab, numbers, strategy(chance, there.url), smsc_port=smsc.port)
        await server.ok("POST", f"/campaigns/{campaign}/publish")
        editing = [Restless(server, campaign, random.Random(seed + n), there.url).run(EDITS // 2) for n in (1, 2)]
        await asyncio.gather(*editing, _kill(server, chance))
        there.answering = None
        last = Restless(server, campaign, chance, there.url)
        await last.ask("PATCH", f"/campaigns/{campaign}", json={"validity": {"from": None, "until": None}})
        await last.ask("POST", f"/campaigns/{campaign}/publish")
        async with opened(server.url) as db:

            async def over() -> bool:
                return set(await states(db, campaign)) == {"done"}

            await until(over, f"every contact to be done; {server.log}", 90, every_s=0.2)
            await check(db, settled=True)
            async with db.read() as tx:
                found = {table.name: list(await tx.execute(select(table).order_by(table.c.id))) for table in _TABLES}
                versions = {row.version: row.document for row in await tx.execute(select(tables.strategy_version))}
    finally:
        await server.stop()
    _assert_told(found, Counter(p.number for p in lab.ledger()), Counter(s.destination for s in smsc.ledger()), there)
    _assert_followed(found["trail"], versions)
    assert "step_missing" not in {row.data["result"] for row in found["trail"] if row.kind == "finished"}
    assert "Traceback" not in server.words()


_TABLES: tuple[Table, ...] = (tables.attempt, tables.message, tables.contact_request, tables.trail)


async def _kill(server: Server, chance: random.Random) -> None:
    for _ in range(KILLS):
        await asyncio.sleep(1 + chance.random() * 2)
        await server.kill()
        await server.start()


def _assert_told(found: dict[str, list[AnyRow]], called: Counter[str], texted: Counter[str], there: Receiver) -> None:
    """The store knows of everything that was sent, once; the numbers of who was erased are gone from it."""
    calls = Counter(row.number for row in found["attempt"])
    assert (called - calls).total() <= calls[""], (called - calls, calls[""])
    texts = Counter(row.address.removeprefix("+") for row in found["message"])
    assert (texted - texts).total() <= texts[""], (texted - texts, texts[""])
    once = Counter(
        (r.enrollment_id, r.channel, r.node, r.visit, r.try_no) for r in found["contact_request"] if _sent(r)
    )
    assert not [key for key, times in once.items() if times > 1]
    erased = {row.contact_id for row in found["trail"] if row.kind == "erased"}
    known = {str(row.id) for row in found["contact_request"] if row.contact_id not in erased}
    sent = Counter(str(row.data["key"]) for row in found["trail"] if row.kind == "webhook-sending")
    assert not Counter(one.key for one in there.received if one.key in known) - sent


def _sent(request: AnyRow) -> bool:
    """Those of a place that was folded into another (`store/joins.py`) have keys of their own."""
    return request.state in {"dispatched", "completed"} and request.requeue_no < 1000


def _assert_followed(trail: list[AnyRow], versions: dict[int, Any]) -> None:
    """Each step is one of its version, and who is done stays done (I6)."""
    steps = {version: {node["id"] for node in document["nodes"]} for version, document in versions.items()}
    several = {row.contact_id for row in trail if row.kind in {"joined", "erased"}}
    assert all(row.data["node"] in steps[row.data["version"]] for row in trail if row.kind == "step")
    finished: set[int] = set()
    for row in trail:
        if row.kind in {"step", "finished"} and row.contact_id not in several:
            assert row.contact_id not in finished, row
            finished |= {row.contact_id} if row.kind == "finished" else set()
