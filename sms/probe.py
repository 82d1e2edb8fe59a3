"""Whether an SMSC lets us in: one bind, and the unbind. Nothing is sent, and what comes in is left to the server that runs."""

import asyncio
import time
from typing import Any

from sms import events, status
from sms.link import Link
from sms.settings import GatewaySettings

Answer = events.Bound | events.BindRefused | events.Closed
UNBIND_S = 3.0


async def probe(settings: GatewaySettings, deadline_s: float) -> Answer:
    """What the SMSC says to the first of the gateway's binds. Raises OSError or TimeoutError where it says nothing."""
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def on_event(event: events.Event) -> None:
        if isinstance(event, events.Delivered):
            link.acknowledge(event.sequence, status.TEMPORARY_APPLICATION_ERROR)  # it is sent again, to the server
        elif isinstance(event, Answer) and not answer.done():
            answer.set_result(event)

    link = Link(settings.endpoint(), settings.session(settings.bind_types()[0]), on_event, time.monotonic)
    running = asyncio.create_task(link.run(), name="smpp probe")
    try:
        async with asyncio.timeout(deadline_s):
            either: set[asyncio.Future[Any]] = {running, answer}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            await running  # raises what ended it
        if isinstance(answer.result(), events.Bound):
            link.unbind()
            await asyncio.wait({running}, timeout=UNBIND_S)
        return answer.result()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
