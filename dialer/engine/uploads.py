"""What nobody needs any more goes: uploads that nobody came back for or a killed process left, and old audit entries."""

import asyncio

from dialer.operations import audit, pending
from dialer.operations.context import Context

EVERY_S = 300.0


async def clean_uploads(ctx: Context) -> None:
    while True:
        await pending.clean(ctx)
        await audit.forget(ctx)
        await asyncio.sleep(EVERY_S)
