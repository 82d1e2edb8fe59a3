"""The engine: puts the loops together, tells them of changes, and stops them in stages."""

import asyncio
from collections.abc import Collection, Coroutine
from contextvars import copy_context
from typing import Any

import structlog

from dialer.ami.link import AmiLink
from dialer.ami.session import Callbacks
from dialer.ami.states import LinkSettings, LinkState
from dialer.domain.agents import Agents
from dialer.domain.calls import PROGRESS
from dialer.domain.campaign import Campaign
from dialer.domain.telephony import UNAVAILABLE, Event, LiveState, MachineDetected
from dialer.engine.bell import Bell
from dialer.engine.board import Board
from dialer.engine.clock import Clock
from dialer.engine.dialing import Dialing
from dialer.engine.feeds import hold_leases
from dialer.engine.following import follow
from dialer.engine.importing import deletions, imports, removals
from dialer.engine.indexing import follow_contacts
from dialer.engine.lifecycle import Lifecycle
from dialer.engine.live import Live
from dialer.engine.meters import Meters
from dialer.engine.minutes import Minutes
from dialer.engine.outlook import outlook
from dialer.engine.picture import picture
from dialer.engine.previews import Previews
from dialer.engine.process import settle
from dialer.engine.texting import Texting
from dialer.engine.uploads import clean_uploads
from dialer.engine.webhooks import Webhooks
from dialer.operations import messages, previews, trials, webhooks
from dialer.operations.context import WAIT, Context, Queued
from dialer.pacing.outlook import Outlook
from dialer.store import nodes, requests
from dialer.store.patience import be_patient
from dialer.store.requests import ContactRequest

log = structlog.get_logger(__name__)

SETTLE_S = 2.0  # the longest that an unpublish waits for calls committed just before it to show in Asterisk


