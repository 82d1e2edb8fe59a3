"""The engine in this process, over a real Asterisk and a real store: what the end-to-end tests drive and look at."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asterisk.lab.ami import AmiAddress
from asterisk.lab.lab import Lab
from asterisk.lab.ledger import Placed
from asterisk.lab.world import Agent
from config.settings import Settings
from dialer.ami.states import LinkState
from dialer.domain.contact import Address, NewContact
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.transitions import SourceState
from dialer.engine.engine import Engine
from dialer.operations import campaigns, contacts, strategies
from dialer.operations.context import Context
from dialer.store import gateways, sources
from dialer.store.database import Database
from dialer.store.migrate import upgrade
from sms.lab.smsc import Smsc
from tests.support.databases import SQLITE, made_ready
from tests.support.stories import Story, count_states, stories
from tests.support.waiting import until

RING_S = 5  # the least that a call step allows


@dataclass
class Rig:
    """A running engine with a `world` trunk, a `dead` one, a `missing` one, and an `smsc` if there is one."""

    lab: Lab
    ctx: Context
    engine: Engine
    running: "asyncio.Task[None]"
    _before: int = field(init=False)

    def __post_init__(self) -> None:
        self._before = len(self.lab.ledger())

    @property
    def calls(self) -> int:
        """Calls that have not been recorded as ended."""
        return self.engine.dialing.tracker.number_of_calls

    def placed(self) -> list[Placed]:
        """What reached the world since this rig runs, by the world's own record."""
        return self.lab.ledger()[self._before :]

    async def campaign(self, numbers: Sequence[str], document: Mapping[str, Any] | None = None, **fields: Any) -> int:
        """An unpublished campaign with a contact for each number, in this order."""
        complete = {"title": "Spring", "queue": "support", "voice_gateway": "world", "time_zone": "UTC"}
        made = await campaigns.create(self.ctx, {**complete, **fields})
        await strategies.deploy(self.ctx, made.id, document or strategy(call()))
        async with self.ctx.db.write() as tx:
            source_id = await sources.add(tx, made.id, "rest", "test", self.ctx.clock(), state=SourceState.DONE)
            loaded = await contacts.load(tx, made.id, source_id, list(_people(numbers)), self.ctx.clock())
        assert loaded.created == len(numbers), loaded
        return made.id

    async def publish(self, campaign_id: int) -> None:
        await campaigns.publish(self.ctx, campaign_id)

    async def stories(self, campaign_id: int) -> list[Story]:
        return await stories(self.ctx.db, campaign_id)

    async def until(self, condition: Any, what: str, timeout_s: float = 90.0, *, every_s: float = 0.02) -> float:
        """As `waiting.until`; an engine that died is said at once."""

        async def holds() -> bool:
            if self.running.done():
                self.running.result()
                raise AssertionError("the engine has ended")
            answer = condition()
            return bool(await answer) if asyncio.iscoroutine(answer) else bool(answer)

        return await until(holds, what, timeout_s, every_s=every_s)

    async def done(self, campaign_id: int, timeout_s: float = 90.0) -> list[Story]:
        """Wait until every contact is done."""

        async def over() -> bool:
            return set(await count_states(self.ctx.db, campaign_id)) == {"done"}

        await self.until(over, "every contact to be done", timeout_s, every_s=0.1)
        return await self.stories(campaign_id)

    async def idle(self, timeout_s: float = 90.0) -> None:
        """Wait until every call that was begun is recorded."""
        await self.until(lambda: self.calls == 0, "the calls in flight to end", timeout_s)


async def everybody_answers(lab: Lab) -> None:
    """Every agent takes calls, and nothing of an earlier test is left."""
    for agent in lab.agents:
        await lab.set_agent(agent, Agent.ANSWER)
        await lab.pause_agent(agent, paused=False)
    await lab.settled()


@asynccontextmanager
async def rig(
    lab: Lab, folder: Path, *, url: str = "", smsc: Smsc | None = None, ami: AmiAddress | None = None, **calls: Any
) -> AsyncIterator[Rig]:
    """`ami`: another way to the lab's PBX, such as a proxy. `calls`: settings of that section."""
    url = url or f"{SQLITE}{folder}/dialer.db"
    await made_ready(url)
    ctx = Context(Database(url), _settings(lab, folder, ami, calls))
    try:
        await upgrade(ctx.db)
        await _add_gateways(ctx, lab, smsc)
        engine = Engine(ctx)
        made = Rig(lab, ctx, engine, asyncio.create_task(engine.run(), name="engine"))
        try:
            await made.until(lambda: engine.link.state is LinkState.UP, "the link to Asterisk")
            yield made
        finally:
            engine.stop()
            await made.running
    finally:
        await ctx.db.close()


def strategy(*nodes: Mapping[str, Any]) -> dict[str, Any]:
    """A strategy that enters the first of these nodes and has the step `end`."""
    nodes = ({"id": "in", "type": "contact-in", "out": {"next": nodes[0]["id"]}}, *nodes, {"id": "end", "type": "end"})
    filled = [{"name": "", "x": 0, "y": 0, "fields": {}, "out": {}, **node} for node in nodes]
    return {"format": "campaign-strategy/1", "name": "test", "nodes": filled}


def call(otherwise: str = "end", **fields: Any) -> dict[str, Any]:
    """A call step that ends when answered, and else goes to `otherwise`."""
    return {
        "id": "call", "type": "call", "fields": {"ring_s": RING_S, **fields},
        "out": {"answered": "end", "otherwise": otherwise},
    }  # fmt: skip


def text(until_: str = "accepted", **fields: Any) -> dict[str, Any]:
    """A text step that leads to the end."""
    return {
        "id": "text", "type": "sms", "fields": {"text": "Hello {{first_name}}", "until": until_, **fields},
        "out": {"otherwise": "end"},
    }  # fmt: skip


def _people(numbers: Sequence[str]) -> Iterable[NewContact]:
    for i, number in enumerate(numbers):
        yield NewContact(first_name=f"P{i}", addresses=(Address(number, voice=True, sms=True),))


def _settings(lab: Lab, folder: Path, ami: AmiAddress | None, calls: Mapping[str, Any]) -> Settings:
    address = ami or lab.pbx.ami
    return Settings(
        ami={
            "host": address.host,
            "port": address.port,
            "username": lab.pbx.ami.username,
            "secret": lab.pbx.ami.secret,
        },
        calls={"drain_s": 10, "no_answer_limit": 0, **calls},  # agents of the lab leave calls ringing on purpose
        data_dir=folder / "data",
        node="test",
    )  # type: ignore[arg-type]  # fmt: skip  (pydantic reads the sections from mappings)


async def _add_gateways(ctx: Context, lab: Lab, smsc: Smsc | None) -> None:
    trunks = {"world": lab.trunk_dial, "dead": lab.dead_dial, "missing": lab.missing_dial}
    async with ctx.db.write() as tx:
        if await gateways.get(tx, "world") is not None:
            return
        for name, dial in trunks.items():
            # Tests of outcomes want every call of a trunk that fails to be made.
            after = 5 if name == "world" else 0
            await gateways.add(tx, name, VoiceGateway(name=name, dial=dial, breaker_after=after), ctx.clock())
        if smsc is not None:
            account = SmsGateway(name="smsc", host="127.0.0.1", port=smsc.port, system_id="dialer", sender="Test")
            await gateways.add(tx, "smsc", account, ctx.clock())
