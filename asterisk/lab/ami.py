"""A small AMI client for the lab and its tests, independent of the one the dialer uses, so that it can check the dialer.

It notes the time of every event as it is read: "checked from the recorded AMI stream" means `Session.events`.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Message = dict[str, str]
TIMEOUT_S = 30.0
MOST_EVENTS = 500_000  # the oldest are dropped beyond this: a recorder must not eat the machine


class AmiError(Exception):
    """Asterisk refused an action or did not answer; the text is Asterisk's own."""


@dataclass(frozen=True, slots=True)
class AmiAddress:
    """Where and as whom to log in."""

    host: str
    port: int
    username: str
    secret: str


@dataclass(frozen=True, slots=True)
class Event:
    """One AMI event and when it was read (`time.monotonic()`, seconds)."""

    at: float
    fields: Message

    @property
    def name(self) -> str:
        return self.fields.get("Event", "")

    def has(self, **fields: str) -> bool:
        """Whether all these fields have these values: `event.has(Uniqueid="a-1", Cause="17")`."""
        return all(self.fields.get(key) == value for key, value in fields.items())


@dataclass(slots=True)
class Session:
    """One logged-in AMI connection: `async with Session(address) as session`."""

    address: AmiAddress
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MOST_EVENTS))
    _reader: asyncio.StreamReader = field(init=False, repr=False)
    _writer: asyncio.StreamWriter = field(init=False, repr=False)
    _task: asyncio.Task[None] = field(init=False, repr=False)
    _answers: dict[str, asyncio.Future[Message]] = field(default_factory=dict, repr=False)
    _changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _sent: int = field(default=0, repr=False)

    async def __aenter__(self) -> Self:
        opening = asyncio.open_connection(self.address.host, self.address.port)
        self._reader, self._writer = await asyncio.wait_for(opening, TIMEOUT_S)
        self._task = asyncio.create_task(self._read(), name=f"ami-lab-{self.address.username}")
        try:
            await self.do("Login", Username=self.address.username, Secret=self.address.secret)
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Drop the connection; calls go on."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(self._writer.wait_closed(), TIMEOUT_S)

    async def ask(
        self, action: str, variables: Sequence[str] = (), timeout_s: float = TIMEOUT_S, **fields: str
    ) -> Message:
        """Send one action and return Asterisk's response, also a refusal. Raises AmiError if none comes in time."""
        self._sent += 1
        action_id = fields.setdefault("ActionID", f"lab-{self._sent}")
        answer = self._answers[action_id] = asyncio.get_running_loop().create_future()
        self._writer.write(compose(action, fields, variables))
        try:
            return await asyncio.wait_for(answer, timeout_s)
        except TimeoutError as fault:
            raise AmiError(f"{action}: no answer within {timeout_s} s") from fault
        finally:
            self._answers.pop(action_id, None)

    async def do(self, action: str, variables: Sequence[str] = (), **fields: str) -> Message:
        """As `ask`, but a refusal raises AmiError."""
        answer = await self.ask(action, variables, TIMEOUT_S, **fields)
        if answer.get("Response") not in {"Success", "Goodbye"}:
            raise AmiError(f"{action}: {answer.get('Message', answer)}")
        return answer

    async def rows(self, action: str, until: str, **fields: str) -> list[Message]:
        """A list action's rows, without its last event `until` (`QueueStatusComplete`)."""
        self._sent += 1
        action_id = f"lab-rows-{self._sent}"
        await self.do(action, ActionID=action_id, **fields)
        await self.wait(lambda e: e.has(Event=until, ActionID=action_id))
        return [e.fields for e in self.events if e.fields.get("ActionID") == action_id and e.name != until]

    async def wait(self, wanted: Callable[[Event], bool], timeout_s: float = TIMEOUT_S) -> Event:
        """The first event, past or coming, that is `wanted`. Raises AmiError after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._changed.clear()
            found = next(filter(wanted, self.events), None)
            if found is not None:
                return found
            try:
                await asyncio.wait_for(self._changed.wait(), deadline - time.monotonic())
            except TimeoutError as fault:
                raise AmiError(f"the awaited event did not come within {timeout_s} s") from fault

    async def closed(self, timeout_s: float = TIMEOUT_S) -> None:
        """Wait until Asterisk closes the connection. Raises TimeoutError."""
        await asyncio.wait_for(asyncio.shield(self._task), timeout_s)

    async def _read(self) -> None:
        try:
            await self._reader.readline()  # the greeting
            while True:
                block = await self._reader.readuntil(b"\r\n\r\n")
                self._take(parse(block))
        except (OSError, asyncio.IncompleteReadError):
            self._fail_all(AmiError("Asterisk closed the connection"))

    def _take(self, message: Message) -> None:
        if "Event" in message:
            self.events.append(Event(time.monotonic(), message))
            self._changed.set()
            return
        answer = self._answers.get(message.get("ActionID", ""))
        if answer is not None and not answer.done():
            answer.set_result(message)

    def _fail_all(self, fault: AmiError) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(fault)


def compose(action: str, fields: Mapping[str, str], variables: Sequence[str] = ()) -> bytes:
    """The bytes of one action. Raises ValueError for a control character, which could inject a second action."""
    lines = [f"Action: {action}", *(f"{k}: {v}" for k, v in fields.items()), *(f"Variable: {v}" for v in variables)]
    if any(ord(c) < 32 for line in lines for c in line):
        raise ValueError("an AMI value must not contain control characters")
    return "\r\n".join([*lines, "", ""]).encode()


def parse(block: bytes) -> Message:
    """One message's headers; of a repeated header the last, except Output (CLI), whose lines are joined."""
    message: Message = {}
    for line in block.decode(errors="replace").split("\r\n"):
        key, separator, value = line.partition(": ")
        if separator:
            message[key] = f"{message[key]}\n{value}" if key == "Output" and key in message else value
        elif line.endswith(":"):
            message[line[:-1]] = ""
    return message
