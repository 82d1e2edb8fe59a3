"""Texts through the whole server, each on disk before its submit and its status after: against a sink on the same machine.

Reference, in the same run: a bare loop of the same PDUs, with the same window, through the same session, without a store.
`python -m bench texting` runs all parts, `python -m bench texting held 100000` one, with so many texts:

- `submits`: texts that stand in the queue;
- `entering`: the same of contacts who have yet to enter the strategy;
- `receipts`: with a delivery receipt for each;
- `together`: as many receipts, kept back, come while the second half is submitted;
- `held`: an SMSC that allows 100 a second, told to the gateway or found out by being refused;
- `memory`: what the process holds after each tenth;
- `kannel`: the same texts by Kannel, in turns, see `bench/texting_kannel.py`.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from bench import million, texting_kannel
from bench.bare_smpp import WINDOW, Figures, Watch, bare_loop
from bench.texting_server import LOOK_S, QUEUED, serving

TEXTS, RATE = 20_000, 100


def main(texts: int | None = None, part: str = "") -> None:
    for name, (run, usual) in PARTS.items():
        if part in {"", name}:
            print(f"texting, {name}, {texts or usual:,} texts, window {WINDOW}:")
            run(texts or usual)


def _submits(texts: int) -> None:
    _against_bare(uvloop.run(_all(texts)), uvloop.run(bare_loop(texts)), "2,000 a second, durable")


def _entering(texts: int) -> None:
    _show("dialer", uvloop.run(_all(texts, entered=None)))


def _receipts(texts: int) -> None:
    ours = uvloop.run(_all(texts, receipts=1, status="delivered"))
    _against_bare(ours, uvloop.run(bare_loop(texts, receipts=True)), "none for both at once from the first on")


def _together(texts: int) -> None:
    receipts, submits = uvloop.run(_kept_back(texts))
    print(
        f"  {receipts:8,.0f} receipts and {submits:,.0f} submits in the same second      goal 5,000 receipts a second"
    )


def _held(texts: int) -> None:
    for told in (True, False):
        share = uvloop.run(_throttled(texts, told=told))
        print(f"  {'told' if told else 'found out':12} {share:8.1%} of {RATE} a second      goal 98 %")


def _memory(texts: int) -> None:
    uvloop.run(_grown(texts))


PARTS: dict[str, tuple[Callable[[int], None], int]] = {
    "submits": (_submits, TEXTS),
    "entering": (_entering, TEXTS),
    "receipts": (_receipts, TEXTS),
    "together": (_together, TEXTS),
    "held": (_held, 10_000),
    "memory": (_memory, 100_000),
    "kannel": (texting_kannel.compare, TEXTS),
}


def _against_bare(ours: Figures, bare: Figures, goal: str) -> None:
    _show("dialer", ours)
    _show("bare loop", bare)
    print(f"  ratio        {ours.rate / bare.rate:8.2f}      goal {goal}")


def _show(name: str, figures: Figures) -> None:
    print(f"  {name:12} {figures.rate:8,.0f} a second   {figures.cpu_us:6,.0f} us of processor each")


async def _all(
    texts: int, *, receipts: int = 0, status: str = "submitted", entered: million.Entered | None = QUEUED
) -> Figures:
    async with serving(texts, receipts=receipts, entered=entered) as server:
        watch = await server.publish()
        await server.until(texts, status)
        return watch.figures(texts)


async def _kept_back(texts: int) -> tuple[float, float]:
    """Receipts and submits a second, while both come."""
    kept = texts // 2
    async with serving(texts, receipts=kept) as server:
        await server.publish()
        await server.until(1, "delivered")
        watch = Watch()
        receipts, both = await server.number("delivered"), await server.number("submitted", "delivered")
        while (came := await server.number("delivered")) < kept:
            if await server.number("submitted", "delivered") == texts:
                break
            await asyncio.sleep(LOOK_S)
        passed_s = watch.passed_s
        return (came - receipts) / passed_s, (await server.number("submitted", "delivered") - both) / passed_s


async def _throttled(texts: int, *, told: bool) -> float:
    """The share of the rate that the SMSC allows, without the first two seconds."""
    account: dict[str, Any] = {"messages_per_second": RATE} if told else {}
    async with serving(texts, rate=RATE, **account) as server:
        await server.publish()
        await server.until(2 * RATE, "submitted")
        begun, watch = await server.number("submitted"), Watch()
        await server.until(texts, "submitted")
        return (texts - begun) / watch.passed_s / RATE


async def _grown(texts: int) -> None:
    async with serving(texts) as server:
        await server.publish()
        print(f"  {0:10,} texts   {_resident_mb():6,.0f} MB", flush=True)
        for tenth in range(1, 11):
            await server.until(tenth * texts // 10, "submitted")
            print(f"  {tenth * texts // 10:10,} texts   {_resident_mb():6,.0f} MB", flush=True)


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
