"""A world in which the real engine runs: its store, its loops, its AMI link; Asterisk and the people are scripted.

`play(seed)` runs it to the end and returns the journal; AssertionError says which invariant broke. Not the product's
own here: who drives SQLite's statements (`store.py`), the sockets (`network.py`), the clock, and what is random in ids.
"""

import asyncio
import random
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import structlog
from panoramisk.utils import IdGenerator
from ulid import ULID

from config.settings import Settings
from dialer.ami.states import LinkState
from dialer.domain.contact import Address, NewContact
from dialer.domain.gateway import SmsGateway, VoiceGateway
from dialer.domain.transitions import SourceState
from dialer.engine import dialing, engine, following, previews, texting
from dialer.engine.engine import Engine
from dialer.operations import campaigns, contacts, strategies
from dialer.operations.context import Context
from dialer.store import gateways, sources
from sms.gateway import Gateway as SmsLink
from tests.peers.ami import AmiPeer
from tests.support.databases import template
from tests.world.clock import Life, VirtualLoop
from tests.world.desks import Desks
from tests.world.ledger import Ledger
from tests.world.oracle import Oracle
from tests.world.pbx import Truth, WorldPbx
from tests.world.plan import WorldPlan, draw
from tests.world.races import Races
from tests.world.restless import Restless
from tests.world.smsc import WorldSmsc
from tests.world.store import WorldDatabase

#: After the last fault everything must have come to its end by then, or after as long as it took if that is longer.
PATIENCE_S = 3600.0
#: And for each of the people: a single agent may have to see to all of them, several times.
EACH_S = 300.0
SNAPSHOT_S = 60.0
#: No other node writes here, and looking each second is a third of all work.
FOLLOW_S = 20.0


class World:
    """One process after the other on the same database and the same Asterisk."""

    def __init__(self, plan: WorldPlan, loop: VirtualLoop, path: Path) -> None:
        self.plan, self.loop, self.path = plan, loop, path
        self.chance = random.Random(f"world {plan.seed}")
        self.ledger = Ledger(loop.time)
        self.peer = AmiPeer(port=5038)
        self.life = Life(0)
        self.oracle = Oracle(self)
        self.died: list[BaseException] = []
        self.raced = 0
        self.restless = True
        loop.network.on_write = self._on_write
        loop.network.cut_at = lambda data: self.chance.randrange(len(data)) if self.chance.random() < 0.2 else 0

    async def run(self) -> None:
        await self.peer.listen()
        plan = self.plan
        self.smsc = WorldSmsc(self.loop, random.Random(f"texts {plan.seed}"), self.ledger.note)
        self.smsc.on_submit = self.oracle.promises.texted
        await self.smsc.listen()
        self.pbx = WorldPbx(
            self.peer, list(plan.agents), chance=random.Random(f"people {plan.seed}"), answers=plan.answers,
            lets_ring=plan.lets_ring, longest_ring_s=plan.rings_s, longest_talk_s=plan.talks_s, note=self.ledger.note,
        )  # fmt: skip
        self.pbx.on_end = self._on_end
        self.pbx.note_free()
        self.everybody = list(plan.agents)
        restless = Races(self) if plan.races else Restless(self)
        self.desks = Desks(self, restless.in_process)
        self.start()
        await self._found()
        restless.start()
        self.desks.start()
        snapshots = self.loop.create_task(self._look_often())
        await asyncio.sleep(plan.over_s)
        self.restless = False
        await restless.stop()
        await self._until_done()
        await self.desks.stop()
        snapshots.cancel()
        await self._drain()
        await self.oracle.judge()
        self.raced = restless.raced

    # -- the process ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """A fresh process."""
        self.life = Life(self.life.number + 1)
        self.ledger.note("process starts", self.life.number)
        self.born_at = self.loop.time()
        context = self.life.context()
        self.db = WorldDatabase(str(self.path), random.Random(f"disk {self.plan.seed} {self.life.number}"))
        self.ctx = Context(self.db, _settings(self.peer, self.path.parent), clock=self.loop.now)
        context.run(self._run_engine)

    def _run_engine(self) -> None:
        self.engine = Engine(self.ctx)
        self.running = self.loop.create_task(self.engine.run(), name="engine")
        self.running.add_done_callback(self._ended, context=Life(0).context())

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            self.died.append(error)

    def kill(self) -> None:
        self.ledger.note("process killed", self.life.number)
        self.loop.kill(self.life)
        self.db.crash()

    def _on_end(self, truth: Truth) -> None:
        certain = not self.oracle.was_disturbed(truth.at, truth.over_at)
        self.oracle.powers.ended(truth.queue, truth.outcome, certain=certain)

    def _on_write(self, life: Any, data: bytes) -> None:
        try:
            for sent in self.ledger.on_write(life, data):
                self.oracle.sent(sent)
        except Exception as error:
            self.died.append(error)  # who writes would only log it
            raise

    def in_process(self, work: Any, name: str) -> "asyncio.Task[Any]":
        """Something that the server's process does; it dies with it."""
        return self.life.context().run(self.loop.create_task, work, name=name)

    # -- stages ---------------------------------------------------------------------------------------------------

    async def _found(self) -> None:
        """The campaigns, with their contacts; the first things that a process of its own does."""
        await self.until(lambda: self.engine.link.state is LinkState.UP, 60)
        await self.in_process(self._make(), "found")

    async def _make(self) -> None:
        trunk = VoiceGateway(name="world", dial="PJSIP/{number}@world", breaker_after=8)
        async with self.db.write() as tx:
            await gateways.add(tx, "world", trunk, self.loop.now())
            if any(plan.text for plan in self.plan.campaigns):
                texts = SmsGateway(
                    name="texts", host="127.0.0.1", port=self.smsc.port, system_id="world", messages_per_second=2
                )  # slow, so that some wait for their turn when somebody says stop
                await gateways.add(tx, "texts", texts, self.loop.now())
        await self.engine.gateways_changed()
        for plan in self.plan.campaigns:
            made = await campaigns.create(self.ctx, plan.fields)
            await strategies.deploy(self.ctx, made.id, plan.document)
            people = [
                NewContact(first_name=f"P{n}", addresses=(Address(n, voice=True, sms=bool(plan.text)),))
                for n in plan.numbers
            ]
            async with self.db.write() as tx:
                source = await sources.add(tx, made.id, "rest", "test", self.loop.now(), state=SourceState.DONE)
                await contacts.load(tx, made.id, source, people, self.loop.now())
            self.oracle.promises.campaign(made.id, plan)
            await campaigns.publish(self.ctx, made.id)

    async def _look_often(self) -> None:
        while True:
            await asyncio.sleep(SNAPSHOT_S)
            await self.oracle.look()

    async def _until_done(self) -> None:
        people = sum(len(plan.numbers) for plan in self.plan.campaigns)
        patience_s = max(PATIENCE_S, self.plan.over_s, people * EACH_S)
        deadline = self.loop.time() + patience_s
        while not await self.oracle.all_done():
            self.raise_if_died()
            if self.loop.time() > deadline:
                raise AssertionError(f"stuck {patience_s} s after the last fault: {await self.oracle.stuck()}")
            await asyncio.sleep(30)

    async def _drain(self) -> None:
        self.engine.stop()
        await self.running
        self.raise_if_died()

    async def until(self, holds: Any, timeout_s: float) -> None:
        deadline = self.loop.time() + timeout_s
        while not holds():
            self.raise_if_died()
            assert self.loop.time() < deadline, f"not within {timeout_s} s"
            await asyncio.sleep(0.05)

    def raise_if_died(self) -> None:
        if self.died:
            raise AssertionError(f"the engine ended: {self.died[0]!r}") from self.died[0]


