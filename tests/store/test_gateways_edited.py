"""Gateways that are edited while others are being edited."""

import asyncio
from pathlib import Path

from dialer.domain.gateway import SmsGateway
from dialer.engine.board import Board
from dialer.engine.sms_gateways import SmsGateways
from dialer.engine.text_log import TextLog
from dialer.store.database import Database
from tests.support.context import bench


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
    assert [task.get_name() for task in tasks if not task.done()] == ["smpp-a", "smpp-b"]
    await gateways.stop()
