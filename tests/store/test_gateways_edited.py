"""Gateways that are edited while others are being edited."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from dialer.domain.gateway import SmsGateway
from dialer.engine.board import Board
from dialer.engine.sms_gateways import SmsGateways
from dialer.engine.text_log import TextLog
from dialer.store.database import Database
from tests.support.context import bench
from tests.support.waiting import until


def _texter(window: int) -> SmsGateway:
    return SmsGateway(name="Texter", host="127.0.0.1", port=1, system_id="dialer", window=window)


async def test_two_edits_at_the_same_moment_leave_each_gateway_running_once(db: Database, tmp_path: Path) -> None:
    ctx = bench(db, tmp_path).ctx
    board = Board(ctx, sms={"a": _texter(1), "b": _texter(1)})
    tasks: list[asyncio.Task[None]] = []

    def start(work: object, *, name: str) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(work, name=name))  # type: ignore[arg-type] # a coroutine
        return tasks[-1]

    gateways = SmsGateways(ctx, board, TextLog(ctx, start=start), start=start, changed=lambda: None)
    await gateways.load()
    board.sms = {"a": _texter(2), "b": _texter(2)}
    await asyncio.gather(gateways.load(), gateways.load())
    assert len(tasks) == 4, "of the two loads the second found all as it is to be"
    board.sms = {"a": _texter(3), "b": _texter(2)}
    await gateways.load()  # while those before may still be leaving
    await until(lambda: len(_running(tasks)) == 2, "those before to have left")
    assert _running(tasks) == ["smpp-a", "smpp-b"]
    await gateways.stop()
    assert _running(tasks) == []


def _running(tasks: Sequence[asyncio.Task[None]]) -> list[str]:
    return sorted(task.get_name() for task in tasks if not task.done())
