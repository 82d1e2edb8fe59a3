"""A thousand agents come free at one moment: how long until the last of their Originates is on the wire.

Each intent is on disk before. Reference, in the same run and against the same scripted PBX: a bare loop that commits a row
for each agent of whom it reads (SQLite, synchronous=FULL, one commit for all that one read brings) and writes the Originates.
"""

import asyncio
import sqlite3
from pathlib import Path

import uvloop
from ulid import ULID

from bench.busy_queue import QUEUE
from bench.reaction import action, dialer, measure
from dialer.ami.originate import OriginateCall

AGENTS, ROUNDS = 1_000, 5


def main(agents: int = AGENTS) -> None:
    uvloop.run(_run(agents))


async def _run(agents: int) -> None:
    pbx = ("bench.free_at_once", str(agents), str(ROUNDS))

    async def ours(port: int, folder: Path) -> None:
        await dialer(port, folder, contacts=2 * ROUNDS * agents)

    bare, dialed = await measure(_bare_loop, *pbx), await measure(ours, *pbx)
    print(f"{agents:,} agents free at once, {ROUNDS} times, durable:")
    for name, figures in (("dialer", dialed), ("bare loop", bare)):
        print(
            f"  {name:12} all dialed p50 {figures['last']:6.3f} s   most {figures['most']:6.3f} s"
            f"   the first {1000 * figures['first']:6.2f} ms   {agents / figures['last']:7,.0f} calls/s"
        )
    print(f"  ratio        {dialed['last'] / bare['last']:6.2f}   goal 1.000 s")
    if dialed["attempts"] != dialed["calls"]:
        raise SystemExit(f"{dialed['calls']} Originates of {dialed['attempts']} attempts")


async def _bare_loop(port: int, folder: Path) -> None:
    store = sqlite3.connect(folder / "bare.db", isolation_level=None)
    store.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE attempt (id TEXT PRIMARY KEY)")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(action({"Action": "Login", "Username": "dialer", "Secret": "secret", "Events": "on"}))
    rest = b""
    try:
        while data := await reader.read(65_536):
            *messages, rest = (rest + data).split(b"\r\n\r\n")
            free = sum(b"Event: QueueMemberPause" in one and b"\r\nPaused: 0\r\n" in one for one in messages)
            attempts = [str(ULID()) for _ in range(free)]
            if attempts:
                store.execute("BEGIN")
                store.executemany("INSERT INTO attempt VALUES (?)", [(attempt,) for attempt in attempts])
                store.execute("COMMIT")
            for attempt in attempts:
                call = OriginateCall(attempt, "+12125550100", "PJSIP/{number}@carrier", QUEUE, 25, 20)
                writer.write(action(call.headers()))
        await asyncio.Event().wait()  # the PBX has its figures
    finally:
        writer.close()
        store.close()


if __name__ == "__main__":
    main()
