"""The link to one Asterisk: connects, stays, comes back; originates only while everything is known to be well.

The only file that imports panoramisk. A `_Connection` lives as long as its TCP connection and is then thrown away with
all of panoramisk's memory: nothing that was waiting is ever sent again after a reconnect, and no reconnect of
panoramisk's own can come between.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from panoramisk.actions import Action as PanoramiskAction
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from dialer.ami import originate as o
from dialer.ami.frames import Fields, Frames, event_name, headers
from dialer.ami.gathered import Gathered
from dialer.ami.parse import USED_EVENTS, Headers
from dialer.ami.session import Callbacks, Session
from dialer.ami.states import PROVEN, LinkLostError, LinkSettings, LinkState, NoAnswerError, RefusedError, retry_delay
from dialer.domain.said import Said, marked
from dialer.domain.telephony import Event

#: Attempt ids that are remembered, to refuse a second Originate with the same one.
REMEMBERED_ATTEMPTS = 65_536


class _Request(PanoramiskAction):  # type: ignore[misc] # panoramisk has no types
    def add_message(self, message: Any) -> bool:
        """One message answers, but for a list. An error ends that at once; panoramisk would wait for what never comes."""
        if (not self.as_list or message.response == "Error") and not self.future.done():
            self.future.set_result([message] if self.as_list else message)
            return True
        return bool(super().add_message(message))


class _Protocol(AMIProtocol):  # type: ignore[misc] # panoramisk has no types
    """panoramisk's protocol, with our framing before it: events that nobody uses are not even decoded."""

    def __init__(self, connection: _Connection) -> None:
        self.connection = connection
        self.frames = Frames()

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Gathered(transport))

    def data_received(self, data: bytes) -> None:
        try:
            for message in self.frames.feed(data):
                self._take(message)
        except ConnectionError as error:
            self.connection.end(str(error))
        except Exception as error:  # noqa: BLE001 (a fault of ours: asyncio would only log it; this ends the process)
            self.connection.fail(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.end(Said("the connection was lost: %(why)s", why=str(exc or Said("closed by Asterisk"))))

    def _take(self, raw: bytes) -> None:
        name = event_name(raw)
        if build := USED_EVENTS.get(name):
            # Past panoramisk: it would hand an OriginateResponse to the Originate that it has not forgotten yet.
            if event := build(Fields(raw)):
                self.connection.on_event(event)
        elif name is None or b"\r\nActionID: " in raw:
            self.handle_message(Message(headers(raw)))


class _Connection(Manager):  # type: ignore[misc] # panoramisk has no types
    """One TCP connection: actions with their answers, and events. `ended` is done when it is over."""

    on_event: Callable[[Event], None]

    def __init__(self, settings: LinkSettings) -> None:
        loop = asyncio.get_running_loop()
        # No username: panoramisk would log in by itself and tell nobody that it failed.
        super().__init__(loop=loop, forgetable_actions=("ping", "login", "originate", "hangup"))
        self.settings = settings
        self.ended: asyncio.Future[str] = loop.create_future()

    async def open(self) -> None:
        """Connect. LinkLostError with the reason when that fails."""
        where = f"{self.settings.host}:{self.settings.port}"
        opened: asyncio.Future[Any] = self.loop.create_future()
        try:
            async with asyncio.timeout(self.settings.connect_timeout_s):
                pair = await self.loop.create_connection(
                    lambda: _Protocol(self), self.settings.host, self.settings.port, ssl=self.settings.tls
                )
        except (OSError, TimeoutError) as error:
            why = str(error) or Said("no answer")
            raise LinkLostError(Said("cannot connect to %(where)s: %(why)s", where=where, why=why)) from error
        opened.set_result(pair)
        self.connection_made(opened)
        self.pinger.cancel()  # the session pings, with a deadline

    def send(self, action: o.Action, *, as_list: bool = False) -> _Request:
        """Write an action (checked first); its `future` gets the answer, and the caller has to `forget` it."""
        o.check(action)
        if self.ended.done():
            raise LinkLostError(self.ended.result())
        request = _Request(dict(action))
        self.protocol.send(request, as_list=as_list)
        return request

    async def ask(self, action: o.Action, timeout_s: float) -> Headers:
        """The headers of the answer. NoAnswerError after `timeout_s`, LinkLostError when the connection ends."""
        message: Headers = await self._answer(self.send(action), timeout_s)
        return message

    async def ask_list(self, action: o.Action, timeout_s: float) -> list[Headers]:
        """The items of a list action, its response first. An error answers with one item."""
        items: list[Headers] = await self._answer(self.send(action, as_list=True), timeout_s)
        return items

    async def _answer(self, request: _Request, timeout_s: float) -> Any:
        try:
            async with asyncio.timeout(timeout_s):
                return await request.future
        except TimeoutError as error:
            raise NoAnswerError(Said("no answer in %(seconds)s s", seconds=timeout_s)) from error
        finally:
            self.forget(request)

    def forget(self, request: _Request) -> None:
        """Drop an action that is over: panoramisk keeps a cancelled one for ever."""
        self.protocol.responses.pop(request.id, None)

    @property
    def congested(self) -> bool:
        """Whether Asterisk has stopped reading."""
        return bool(self.protocol.transport.congested)

    def end(self, reason: str) -> None:
        """Close, and fail everybody who still waits for an answer."""
        if not self.ended.done():
            self.ended.set_result(reason)
        self._drop(LinkLostError(reason))

    def fail(self, error: Exception) -> None:
        """End with an unforeseen error, which `Session.run` raises."""
        if not self.ended.done():
            self.ended.set_exception(error)
        self._drop(LinkLostError(Said("internal error: %(error)s", error=repr(error))))

    def _drop(self, error: LinkLostError) -> None:
        if self.protocol is None:
            return
        pending = {action.future for action in self.protocol.responses.values()}
        self.protocol.responses.clear()  # before close(), which would keep them for a reconnect
        for future in pending:
            if not future.done():
                future.set_exception(error)
                future.exception()  # seen: nobody may be waiting any more
        self.close()
        self.protocol.transport.abort()


class AmiLink:
    """A link that `run` keeps up until it is cancelled. `originate` and `hangup` answer in every state."""

    def __init__(self, settings: LinkSettings, tell: Callbacks, *, jitter: Callable[[], float] = random.random) -> None:
        self._settings, self._tell, self._jitter = settings, tell, jitter
        self._state, self._reason, self._was_up = LinkState.DOWN, marked("not started"), False
        self._connection: _Connection | None = None
        self._session: Session | None = None
        self._originated: OrderedDict[str, None] = OrderedDict()

    @property
    def state(self) -> LinkState:
        return self._state

    @property
    def reason(self) -> str:  # of the state, for people; empty when it is up
        return self._reason

    async def run(self) -> None:
        """Connect, serve, and connect again, until cancelled. Errors of the callbacks are raised."""
        failures, down_since = 0, time.monotonic()
        try:
            while True:
                lost = await self._serve()
                if self._was_up:
                    failures, down_since = 0, time.monotonic()
                delay = retry_delay(self._settings, failures, time.monotonic() - down_since, self._jitter)
                if isinstance(lost, RefusedError):
                    self._set_state(LinkState.REFUSED, str(lost))
                    delay = self._settings.refused_retry_s
                else:
                    self._set_state(LinkState.DOWN, str(lost))
                failures += 1
                await asyncio.sleep(delay)
        finally:
            self._set_state(LinkState.DOWN, "stopped")

    async def _serve(self) -> LinkLostError:
        """One connection, to its end; returns why it ended."""
        self._was_up = False
        if self._state is not LinkState.REFUSED:
            where = f"{self._settings.host}:{self._settings.port}"
            self._set_state(LinkState.CONNECTING, Said("connecting to %(where)s", where=where))
        connection = _Connection(self._settings)
        session = Session(connection, self._settings, self._tell, self._set_state)
        connection.on_event = session.take
        try:
            await connection.open()
            self._connection, self._session = connection, session
            await session.run()
        except LinkLostError as lost:
            return lost
        finally:
            self._connection = self._session = None
            connection.end("closed")
        raise AssertionError("a session ends only by an error")

    def look_again(self) -> None:
        """Soon have a new picture of all that goes on (`Callbacks.on_resync`); without a link its return brings one."""
        if self._session is not None:
            self._session.look_again()

    async def originate(self, call: o.OriginateCall) -> o.Answer:
        """Start a call. Never sent twice: a second time with the same attempt id raises ValueError."""
        if call.attempt_id in self._originated:
            raise ValueError(f"attempt_id: {call.attempt_id} has been originated already")
        if self._state is not LinkState.UP or self._connection is None or self._session is None:
            return o.NotSent(self._closed())
        if self._connection.ended.done():  # a moment before the state tells
            return o.NotSent(marked("the connection to Asterisk has ended"))
        if self._connection.congested:
            return o.NotSent(marked("Asterisk is not reading what it is sent"))
        self._originated[call.attempt_id] = None
        if len(self._originated) > REMEMBERED_ATTEMPTS:
            self._originated.popitem(last=False)
        session = self._session
        session.expect(call.attempt_id)
        answer = await self._act(self._connection, call.headers())
        session.answered(call.attempt_id, answer)
        return answer

    async def ring_agent(self, call: o.AgentCall) -> o.Answer:
        """Call the telephone of an agent; whether it was answered comes as `AgentLeg`."""
        return await self._ask_up(call.headers())

    async def hangup(self, attempt_id: str, *, agent: bool = False) -> o.Answer:
        """End the attempt's call, or its agent's own leg. Refused when there is no such channel (any more)."""
        return await self._ask_up(o.hang_up(attempt_id, agent=agent))

    async def _ask_up(self, action: o.Action) -> o.Answer:
        if self._connection is None or self._state in {LinkState.DOWN, LinkState.CONNECTING, LinkState.REFUSED}:
            return o.NotSent(self._closed())
        return await self._act(self._connection, action)

    async def extensions(self, context: str) -> frozenset[str] | None:
        """Those of a context of the dialplan, none without it; None when that can't be told (no right, no answer, link down)."""
        if self._connection is None:
            return None
        try:
            response, *rows = await self._connection.ask_list(
                {"Action": "ShowDialPlan", "Context": context}, self._settings.list_timeout_s
            )
        except (LinkLostError, NoAnswerError):
            return None
        if response.get("Response") == "Success":
            return frozenset(row.get("Extension", "") for row in rows)
        return None if "permission" in response.get("Message", "").lower() else frozenset()

    async def device_state(self, device: str) -> str | None:
        """What Asterisk says of a device such as `PJSIP/carrier`: NOT_INUSE, UNAVAILABLE, INVALID …; None if it can't say."""
        if self._connection is None:
            return None
        action = {"Action": "Getvar", "Variable": f"DEVICE_STATE({device})"}
        try:
            answer = await self._connection.ask(action, self._settings.action_timeout_s)
        except (LinkLostError, NoAnswerError):
            return None
        return answer.get("Value") or None if answer.get("Response") == "Success" else None

    async def _act(self, connection: _Connection, action: o.Action) -> o.Answer:
        try:
            answer = await connection.ask(action, self._settings.action_timeout_s)
        except (LinkLostError, NoAnswerError) as error:
            return o.Unknown(str(error))
        if answer.get("Response") == "Success":
            return o.Accepted()
        reason = answer.get("Message", marked("no reason given"))
        return o.Refused(reason, temporary=o.says_nothing_of_the_call(reason))

    def _closed(self) -> str:
        return Said("the link to Asterisk is %(state)s: %(why)s", state=Said(self._state.value), why=self._reason)

    def _set_state(self, state: LinkState, reason: str) -> None:
        if (state, reason) == (self._state, self._reason):
            return
        falls = self._state in PROVEN and state not in PROVEN
        self._state, self._reason = state, reason
        self._was_up = self._was_up or state is LinkState.UP
        self._tell.on_state(state, reason)
        if falls:
            self._tell.on_down(reason)
