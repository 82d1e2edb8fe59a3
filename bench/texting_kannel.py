"""Kannel, the dialer and the bare loop, in turns: each sends the same texts to a sink of its own with the same window.

The sink says how long it took from the first segment to the last; the median of the turns counts. Kannel gets its texts either before
the sink is there (`queued`, as the dialer has them) or over HTTP meanwhile (`over HTTP`). Its `spool` keeps a file for each
text until it is sent and does not wait for the disk (fsync); the dialer has the text, its parts and the answer on disk.
"""

from collections import defaultdict
from statistics import median

import uvloop

from asterisk.lab.ports import free_tcp
from bench import kannel
from bench.bare_smpp import TEXT, WINDOW, Figures, bare_loop, sink
from bench.kannel_package import Kannel, NoKannelError, ensure
from bench.texting_server import serving

TURNS = 3


def compare(texts: int) -> None:
    try:
        found = ensure()
    except NoKannelError as fault:
        print(f"  no Kannel to compare with: {fault}")
        return
    turns: dict[str, list[Figures]] = defaultdict(list)
    for _ in range(TURNS):
        for name, turn in {"dialer": _dialer, "queued": _queued, "over HTTP": _over_http, "bare loop": _bare}.items():
            turns[name].append(uvloop.run(turn(texts, found)))
    medians = {name: Figures(median(f.rate for f in of), median(f.cpu_us for f in of)) for name, of in turns.items()}
    for name, of in medians.items():
        ratio = medians["dialer"].rate / of.rate
        print(
            f"  {name:12} {of.rate:8,.0f} a second   {of.cpu_us:6,.0f} us of processor each   dialer / this {ratio:6.2f}"
        )


async def _dialer(texts: int, _: Kannel) -> Figures:
    async with serving(texts, expected=texts) as server:
        watch = await server.publish()
        passed_s = await server.sink.passed_s()
        await server.until(texts, "submitted")
        return Figures(texts / passed_s, watch.figures(texts).cpu_us)


async def _bare(texts: int, _: Kannel) -> Figures:
    return await bare_loop(texts)


async def _queued(texts: int, found: Kannel) -> Figures:
    port = free_tcp()
    async with kannel.running(found, port, WINDOW) as boxes:
        await boxes.take(texts, TEXT)
        before = boxes.cpu_s()
        async with sink(port=port, expected=texts) as at:
            return _figures(texts, await at.passed_s(), boxes.cpu_s() - before)


async def _over_http(texts: int, found: Kannel) -> Figures:
    async with sink(expected=texts) as at, kannel.running(found, at.port, WINDOW) as boxes:
        before = boxes.cpu_s()
        await boxes.take(texts, TEXT)
        return _figures(texts, await at.passed_s(), boxes.cpu_s() - before)


def _figures(texts: int, passed_s: float, cpu_s: float) -> Figures:
    return Figures(texts / passed_s, 1e6 * cpu_s / texts)
