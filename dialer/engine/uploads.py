"""Uploads that nobody came back for are removed, and so is what a killed process left of one."""

import asyncio

from dialer.operations import pending
from dialer.operations.context import Context

EVERY_S = 300.0


async def clean_uploads(ctx: Context) -> None:
    while True:
        await pending.clean(ctx)
        await asyncio.sleep(EVERY_S)
