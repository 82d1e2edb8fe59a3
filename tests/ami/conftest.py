"""A link to a scripted peer, which is quick to try again, and patient: a busy machine is no fault.

A test in which a time has to run out shortens it: `@pytest.mark.parametrize("linked", [{"give_up_s": 0.5}], indirect=True)`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import pytest

from dialer.ami.link import AmiLink
from dialer.ami.originate import OriginateCall
from dialer.ami.session import Callbacks
from dialer.ami.states import LinkSettings, LinkState
from dialer.domain.telephony import Event, LiveState
from tests.peers.ami import AmiPeer

DEADLINE_S = 60.0


def attempt(index: int) -> str:
    return f"01J{index:023}"


def call(index: int, number: str = "+15550001") -> OriginateCall:
    return OriginateCall(attempt(index), number, "PJSIP/{number}@carrier", "sales", ring_s=30, queue_wait_s=20)


async def until(condition: Callable[[], object], what: str = "the condition") -> None:
    """Wait for a condition, with a deadline."""
    ends = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < ends, f"{what} did not come true in {DEADLINE_S} s"
        await asyncio.sleep(0.002)


@dataclass
class Listener:
    """Remembers what the link tells, in one order."""

    told: list[Event | LiveState | str] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)
    resync_takes: asyncio.Event | None = None

    @property
    def events(self) -> list[Event | LiveState | str]:
        return [one for one in self.told if not isinstance(one, LiveState | str)]

    @property
    def pictures(self) -> list[LiveState]:
        return [one for one in self.told if isinstance(one, LiveState)]

    @property
    def downs(self) -> list[str]:
        return [one for one in self.told if isinstance(one, str)]

    async def on_resync(self, live: LiveState) -> None:
        if self.resync_takes is not None:
            await self.resync_takes.wait()
        self.told.append(live)

    def callbacks(self) -> Callbacks:
        return Callbacks(
            on_event=self.told.append,
            on_resync=self.on_resync,
            on_down=self.told.append,
            on_state=lambda state, _reason: self.states.append(state),
        )


@dataclass
class Linked:
    peer: AmiPeer
    link: AmiLink
    heard: Listener
    task: asyncio.Task[None]

    async def up(self) -> None:
        await until(lambda: self.link.state is LinkState.UP, "up")

    async def reaches(self, state: LinkState) -> None:
        await until(lambda: self.link.state is state, state)


def settings_for(peer: AmiPeer, **changes: object) -> LinkSettings:
    quick = LinkSettings(
        peer.host,
        peer.port,
        peer.username,
        peer.secret,
        ping_interval_s=0.05,
        ping_deadline_s=60,
        event_deadline_s=60,
        give_up_s=120,
        connect_timeout_s=60,
        action_timeout_s=60,
        list_timeout_s=60,
        boot_timeout_s=60,
        retry_first_s=0.02,
        retry_soon_s=0.05,
        refused_retry_s=0.3,
        shutdown_retry_s=0.3,
    )
    return replace(quick, **changes)  # type: ignore[arg-type] # a test names its fields


@pytest.fixture
async def peer() -> AsyncIterator[AmiPeer]:
    async with AmiPeer() as one:
        yield one


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def linked(peer: AmiPeer, request: pytest.FixtureRequest) -> AsyncIterator[Linked]:
    """A link that is up."""
    heard = Listener()
    link = AmiLink(settings_for(peer, **getattr(request, "param", {})), heard.callbacks())
    task = asyncio.create_task(link.run(), name="ami")
    one = Linked(peer, link, heard, task)
    await one.up()
    yield one
    await stop(task)
