"""`dialer check`: the check of an installation from the command line, with a link to Asterisk of its own."""

import asyncio
from contextlib import suppress

from config.settings import Settings
from dialer.ami.link import AmiLink
from dialer.ami.session import Callbacks
from dialer.ami.states import LinkSettings, LinkState
from dialer.domain.agents import Agents
from dialer.domain.checkup import Finding
from dialer.domain.telephony import LiveState
from dialer.operations import checkup
from dialer.operations.context import utc_now
from dialer.store.database import Database

LINK_S = 8.0


async def run(settings: Settings, *, bind: bool = False) -> list[Finding]:
    """Everything that was looked at, in order. `bind`: to each SMSC, too, which may allow no bind beside a running server's."""
    db = Database(settings.database.url)
    try:
        finding, wanted = await checkup.store(settings, db)
    finally:
        await db.close()
    look = checkup.bound if bind else checkup.reached
    texts = [await look(name, gateway) for name, gateway in wanted.sms.items()]
    own = _OwnLink(settings)
    async with own:
        asterisk = await checkup.of_asterisk(settings.ami, own, wanted)
    return [finding, *asterisk, *texts]


class _OwnLink:
    """A link as long as the check lasts: entered once it is up, refused, down, or nothing was heard for some seconds."""

    def __init__(self, settings: Settings) -> None:
        self.agents = Agents()
        self._detects: bool | None = None
        self._settled = asyncio.Event()
        tell = Callbacks(lambda _event: None, self._on_resync, lambda _reason: None, self._on_state)
        self.link = AmiLink(LinkSettings.of(settings.ami), tell)

    async def __aenter__(self) -> None:
        self._running = asyncio.create_task(self.link.run(), name="check-ami")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), LINK_S)

    async def __aexit__(self, *_error: object) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    def detects_machines(self) -> bool | None:
        return self._detects

    async def _on_resync(self, live: LiveState) -> None:
        self.agents.resync(live, utc_now())
        self._detects = live.detects_machines

    def _on_state(self, state: LinkState, _reason: str) -> None:
        if state in {LinkState.UP, LinkState.REFUSED, LinkState.DOWN}:
            self._settled.set()
