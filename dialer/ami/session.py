"""One login at Asterisk, from the secret to the last event: log in, rebuild the picture, then watch for lateness."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from dialer.ami.originate import NO_RIGHT, STOPPING, Accepted, Action, Answer, Refused, Unknown
from dialer.ami.parse import Headers, live_state
from dialer.ami.states import LinkLostError, LinkSettings, LinkState, NoAnswerError, RefusedError, StoppingError
from dialer.domain.calls import attempt_of
from dialer.domain.said import Said, marked
from dialer.domain.telephony import Event, FullyBooted, LiveState, Shutdown

#: Events held back during a resync; a resync that takes so long is better begun again.
MAX_HELD = 100_000


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Who is told. `on_event` and the others run inside the read loop: quick, and an exception ends `AmiLink.run`.

    `on_event(event)`: every event, in order, only after `on_resync` has returned. `await on_resync(live)`: the whole
    picture. `on_down(reason)`: what was known is no longer proven. `on_state(state, reason)`: for people.
    """

    on_event: Callable[[Event], None]
    on_resync: Callable[[LiveState], Awaitable[None]]
    on_down: Callable[[str], None]
    on_state: Callable[[LinkState, str], None] = lambda _state, _reason: None


class Wire(Protocol):
    """What a session needs of a connection (link.py has the real one)."""

    ended: asyncio.Future[str]

    def send(self, action: Action) -> Any: ...
    async def ask(self, action: Action, timeout_s: float) -> Headers: ...
    async def ask_list(self, action: Action, timeout_s: float) -> list[Headers]: ...
    def forget(self, request: Any) -> None: ...
    def end(self, reason: str) -> None: ...


