"""What a whole call costs the dialer of the processor, event by event against a scripted PBX in a process of its own.

A figure of the processor's time, so it holds on a machine that others use, too; the median of several spells counts.
`python -m bench call_cost 100 3`: agents, spells of five seconds.
"""

import asyncio
import time
from pathlib import Path
from statistics import median

import uvloop
from sqlalchemy import func, select

from bench.reaction import dialer, measure
from dialer.operations.context import Context
from dialer.store.tables import attempt

AGENTS, SPELLS = 100, 5
WARM_S, SPELL_S, TALK_S = 5.0, 5.0, 1.0


def main(agents: int = AGENTS, spells: int = SPELLS) -> None:
    uvloop.run(_run(agents, spells))


async def _run(agents: int, spells: int) -> None:
    costs: list[tuple[float, float]] = []

    async def spell(ctx: Context) -> None:
        await asyncio.sleep(WARM_S)
        for _ in range(spells):
            calls, cpu, begun = await _ended(ctx), time.process_time(), time.monotonic()
            await asyncio.sleep(SPELL_S)
            used, passed_s = time.process_time() - cpu, time.monotonic() - begun
            ended = await _ended(ctx) - calls
            costs.append((1000 * used / ended, ended / passed_s))

    async def ours(port: int, folder: Path) -> None:
        await dialer(port, folder, contacts=int(2 * agents * (WARM_S + spells * SPELL_S)), beside=spell)

    await measure(ours, "bench.busy_queue", str(agents), str(WARM_S + (spells + 1) * SPELL_S), str(TALK_S))
    each = ", ".join(f"{cost:.2f}" for cost, _ in costs)
    print(f"a call's cost, {agents} agents, {median(rate for _, rate in costs):.0f} calls/s, durable:")
    print(f"  dialer       {median(cost for cost, _ in costs):6.2f} ms of processor a call ({each})")


async def _ended(ctx: Context) -> int:
    async with ctx.db.read() as tx:
        return await tx.scalar(select(func.count()).select_from(attempt).where(attempt.c.outcome.is_not(None))) or 0


if __name__ == "__main__":
    main()
