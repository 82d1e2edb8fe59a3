"""One connection to an SMSC: a session on asyncio streams, from connect to close."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from dialer.domain.said import Said, marked
from sms import commands, events
from sms.session import Session, SessionError, SessionSettings, State

CONNECT_TIMEOUT_S = 10.0
# A peer that does not take what we write for so long is gone.
WRITE_TIMEOUT_S = 30.0
HANG_UP_S = 1.0
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`tls_ca`: a file with the certificate to trust instead of the system's; empty for the system's."""

    host: str
    port: int
    tls: bool = False
    tls_ca: str = ""

    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.tls_ca or None) if self.tls else None


class Link:
    """Runs one session. `on_event` is called for each event, in order; it must not block."""

    def __init__(
        self,
        endpoint: Endpoint,
        settings: SessionSettings,
        on_event: Callable[[events.Event], None],
        clock: Callable[[], float],
    ) -> None:
        self._endpoint = endpoint
        self._session = Session(settings, clock())
        self._on_event = on_event
        self._clock = clock
        self._writer: asyncio.StreamWriter | None = None
        self._planned = inf
        self._replan = asyncio.Event()
        self._flushes = False  # before the loop's next turn

    @property
    def is_bound(self) -> bool:
        return self._session.state is State.BOUND and self._writer is not None and not self._writer.is_closing()

    @property
    def in_flight(self) -> int:
        return self._session.in_flight

    async def run(self) -> None:
        """Connect, bind, serve until the session is over. Raises OSError when there is no connection to be had."""
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, self._writer = await self._connect()
        try:
            self._session.bind(self._clock())
            self._flush()
            async with asyncio.TaskGroup() as tasks:
                timer = tasks.create_task(self._keep_time(), name="smpp timer")
                await self._read(reader, self._writer)
                timer.cancel()
        finally:
            self._dispatch(self._session.connection_lost(marked("the link was given up")))
            await self._hang_up(self._writer)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = self._endpoint.host
        try:
            return await asyncio.open_connection(host, self._endpoint.port, ssl=self._endpoint.context())
        except UnicodeError as fault:
            told = marked("%(host)s is no host's name: one of its labels is empty, or longer than 63 characters")
            raise OSError(Said(told, host=repr(host))) from fault

    def submit(self, ref: str, command: commands.SubmitSm) -> None:
        """Write a segment; Answered or Unanswered follows. Raises SessionError or PduError: nothing will be written."""
        if not self.is_bound:
            raise SessionError("the link is not bound")
        is_first = not self._session.in_flight  # the deadline of a later one is later
        self._session.submit(ref, command, self._clock())
        if is_first:
            self._flush()
        else:
            self._flush_soon()

    def acknowledge(self, sequence: int, code: int) -> None:
        """Answer a delivery."""
        self._session.acknowledge(sequence, code)
        self._flush_soon()

    def _flush_soon(self) -> None:
        """One write for all that is submitted and answered in this turn of the loop: before whatever is called from now on."""
        if not self._flushes:
            self._flushes = True
            asyncio.get_running_loop().call_soon(self._flush_now)

    def _flush_now(self) -> None:
        self._flushes = False
        self._flush(replans=False)

    def unbind(self) -> None:
        """Begin to leave; `run` returns when the SMSC has answered, or has not in time."""
        if self._session.state is State.BOUND:
            self._session.unbind(self._clock())
            self._flush()
        else:
            self.abandon("stopped")

    def abandon(self, reason: str) -> None:
        """End at once; what is unanswered stays unknown."""
        self._dispatch(self._session.connection_lost(reason))
        self._flush()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The wait is bounded by the timer: silence leads to enquire_link, and its missing answer closes the writer.
        while self._session.state is not State.CLOSED:
            try:
                data = await reader.read(_CHUNK)
                if not data:
                    return self._dispatch(self._session.connection_lost(marked("the SMSC has closed the connection")))
                self._dispatch(self._session.receive(data, self._clock()))
                self._flush()
                async with asyncio.timeout(WRITE_TIMEOUT_S):
                    await writer.drain()
            except OSError as fault:
                self._dispatch(
                    self._session.connection_lost(
                        Said("the connection broke: %(why)s", why=str(fault) or type(fault).__name__)
                    )
                )
        return None

    async def _keep_time(self) -> None:
        while self._session.state is not State.CLOSED:
            self._planned = self._session.next_deadline
            self._replan.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._planned == inf else self._planned - self._clock()):
                    await self._replan.wait()
            self._dispatch(self._session.tick(self._clock()))
            self._flush()
        # The reader ends with the stream; a peer that does not take our last octets would keep the stream open.
        await asyncio.sleep(HANG_UP_S)
        if self._writer is not None:
            self._writer.transport.abort()

    def _flush(self, *, replans: bool = True) -> None:
        """Write what is to be written. `replans`: what is due next may have changed."""
        data = self._session.take_bytes()
        if self._writer is None or self._writer.is_closing():
            return
        if data:
            self._writer.write(data)
        if self._session.state is State.CLOSED:
            # What is buffered still goes out; the reader wakes up with the end of the stream.
            self._writer.close()
            self._replan.set()
        elif replans and self._session.next_deadline < self._planned:
            self._replan.set()

    def _dispatch(self, found: list[events.Event]) -> None:
        for event in found:
            self._on_event(event)

    async def _hang_up(self, writer: asyncio.StreamWriter) -> None:
        writer.close()
        try:
            async with asyncio.timeout(HANG_UP_S):
                await writer.wait_closed()
        except OSError:
            # Broken already, or a peer that does not take our last octets: neither is worth waiting for.
            writer.transport.abort()