class Session:
    """The life of one connection. `run` raises LinkLostError when it is over, RefusedError when we are not let in."""

    def __init__(
        self, wire: Wire, settings: LinkSettings, tell: Callbacks, set_state: Callable[[LinkState, str], None]
    ) -> None:
        self._wire, self._settings, self._tell, self._set_state = wire, settings, tell, set_state
        self._held: list[Event] | None = []  # from the login on, until the first picture is there
        self._booted: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._uptime_s = 0
        self._wake = asyncio.Event()
        self._resync_wanted = False
        self._stopping_since: float | None = None
        self._refused = ""
        self._silent: OrderedDict[str, float] = OrderedDict()  # attempts without an event yet -> since when

    # -- told by the link -----------------------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """One event from the wire: delivered, or held back while the picture is being rebuilt."""
        if self._silent and (attempt_id := attempt_of(event)) is not None:
            self._silent.pop(attempt_id, None)
        elif isinstance(event, FullyBooted):
            self._boot(event)
        elif isinstance(event, Shutdown):
            self.stop_for(marked("Asterisk is shutting down"))
        if self._held is None:
            self._tell.on_event(event)
        elif len(self._held) < MAX_HELD:
            self._held.append(event)
        else:
            self._wire.end(Said("more than %(number)s events during a resync", number=MAX_HELD))

    def expect(self, attempt_id: str) -> None:
        """An Originate is written (or acknowledged): events about it must come soon."""
        self._silent[attempt_id] = time.monotonic()

    def answered(self, attempt_id: str, answer: Answer) -> None:
        """What the answer to an Originate says of the link."""
        if not isinstance(answer, Accepted):
            self._silent.pop(attempt_id, None)
        elif attempt_id in self._silent:
            self.expect(attempt_id)  # count the wait for events from here, unless some have come already
        if isinstance(answer, Unknown) and not self._wire.ended.done():
            self._doubt(Said("an Originate was not answered: %(why)s", why=answer.reason))
        elif isinstance(answer, Refused) and answer.temporary:
            if NO_RIGHT in answer.reason.lower():
                self._refuse(Said("Asterisk refused Originate: %(why)s", why=answer.reason))
            else:
                self.stop_for(answer.reason)

    def look_again(self) -> None:
        """A new picture is wanted; what is known holds until it is there."""
        self._resync_wanted = True
        self._wake.set()

    def _doubt(self, reason: str) -> None:
        """Only a new picture tells what became of it; until then originate nothing."""
        self._resync_wanted = True
        if self._stopping_since is None:
            self._go_stale(reason)
        self._wake.set()

    def _refuse(self, reason: str) -> None:
        """Somebody has to mend it: until then no contact is used up by calls that can't be made."""
        self._refused = self._refused or reason
        self._set_state(LinkState.REFUSED, reason)
        self._wake.set()

    def stop_for(self, reason: str) -> None:
        """Asterisk is about to stop: originate nothing; look again later, a shutdown can be aborted."""
        self._stopping_since = time.monotonic()
        self._set_state(LinkState.SHUTTING_DOWN, reason)
        self._wake.set()

    # -- the life of a connection ---------------------------------------------------------------------------------

    async def run(self) -> None:
        self._wire.ended.add_done_callback(lambda _: self._wake.set())
        try:
            await self._log_in()
            await self._resync()
            while True:
                await self._look_after()
        except NoAnswerError as error:
            raise LinkLostError(Said("Asterisk: %(error)s", error=str(error))) from error

    async def _log_in(self) -> None:
        secret = {"Action": "Login", "Username": self._settings.username, "Secret": self._settings.secret}
        answer = await self._wire.ask(secret | {"Events": "on"}, self._settings.action_timeout_s)
        if answer.get("Response") != "Success":
            raise _refusal(Said("the login of user %(name)s", name=repr(self._settings.username)), answer)
        if not await self._done(self._booted, self._settings.boot_timeout_s):
            raise LinkLostError(marked("no FullyBooted: Asterisk is still starting, or the user lacks read = system"))

    async def _resync(self) -> None:
        """Collect the picture, hand it over, then every event since: nothing is lost in between."""
        if self._held is None:
            self._held = []
        self._resync_wanted = False
        self._set_state(LinkState.RESYNC, marked("rebuilding the picture"))
        offset = await self._clock_offset()
        detects = await self._detects_machines()
        queues = await self._list("QueueStatus")
        channels = await self._list("CoreShowChannels")
        live = live_state(queues, channels, uptime_s=self._uptime_s, clock_offset_s=offset, detects_machines=detects)
        await self._tell.on_resync(live)
        self._raise_if_ended()
        self._release()
        if self._stopping_since is None:
            self._set_state(LinkState.UP, "")

    def _release(self) -> None:
        held, self._held = self._held or [], None
        for event in held:
            self._tell.on_event(event)

    async def _list(self, action: str) -> list[Headers]:
        response, *items = await self._wire.ask_list({"Action": action}, self._settings.list_timeout_s)
        if response.get("Response") != "Success":
            raise _refusal(action, response)
        return items

    async def _clock_offset(self) -> float | None:
        """Asterisk's clock minus ours in seconds; None when its answer to a ping carries no time."""
        before = time.time()
        pong = await self._wire.ask({"Action": "Ping"}, self._settings.action_timeout_s)
        try:
            return float(pong.get("Timestamp", "")) - (before + time.time()) / 2
        except ValueError:
            return None

    async def _detects_machines(self) -> bool | None:
        """Whether app_amd is loaded; None where func_module is not, so that Asterisk can't say."""
        action = {"Action": "Getvar", "Variable": "IFMODULE(app_amd.so)"}
        answer = await self._wire.ask(action, self._settings.action_timeout_s)
        return {"1": True, "0": False}.get(answer.get("Value", ""))

    async def _look_after(self) -> None:
        """One round: wait for the interval or for something to happen, then prove that all is well."""
        await self._pause(self._settings.ping_interval_s)
        stopping = self._stopping_since
        if stopping is not None and time.monotonic() - stopping > self._settings.shutdown_retry_s:
            self._stopping_since, self._resync_wanted = None, True
        await self._ping()
        if self._refused:  # what was sent before the ping has been answered as well
            raise RefusedError(self._refused)
        await self._await_events()
        if self._resync_wanted and self._stopping_since is None:
            try:
                await self._resync()
            except StoppingError as error:  # a restart that waits for calls to end: they are heard of here
                self._release()
                self.stop_for(str(error))

    async def _ping(self) -> None:
        sent = self._wire.send({"Action": "Ping"})
        try:
            if await self._done(sent.future, self._settings.ping_deadline_s):
                return
            self._go_stale(Said("no answer to a ping for %(seconds)s s", seconds=self._settings.ping_deadline_s))
            if not await self._done(sent.future, self._settings.give_up_s):
                raise LinkLostError(marked("Asterisk has stopped answering"))
        finally:
            self._wire.forget(sent)

    async def _done(self, future: asyncio.Future[Any], timeout_s: float) -> bool:
        """Whether the future is done within the time; raises when the connection ends first."""
        await asyncio.wait({future, self._wire.ended}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        self._raise_if_ended()
        return future.done()

    async def _await_events(self) -> None:
        """Pings can be answered while events are minutes late; an attempt that nothing is heard of shows it."""
        gives_up = time.monotonic() + self._settings.give_up_s
        while self._silent_for() > self._settings.event_deadline_s:
            self._go_stale(marked("Asterisk's events are late: none about an accepted call"))
            if time.monotonic() > gives_up:
                raise LinkLostError(
                    marked("no event about an accepted call: are the user's rights and event filters right?")
                )
            await self._pause(self._settings.ping_interval_s)

    def _silent_for(self) -> float:
        return max((time.monotonic() - since for since in self._silent.values()), default=0.0)

    def _go_stale(self, reason: str) -> None:
        self._resync_wanted = True
        self._set_state(LinkState.STALE, reason)

    def _boot(self, event: FullyBooted) -> None:
        self._uptime_s = event.uptime_s
        if not self._booted.done():
            self._booted.set_result(event.uptime_s)
            return
        self._resync_wanted = True  # `core reload`: queues and members may have changed
        self._wake.set()

    async def _pause(self, seconds: float) -> None:
        """Sleep until the time is over or something has happened; raises when that is the connection's end."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
        self._raise_if_ended()

    def _raise_if_ended(self) -> None:
        if self._wire.ended.done():
            raise LinkLostError(self._wire.ended.result())  # or the error that `fail` put there


def _refusal(of: str, answer: Headers) -> LinkLostError:
    told = answer.get("Message", marked("no reason given"))
    kind = StoppingError if STOPPING in told.lower() else RefusedError
    return kind(Said("Asterisk refused %(what)s: %(why)s", what=of, why=told))