def play(seed: int, folder: Path, *, hours: float) -> str:
    """The journal of one world."""
    return play_out(draw(seed, hours), folder, replay=f"{seed} --hours {hours:g}").ledger.journal


def play_out(plan: WorldPlan, folder: Path, *, replay: str, kind: type[World] = World) -> World:
    """A planned world of a `kind`, to its end. `replay`: the arguments by which it is played alone."""
    path = folder / f"world-{plan.seed}.db"
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    shutil.copyfile(template(), path)
    loop = VirtualLoop(plan.begins)
    world = kind(plan, loop, path)
    with _made_up(world):
        try:
            loop.run_until_complete(world.run())
        except BaseException as error:
            error.add_note(f"seed {plan.seed}: `python -m tests.world {replay}` replays it alone")
            error.add_note("the journal's end:\n" + "\n".join(world.ledger.lines[-40:]))
            raise
        finally:
            world.ledger.closed = True
            loop.bury()
            world.db.crash()
            world.oracle.close()
            path.unlink()
    return world


@contextmanager
def _made_up(world: World) -> Iterator[None]:
    """No clock but the world's, and no chance but the seed's."""
    loop, ids = world.loop, random.Random(f"ids {world.plan.seed}")
    clock = SimpleNamespace(time=lambda: loop.begins.timestamp() + loop.time(), monotonic=loop.time)
    named = [module for name, module in sys.modules.items() if name.startswith(("dialer.", "sms.", "tests.peers."))]

    def ulid() -> ULID:
        return ULID(int(clock.time() * 1000).to_bytes(6, "big") + ids.randbytes(10))

    state, before = random.getstate(), structlog.get_config()
    random.seed(world.plan.seed)
    IdGenerator.reset(uid="world")
    with ExitStack() as stack:
        for module in named:
            if vars(module).get("time") is time:
                stack.enter_context(mock.patch.object(module, "time", clock))
        for module in (dialing, previews, texting):
            stack.enter_context(mock.patch.object(module, "ULID", ulid))
        stack.enter_context(mock.patch.dict(SmsLink.__init__.__kwdefaults__, clock=loop.time))
        stack.enter_context(mock.patch.object(engine, "settle"))
        stack.enter_context(mock.patch.object(following, "FOLLOW_S", FOLLOW_S))
        structlog.configure(
            processors=[world.ledger.structlog], logger_factory=structlog.ReturnLoggerFactory(),
            cache_logger_on_first_use=False,
        )  # fmt: skip
        switching = sys.getswitchinterval()
        try:
            yield
        finally:
            structlog.configure(**before)
            random.setstate(state)
            sys.setswitchinterval(switching)


def _settings(peer: AmiPeer, folder: Path) -> Settings:
    return Settings(
        ami={"host": peer.host, "port": peer.port, "username": peer.username, "secret": peer.secret},
        calls={"drain_s": 300},
        preview={"reserve_s": 20, "skip_delay_s": 30},
        data_dir=folder / "data",
        secret_key="0123456789abcdef0123456789abcdef",
        node="world",
    )  # type: ignore[arg-type]  # fmt: skip  (pydantic reads the sections from mappings)