class Engine:
    """Runs the campaigns of one node. `await run()` until `stop()`; an unknown error in any task ends it, loudly."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        ctx.engine = self
        self._tasks: asyncio.TaskGroup | None = None
        self._context = copy_context()  # of all tasks, whoever has them started
        self._stopping = Bell()
        self._logged: tuple[LinkState, str] | None = None
        self._detects_machines: bool | None = None
        self.live = Live(lambda: picture(self), lambda name: self.texting.gateways.status(name))  # noqa: PLW0108  (made below)
        self.board = Board(ctx)
        self.meters = Meters(ctx, self.board, self.live.changed)
        calls = ctx.settings.calls
        self.agents = Agents(calls.wrap_up_s, calls.no_answer_limit, calls.no_answer_rest_s)
        self.link = AmiLink(
            LinkSettings.of(ctx.settings.ami), Callbacks(self._on_event, self._on_resync, self._on_down, self._on_state)
        )
        self.live.asterisk = self
        self.minutes = Minutes(ctx, self.live.changed)
        self.dialing = Dialing(
            ctx,
            self.board,
            self.agents,
            self.link,
            start=self._start,
            changed=self.live.changed,
            meter=self.meters.of,
            watch=self.minutes,
        )
        self.previews = Previews(ctx, self.dialing, start=self._start, changed=self.live.changed)
        self.texting = Texting(
            ctx, self.board, start=self._start, changed=self.live.changed, accepted=self.minutes.texted
        )
        self.webhooks = Webhooks(ctx, self.board, start=self._start, changed=self.live.changed)
        self.loops = (self.dialing, self.texting, self.webhooks)
        self.clock = Clock(ctx, self.dialing, self.previews, self.loops, start=self._start, wake=self.work_changed)
        self.lifecycle = Lifecycle(ctx, self.board, self.work_changed)
        self.importing, self.removing, self.deleting = imports(ctx), removals(ctx), deletions(ctx)

    # -- life -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Recover, run everything, and stop in stages when `stop` was called."""
        be_patient()
        self._context = copy_context()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await self._recover()
            settle()
            loops = [
                self._start(self.lifecycle.run(), name="lifecycle"),
                self._start(hold_leases(self.ctx, self.link.look_again), name="leases"),
                self._start(self.importing.run(), name="importing"),
                self._start(follow_contacts(self.ctx), name="indexing"),
                self._start(self.removing.run(), name="removing"),
                self._start(self.deleting.run(), name="deleting"),
                self._start(clean_uploads(self.ctx), name="uploads"),
                self._start(self.meters.run(), name="meters"),
                self._start(self.minutes.run(), name="minutes"),
                self._start(self.dialing.tracker.run(), name="tracker"),
                self._start(self.dialing.run(), name="dialing"),
                self._start(self.texting.run(), name="texting"),
                self._start(self.texting.gateways.replying.run(), name="replies"),
                self._start(self.webhooks.run(), name="webhooks"),
                self._start(self.webhooks.take_back(), name="webhooks-left"),
                self._start(self.link.run(), name="ami"),
                self._start(self.dialing.caps.run(), name="caps"),
                self._start(self.clock.run(), name="clock"),
                self._start(follow(self.board, self.campaign_changed, self.gateways_changed), name="following"),
            ]
            await self.texting.gateways.load()
            await self._stopping.wait()
            await self._drain()
            for loop in loops:
                loop.cancel()

    def stop(self) -> None:
        """Begin the staged stop: no new calls or texts, what is under way ends and is recorded, up to the deadline."""
        self._stopping.ring()

    async def _recover(self) -> None:
        """What a former process left: claims without an attempt go back, texts without an answer are lost, webhooks sent again."""
        await self.board.load()
        await self.meters.look()
        async with self.ctx.db.write() as tx:
            await requests.release_expired(tx, self.ctx.clock(), own_node=self.ctx.settings.node)
            await nodes.seen(tx, self.ctx.settings.node, self.ctx.clock())  # before anything leaves: others wait for it
        await previews.recover(self.ctx)
        await self.dialing.breakers.recover(self.ctx)
        if lost := await messages.lose_unanswered(self.ctx):
            log.warning("texts_lost", number=lost, reason="the former process stopped before the SMSC answered")
        await trials.lose_unanswered(self.ctx)
        if again := await webhooks.take_back(self.ctx, own=True):
            log.warning("webhooks_again", number=again, reason="the former process stopped before they were answered")
        await self.lifecycle.start()

    async def _drain(self) -> None:
        self.dialing.decisions.draining = self.texting.draining = self.webhooks.draining = True
        deadline = asyncio.get_running_loop().time() + self.ctx.settings.calls.drain_s
        await self.previews.stop()
        log.info("draining", calls=self.dialing.tracker.number_of_calls, deadline_s=self.ctx.settings.calls.drain_s)
        short_s = min(10.0, self.ctx.settings.calls.drain_s)
        await asyncio.gather(self.texting.finish(short_s), self.webhooks.finish(short_s))
        while self.dialing.tracker.number_of_calls and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await self.dialing.tracker.write()
        await self.minutes.flush()
        await self.texting.gateways.stop()
        for loop in self.loops:
            await loop.feeds.drop_all()
        log.info("drained", calls_left=self.dialing.tracker.number_of_calls)

    def _start(self, work: Coroutine[Any, Any, None], *, name: str) -> "asyncio.Task[None]":
        if self._tasks is None:
            raise RuntimeError("the engine does not run")
        return self._tasks.create_task(work, name=name, context=self._context.copy())

    # -- told by Asterisk -----------------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        now = self.clock.look()
        if is_progress := type(event) in PROGRESS:
            if isinstance(event, MachineDetected) and event.status == UNAVAILABLE:
                self._miss_detection()
        else:
            self.agents.apply(event, now)
            self.previews.apply(event)
        self.dialing.tracker.apply(event, now)
        if not is_progress or self.previews.is_busy:  # of progress the tracker rings, when it sets something free
            self.dialing.bell.ring()
        self.live.changed()

    def _miss_detection(self) -> None:
        """Asterisk has the module and not the application, as without its amd.conf: said once until the next resync."""
        if self._detects_machines is not False:
            log.warning("machines_not_detected", remedy="load app_amd in Asterisk, with its amd.conf")
        self._detects_machines = False

    async def _on_resync(self, live: LiveState) -> None:
        now = self.ctx.clock()
        self._detects_machines = live.detects_machines
        self.agents.resync(live, now)
        await self.dialing.tracker.resync(live, now)
        self.dialing.bell.ring()
        self.live.changed()

    def _on_down(self, reason: str) -> None:
        self.agents.forget()
        if not self.dialing.decisions.draining:  # a stop is no trouble
            log.warning("asterisk_down", reason=reason)

    def _on_state(self, state: LinkState, reason: str) -> None:
        if state is not LinkState.CONNECTING and (state, reason) != self._logged:  # not every try of an outage
            self._logged = (state, reason)
            log.info("asterisk_link", state=state.value, reason=reason)
        self.dialing.bell.ring()
        self.live.changed()

    # -- told by operations (EngineSignals) -----------------------------------------------------------------------

    def queues(self) -> frozenset[str] | None:
        return frozenset(self.agents.queues()) if self.agents.known else None

    def detects_machines(self) -> bool | None:
        return self._detects_machines if self.agents.known else None

    def outlook(self, campaign: Campaign, request: ContactRequest) -> Outlook | None:
        return outlook(self.dialing, self.texting, self.webhooks, campaign, request, self.ctx.clock())

    async def campaign_changed(self, campaign_id: int) -> None:
        await self.board.refresh(campaign_id)
        for loop in self.loops:
            await loop.feeds.drop(campaign_id)
        if not self.board.may_run(campaign_id, self.ctx.clock()):
            settling = (self.dialing.tracker, self.texting, self.webhooks)
            await asyncio.gather(*(one.settled(campaign_id, SETTLE_S) for one in settling))
        self.lifecycle.look_at(campaign_id)
        self.work_changed(campaign_id)

    def contacts_added(self, campaign_id: int) -> None:
        self.lifecycle.look_at(campaign_id)

    def work_changed(self, campaign_id: int, queued: Queued | None = None) -> None:
        """A campaign's queue may have something to do: each loop looks into the store only for what may be its own."""
        for loop in (self.dialing, self.texting, *((self.webhooks,) if self.webhooks.in_use else ())):
            if queued is None or loop.feeds.channel in queued:
                loop.feeds.look_now(campaign_id)
                loop.bell.ring()
        if queued is None or WAIT in queued:
            self.lifecycle.bell.ring()  # the next wait may be over sooner than it thinks
        self.meters.bell.ring()
        self.live.changed()

    def source_added(self) -> None:
        for loop in (self.importing, self.removing):
            loop.bell.ring()

    def deletion_begun(self) -> None:
        self.deleting.bell.ring()

    async def gateways_changed(self) -> None:
        await self.board.load_gateways()
        await self.dialing.caps.load()
        await self.texting.gateways.load()
        self.dialing.bell.ring()
        self.texting.bell.ring()
        self.live.changed()

    async def addresses_barred(self, addresses: Collection[str]) -> None:
        settling = (self.dialing.tracker, self.texting, self.texting.gateways.trying)
        await asyncio.gather(*(one.settled_to(addresses, SETTLE_S) for one in settling))

    def why_no_text(self, gateway_id: str) -> str | None:
        return self.texting.gateways.why_no_text(gateway_id)

    def trial_added(self, trial_id: int) -> None:
        self.texting.gateways.trying.send(trial_id)
