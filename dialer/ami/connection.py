"""One connection to Asterisk: actions and their answers, and the events of it.

The only file that imports panoramisk. A `Connection` lives as long as its TCP connection and is then thrown away with
all of panoramisk's memory: nothing that was waiting is ever sent again after a reconnect, and no reconnect of
panoramisk's own can come between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from panoramisk.actions import Action as PanoramiskAction
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager
from panoramisk.message import Message

from dialer.ami.frames import Fields, Frames, event_name, headers
from dialer.ami.gathered import Gathered
from dialer.ami.originate import Action, check
from dialer.ami.parse import USED_EVENTS, Headers
from dialer.ami.states import LinkLostError, LinkSettings, NoAnswerError
from dialer.domain.said import Said
from dialer.domain.telephony import Event


class _Request(PanoramiskAction):  # type: ignore[misc] # panoramisk has no types
    def add_message(self, message: Any) -> bool:
        """One message answers, but for a list. An error ends that at once; panoramisk would wait for what never comes."""
        if (not self.as_list or message.response == "Error") and not self.future.done():
            self.future.set_result([message] if self.as_list else message)
            return True
        return bool(super().add_message(message))


class _Protocol(AMIProtocol):  # type: ignore[misc] # panoramisk has no types
    """panoramisk's protocol, with our framing before it: events that nobody uses are not even decoded."""

    def __init__(self, connection: Connection) -> None:
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


class Connection(Manager):  # type: ignore[misc] # panoramisk has no types
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

    def send(self, action: Action, *, as_list: bool = False) -> _Request:
        """Write an action (checked first); its `future` gets the answer, and the caller has to `forget` it."""
        check(action)
        if self.ended.done():
            raise LinkLostError(self.ended.result())
        request = _Request(dict(action))
        self.protocol.send(request, as_list=as_list)
        return request

    async def ask(self, action: Action, timeout_s: float) -> Headers:
        """The headers of the answer. NoAnswerError after `timeout_s`, LinkLostError when the connection ends."""
        message: Headers = await self._answer(self.send(action), timeout_s)
        return message

    async def ask_list(self, action: Action, timeout_s: float) -> list[Headers]:
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
