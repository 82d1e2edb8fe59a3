"""A scripted AMI peer: Asterisk's manager interface on a real socket, with the faults that a test asks for.

Used by the tests and by bench/. `AmiPeer` speaks the protocol and keeps a ledger of every Originate that reached it;
what becomes of the calls is up to `on_originate` (`ami_pbx.ScriptedPbx` plays whole calls).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Self, cast

from asterisk.lab.ports import free_tcp
from tests.peers.ami_events import Headers, encode, event

Request = dict[str, list[str]]


@dataclass(frozen=True)
class Received:
    """An Originate as it came in; `at` is time.monotonic()."""

    attempt_id: str
    headers: Request
    at: float


@dataclass
class Picture:
    """What QueueStatus and CoreShowChannels answer: items without ActionID."""

    queue_status: Callable[[], Iterable[Headers]] = tuple
    channels: Callable[[], Iterable[Headers]] = tuple


@dataclass
class AmiPeer:
    """`async with AmiPeer() as peer:` listens on a free port of the loopback."""

    username: str = "dialer"
    secret: str = "secret"
    uptime_s: int = 1000
    on_originate: Callable[[Request], None] = lambda _request: None
    on_hangup: Callable[[str], bool] = lambda _channel: True
    picture: Picture = field(default_factory=Picture)
    # Faults, switched at any time
    answers_originates: bool = True
    refuses_originates: str = ""  # the Message of the error
    answers_pings: bool = True
    fully_booted: bool = True
    refuses_lists: str = ""
    clock_offset_s: float = 0.0
    frozen: bool = False  # half-open: nothing is read any more, nothing sent
    # The ledger
    originates: list[Received] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # attempts among them
    actions: list[tuple[float, str]] = field(default_factory=list)
    logins: int = 0
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_tcp)  # the same when it listens again

    def __post_init__(self) -> None:
        self.sessions: set[AmiSession] = set()
        self.before_list: Callable[[str], None] = lambda _action: None
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def listen(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: AmiSession(self), self.host, self.port, reuse_address=True)

    async def close(self) -> None:
        """Stop listening and drop every session, as `kill -9` would."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()

    def drop(self) -> None:
        for session in list(self.sessions):
            session.transport.abort()

    def stop_reading(self) -> None:
        for session in self.sessions:
            session.transport.pause_reading()

    def push(self, *events: Headers) -> None:
        """Send events to everybody who is logged in."""
        if not self.frozen:
            self.push_bytes(b"".join(encode(one) for one in events))

    def push_bytes(self, data: bytes) -> None:
        for session in self.sessions:
            if session.logged_in:
                session.transport.write(data)

    @property
    def attempts(self) -> list[str]:
        return [one.attempt_id for one in self.originates]


class AmiSession(asyncio.Protocol):
    """One connection to the peer."""

    transport: asyncio.Transport

    def __init__(self, peer: AmiPeer) -> None:
        self.peer = peer
        self.logged_in = False
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self.peer.sessions.add(self)
        self.transport.write(b"Asterisk Call Manager/11.0.0\r\n")

    def connection_lost(self, _exc: Exception | None) -> None:
        self.peer.sessions.discard(self)

    def data_received(self, data: bytes) -> None:
        if self.peer.frozen:
            return
        self._buffer += data
        *actions, self._buffer = self._buffer.split(b"\r\n\r\n")
        for action in actions:
            self._act(_request(action))

    def _act(self, request: Request) -> None:
        name = request["Action"][0]
        self.peer.actions.append((time.monotonic(), name))
        if name != "Login" and not self.logged_in:
            self._answer(request, "Error", Message="Permission denied")
            return
        handlers: dict[str, Callable[[Request], None]] = {
            "Login": self._login,
            "Ping": self._ping,
            "Originate": self._originate,
            "Hangup": self._hangup,
            "QueueStatus": self._queue_status,
            "CoreShowChannels": self._channels,
        }
        handlers.get(name, self._unknown)(request)

    def _answer(self, request: Request, response: str, **fields: str) -> None:
        action_id = {"ActionID": request["ActionID"][0]} if "ActionID" in request else {}
        self.transport.write(encode({"Response": response} | action_id | fields))

    def _login(self, request: Request) -> None:
        if request["Username"] != [self.peer.username] or request["Secret"] != [self.peer.secret]:
            self._answer(request, "Error", Message="Authentication failed")
            self.transport.close()
            return
        self.logged_in = True
        self.peer.logins += 1
        self._answer(request, "Success", Message="Authentication accepted")
        if self.peer.fully_booted:
            booted = event("FullyBooted", Status="Fully Booted", Uptime=self.peer.uptime_s, LastReload=1)
            self.transport.write(encode(booted))

    def _ping(self, request: Request) -> None:
        if self.peer.answers_pings:
            self._answer(request, "Success", Ping="Pong", Timestamp=f"{time.time() + self.peer.clock_offset_s:.6f}")

    def _originate(self, request: Request) -> None:
        self.peer.originates.append(Received(request["ActionID"][0], request, time.monotonic()))
        if self.peer.refuses_originates:
            self.peer.refused.append(request["ActionID"][0])
            self._answer(request, "Error", Message=self.peer.refuses_originates)
        elif self.peer.answers_originates:
            self._answer(request, "Success", Message="Originate successfully queued")
            self.peer.on_originate(request)

    def _hangup(self, request: Request) -> None:
        if self.peer.on_hangup(request["Channel"][0]):
            self._answer(request, "Success", Message="Channel Hungup")
        else:
            self._answer(request, "Error", Message="No such channel")

    def _queue_status(self, request: Request) -> None:
        self._list(request, "Queue status will follow", "QueueStatusComplete", self.peer.picture.queue_status)

    def _channels(self, request: Request) -> None:
        self._list(request, "Channels will follow", "CoreShowChannelsComplete", self.peer.picture.channels)

    def _list(self, request: Request, message: str, end: str, items: Callable[[], Iterable[Headers]]) -> None:
        if self.peer.refuses_lists:
            self._answer(request, "Error", Message=self.peer.refuses_lists)
            return
        self.peer.before_list(request["Action"][0])
        action_id = {"ActionID": request["ActionID"][0]}
        self._answer(request, "Success", EventList="start", Message=message)
        rows = [dict(item) for item in items()]
        for row in rows:
            name = row.pop("Event")
            self.transport.write(encode({"Event": name} | action_id | row))
        self.transport.write(
            encode({"Event": end} | action_id | {"EventList": "Complete", "ListItems": str(len(rows))})
        )

    def _unknown(self, request: Request) -> None:
        self._answer(request, "Error", Message="Invalid/unknown command")


def _request(action: bytes) -> Request:
    found: Request = {}
    for line in action.decode().split("\r\n"):
        name, _, value = line.partition(": ")
        found.setdefault(name, []).append(value)
    return found
