"""The event webhooks' loop: each endpoint has turns of its own, so that a slow one holds up none but itself."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dialer.domain.hooks import asked_to_wait_s, in_lanes
from dialer.engine.bell import until
from dialer.operations import deliveries
from dialer.operations.context import Context
from dialer.operations.deliveries import Tried
from dialer.store.types import AnyRow, dump_json
from dialer.web.client import Outgoing, WebClient

LOOK_S, LOOK_AGAIN_S = 0.25, 5.0  # while something was just written, and the net behind it
IDLE_S = 1.0  # how often it is seen that there are endpoints at all
UPKEEP_S, FORGET_S = 5.0, 60.0
RECORDED_S = 1.0  # so long results wait for others, to be recorded together
# An endpoint that fails rests, ever longer: nothing else is sent to it meanwhile.
FIRST_REST_S, LONGEST_REST_S = 1.0, 60.0


class Deliveries:
    """`start` runs a named task; `changed` tells the live pages."""

    def __init__(
        self, ctx: Context, *, start: Callable[..., "asyncio.Task[None]"], changed: Callable[[], None]
    ) -> None:
        self._ctx, self._start, self._changed = ctx, start, changed
        self.draining = False
        self._turns: dict[int, asyncio.Task[None]] = {}  # by endpoint
        self._rests: dict[int, tuple[int, float]] = {}  # how often it failed in a row, and until when it rests
        self._counts = Counter[str]()
        self._looked_at = self._kept_up_s = self._forgotten_s = float("-inf")

    async def run(self) -> None:
        settings = self._ctx.settings.webhooks
        async with WebClient(settings.allowed_hosts, allow_private=settings.allow_private, signing_key="") as client:
            while True:
                await self.round(client)
                await self._keep_up()
                await asyncio.sleep(LOOK_S if self._ctx.subscribed.endpoints else IDLE_S)

    async def _keep_up(self) -> None:
        """How much waits, and what is over for long enough; others write between two pieces of it."""
        if _now_s() < self._kept_up_s + UPKEEP_S:
            return
        self._kept_up_s = _now_s()
        await deliveries.look_after(self._ctx)
        if _now_s() >= self._forgotten_s + FORGET_S and not await deliveries.forget(self._ctx):
            self._forgotten_s = _now_s()

    async def round(self, client: WebClient) -> None:
        """Turns for the endpoints at which something is due, as many as there may be at the same time."""
        now_s = _now_s()
        room = self._ctx.settings.webhooks.endpoints_at_once - len(self._turns)
        is_time = self._ctx.subscribed.is_fresh or now_s - self._looked_at >= LOOK_AGAIN_S
        if self.draining or room <= 0 or not is_time or not self._ctx.subscribed.endpoints:
            return
        self._looked_at = now_s
        ready = [one for one in await deliveries.with_work(self._ctx) if self._may_begin(one, now_s)]
        for endpoint_id in ready[:room]:
            turn = self._start(self._turn(client, endpoint_id), name=f"webhook-endpoint-{endpoint_id}")
            self._turns[endpoint_id] = turn
            turn.add_done_callback(partial(self._ended, endpoint_id))

    async def finish(self, timeout_s: float) -> None:
        """Nothing new; what is under way may come to its answer, and what does not is sent again by the next start."""
        self.draining = True
        await until(lambda: not self._turns, timeout_s)
        for turn in list(self._turns.values()):
            turn.cancel()
        await until(lambda: not self._turns, timeout_s)

    def snapshot(self) -> dict[str, Any]:
        """Since the start of the process, but for the endpoints that are `under_way`, and what waits."""
        counted = {name: self._counts[name] for name in ("delivered", "failed")}
        return {"under_way": len(self._turns), "waiting": self._ctx.subscribed.waiting, **counted}

    def _may_begin(self, endpoint_id: int, now_s: float) -> bool:
        _, until_s = self._rests.get(endpoint_id, (0, 0.0))
        return endpoint_id not in self._turns and now_s >= until_s

    def _ended(self, endpoint_id: int, _turn: "asyncio.Task[None]") -> None:
        self._turns.pop(endpoint_id, None)
        self._looked_at = float("-inf")  # there may be more
        self._changed()

    async def _turn(self, client: WebClient, endpoint_id: int) -> None:
        begun = await deliveries.begin(self._ctx, endpoint_id)
        if begun is None:
            return
        endpoint, rows = begun
        under_way = _UnderWay(_now_s())
        lanes = in_lanes([row.contact_id for row in rows], self._ctx.settings.webhooks.requests_at_once)
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(self._lane(client, endpoint, [rows[position] for position in lane], under_way))
        self._rest(endpoint_id, under_way.failed)
        await deliveries.record_tried(self._ctx, endpoint_id, under_way.tried, more=False)

    async def _lane(self, client: WebClient, endpoint: AnyRow, rows: list[AnyRow], turn: "_UnderWay") -> None:
        """One after the other, until one of any lane fails."""
        for row in rows:
            if self.draining or turn.failed or not turn.kept:
                break
            tried = await self._send(client, endpoint, row)
            turn.tried.append(tried)
            if not tried.ok:
                turn.failed.append(tried)
            elif _now_s() - turn.recorded_s >= RECORDED_S:
                results, turn.tried, turn.recorded_s = turn.tried, [], _now_s()
                kept = await deliveries.record_tried(self._ctx, endpoint.id, results, more=True)
                turn.kept = turn.kept and kept

    async def _send(self, client: WebClient, endpoint: AnyRow, row: AnyRow) -> Tried:
        outgoing = Outgoing(
            method="POST",
            url=endpoint.url,
            body=dump_json(row.payload),
            content_type="application/json",
            key=row.event_id,
            timeout_s=self._ctx.settings.webhooks.timeout_s,
            signing_key=endpoint.secret,
        )
        answer = await client.send(outgoing, int(self._ctx.clock().timestamp()))
        self._counts["delivered" if answer.ok else "failed"] += 1
        wait_s = asked_to_wait_s(answer.status or 0, answer.retry_after, self._ctx.clock())
        return Tried(row, answer.ok, answer.status, answer.reason, wait_s)

    def _rest(self, endpoint_id: int, failed: Sequence[Tried]) -> None:
        if not failed:
            self._rests.pop(endpoint_id, None)
            return
        before, _ = self._rests.get(endpoint_id, (0, 0.0))
        pause_s = min(FIRST_REST_S * 2 ** min(before, 10), LONGEST_REST_S)
        asked_s = max(one.wait_s for one in failed)
        self._rests[endpoint_id] = (before + 1, _now_s() + max(pause_s, asked_s))


@dataclass(slots=True)
class _UnderWay:
    """What the lanes of one turn share: results that are not recorded yet, and whether the endpoint is still this node's."""

    recorded_s: float
    tried: list[Tried] = field(default_factory=list)
    failed: list[Tried] = field(default_factory=list)
    kept: bool = True


def _now_s() -> float:
    return asyncio.get_running_loop().time()
